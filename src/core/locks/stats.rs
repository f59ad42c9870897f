//! Numbers about all locks of a shard.

use crate::Outcome;

/// What happened to the locks of a shard since it began. Part of the state, so
/// that a change of leader does not set it back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// How often a lock was granted.
    pub grants: u64,
    /// How many of these were granted to a request that had waited.
    pub handed_over: u64,
    /// How many requests waited until their time was up.
    pub timeouts: u64,
    /// How many holds ended with their lease.
    pub expirations: u64,
    /// How many waits were ended because of a deadlock.
    pub deadlocks: u64,
    /// How many holds were revoked by LOCKKILL.
    pub killed: u64,
    /// How many holds were taken by an older owner.
    pub wounded: u64,
    /// How many holds changed their mode.
    pub converted: u64,
}

impl Stats {
    /// The names of the numbers LOCKINFO STATS gives, in its order.
    pub const NAMES: [&'static str; 10] = [
        "held",
        "waiting",
        "grants",
        "handed-over",
        "timeouts",
        "expirations",
        "deadlocks",
        "killed",
        "wounded",
        "converted",
    ];

    /// The numbers that are kept, in the order of the fields.
    pub(super) fn numbers(&self) -> [u64; 8] {
        [
            self.grants,
            self.handed_over,
            self.timeouts,
            self.expirations,
            self.deadlocks,
            self.killed,
            self.wounded,
            self.converted,
        ]
    }

    /// The same, back from its numbers.
    pub(super) fn of(numbers: [u64; 8]) -> Self {
        let [grants, handed_over, timeouts, expirations, deadlocks, killed, wounded, converted] =
            numbers;
        Stats { grants, handed_over, timeouts, expirations, deadlocks, killed, wounded, converted }
    }

    /// The outcome of LOCKINFO STATS.
    pub(super) fn outcome(&self, held: usize, waiting: usize) -> Outcome {
        let numbers = [held as u64, waiting as u64].into_iter().chain(self.numbers());
        Outcome::List(numbers.map(|number| Outcome::Int(number as i64)).collect())
    }

    /// Puts the outcomes of all shards together.
    pub fn merge(shards: impl IntoIterator<Item = Outcome>) -> Outcome {
        let mut sums = [0i64; Self::NAMES.len()];
        for shard in shards {
            let Outcome::List(numbers) = shard else { continue };
            for (sum, number) in sums.iter_mut().zip(numbers) {
                if let Outcome::Int(number) = number {
                    *sum = sum.saturating_add(number);
                }
            }
        }
        Outcome::List(sums.into_iter().map(Outcome::Int).collect())
    }
}
