//! The detector without its messages: told of locks, it says which waits to end.

use std::collections::BTreeMap;

use lockstep_core::ShardId;

use super::Guards;
use super::picture::{Lock, Picture, REPORT_LIFE_MS, Report};
use super::plan::{Plan, plans};

/// A wait: which, and in which shard.
pub type WaitId = (ShardId, u64);

/// The detector without its messages.
#[derive(Debug, Default)]
pub struct Judge {
    guards: Guards,
    picture: Picture,
    /// The waits that are being ended, and those that were, with the time: reports
    /// on their way may still tell of them, but they close no cycle any more.
    doomed: BTreeMap<WaitId, Option<u64>>,
}

impl Judge {
    /// Nothing is known.
    pub fn new(guards: Guards) -> Self {
        Judge { guards, picture: Picture::new(guards), doomed: BTreeMap::new() }
    }

    /// Takes over a report. Says whether it was new.
    pub fn report(&mut self, shard: ShardId, report: Report, now_ms: u64) -> bool {
        self.picture.report(shard, report, now_ms)
    }

    /// Looks for deadlocks. Each that is given is to be refuted or settled.
    pub fn look(&mut self, now_ms: u64) -> Vec<Plan> {
        self.picture.forget_old(now_ms);
        self.doomed.retain(|_, ended| {
            ended.is_none_or(|at_ms| now_ms.saturating_sub(at_ms) <= 2 * REPORT_LIFE_MS)
        });
        if !self.picture.is_entangled() {
            return Vec::new();
        }
        let plans = plans(&self.locks(), self.guards);
        plans.iter().for_each(|plan| {
            self.doomed.insert(plan.victim, None);
        });
        plans
    }

    /// The deadlock is not there any more: the wait goes on.
    pub fn refute(&mut self, victim: WaitId) {
        self.doomed.remove(&victim);
    }

    /// The wait has ended.
    pub fn settle(&mut self, victim: WaitId, now_ms: u64) {
        self.doomed.insert(victim, Some(now_ms));
    }

    fn locks(&self) -> Vec<(ShardId, Lock)> {
        let mut locks: Vec<(ShardId, Lock)> =
            self.picture.locks().map(|(shard, lock)| (shard, lock.clone())).collect();
        if self.guards.doomed_left_out {
            for (shard, lock) in &mut locks {
                lock.line.retain(|waiter| !self.doomed.contains_key(&(*shard, waiter.party.id)));
            }
        }
        locks
    }
}
