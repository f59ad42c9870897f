//! Parts of several locks, and all that an owner has: given back together.

use std::collections::BTreeSet;

use super::ends::Why;
use super::hold::{Hold, Part};
use super::index::Thing;
use super::owner::OwnerKey;
use super::table::Table;
use super::{Owner, Terms};
use crate::{Effects, Outcome, Stamp};

impl Table {
    /// Gives back what the owner has as a part that is not confirmed, and says how
    /// much that was.
    pub(super) fn abandon(
        &mut self,
        at: &Stamp,
        names: &[&[u8]],
        owner: &Owner<'_>,
        fx: &mut Effects,
    ) -> i64 {
        let mut ended = 0;
        for name in names {
            let own = self.own(name, owner);
            if own.is_some_and(|hold| hold.extra().part == Part::Acquiring)
                && self.release(at, name, owner, None, true, fx)
            {
                ended += 1;
                self.forget_requests_of(name, owner);
            }
        }
        ended
    }

    /// What was given and taken back was never given.
    fn forget_requests_of(&mut self, name: &[u8], owner: &Owner<'_>) {
        let memo = self.index.memos.get(&(name.into(), OwnerKey::from(owner))).copied();
        if let Some(memo) = memo {
            self.remove_memo(memo);
        }
    }

    /// Takes from an owner all that it holds and waits for; how many holds that were.
    pub(super) fn surrender(&mut self, at: &Stamp, owner: &Owner<'_>, fx: &mut Effects) -> i64 {
        let owner = OwnerKey::from(owner);
        let ids = self.index.owned_by(owner.clone()..=owner);
        // Waits first: nothing is handed over to somebody that loses it again.
        for id in &ids {
            if let Some(Thing::Wait(name)) = self.index.things.get(id).cloned() {
                self.end_waiter(at, &name, *id, Some(&Outcome::Nil), fx);
            }
        }
        let is_hold = |id: &u64| matches!(self.index.things.get(id), Some(Thing::Hold(_)));
        let holds: Vec<u64> = ids.into_iter().filter(is_hold).collect();
        let ended = holds.len() as i64;
        self.end_ties(at, holds, Why::Deadlock, BTreeSet::new(), fx);
        ended
    }
}

/// A token as it is answered to whoever takes several: negative for what the owner
/// held before.
pub(super) fn shown_as_part(terms: &Terms<'_>, hold: &Hold) -> i64 {
    let Terms::Of { acquiring_ms, .. } = terms;
    let before = acquiring_ms.is_some() && hold.extra().part != Part::Acquiring;
    if before { -(hold.token.0 as i64) } else { hold.token.0 as i64 }
}
