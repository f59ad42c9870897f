//! Which operations of one pipeline may go to several shards at once.

use lockstep_core::Op;
use lockstep_core::locks;

/// Operations of one kind that nobody can tell the order of: a pipeline of them
/// needs one turn, not one for each change of the shard.
///
/// Only like goes with like. What stands before an UNLOCK must have happened when
/// another gets the lock, and what stands behind a LOCK belongs under it, so
/// neither may overlap with anything else. A LOCK that waits never overlaps: locks
/// are taken in the client's order so that no circle comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Run {
    /// LOCK that does not wait.
    Take,
    /// UNLOCK.
    GiveBack,
    /// LOCKRENEW.
    Renew,
}

impl Run {
    /// The kind of an operation, if it may overlap with others of the same kind.
    pub(super) fn of(op: &Op<'_>) -> Option<Run> {
        match op {
            Op::Lock { op: locks::Op::Acquire { terms, .. } } if terms.wait().is_none() => {
                Some(Run::Take)
            }
            Op::Lock { op: locks::Op::Release { .. } } => Some(Run::GiveBack),
            Op::Lock { op: locks::Op::Renew { .. } } => Some(Run::Renew),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lockstep_core::locks::{Owner, Terms};
    use lockstep_core::{Origin, Wait};

    use super::*;

    #[test]
    fn a_lock_that_waits_overlaps_with_nothing() {
        let origin = Origin::default();
        let terms = Terms::plain(Owner::Connection { origin }, origin);
        let take = |terms| Op::Lock { op: locks::Op::Acquire { name: b"a", terms } };
        assert_eq!(Run::of(&take(terms.clone())), Some(Run::Take));
        let waiting = terms.waiting(Some(Wait::For { origin, request: 1, block_ms: 0 }));
        assert_eq!(Run::of(&take(waiting)), None);
    }
}
