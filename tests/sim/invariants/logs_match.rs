//! Entries of the same index, term and leader say the same, and so do all before
//! them.

use std::collections::BTreeMap;

use lockstep_core::ShardId;

use super::{Invariant, Sight};

/// What an entry says, and the term of the one before it where that is known.
type Seen = (u64, Option<u64>);

/// What stands at which index, by term and leader.
#[derive(Default)]
pub struct LogsMatch {
    entries: BTreeMap<(ShardId, u64, u64, u64), Seen>,
}

impl Invariant for LogsMatch {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        let mut before: Option<(usize, u64, u64)> = None;
        for entry in &sight.fresh {
            let replica = &sight.replicas[entry.replica];
            let previous = before
                .filter(|(place, index, _)| (*place, *index + 1) == (entry.replica, entry.index))
                .map(|(_, _, term)| term);
            before = Some((entry.replica, entry.index, entry.term));
            let key = (replica.shard, entry.index, entry.term, entry.node);
            let seen = self.entries.entry(key).or_insert((entry.digest, previous));
            let same_before = match (seen.1, previous) {
                (Some(one), Some(other)) => one == other,
                (None, known) => {
                    seen.1 = known;
                    true
                }
                _ => true,
            };
            if seen.0 != entry.digest || !same_before {
                let (shard, node) = (replica.shard, replica.node);
                return Err(format!(
                    "entry {} of term {} of {shard:?} is another one on n{node}",
                    entry.index, entry.term
                ));
            }
        }
        Ok(())
    }
}
