//! What must hold at every moment, one rule in each file.

mod acknowledged_stays;
mod applied_grows;
mod committed_stays;
mod digests_agree;
mod holders_get_along;
pub mod lock_view;
mod logs_match;
mod no_lost_wake_up;
mod one_leader;
mod one_lease;
mod session_fence;
mod tokens_grow;

use std::collections::BTreeMap;

use lockstep_core::{NodeId, ShardId};
use lockstep_raft::{Group, Status};
use lockstep_storage::Log;

use crate::world::digest;

/// One replica of a shard, as it is now.
pub struct Replica<'a> {
    /// The place of its node.
    pub node: usize,
    /// Which process of it.
    pub life: u64,
    /// The id of its node.
    pub id: NodeId,
    /// Which shard.
    pub shard: ShardId,
    /// Whether it leads and serves.
    pub leads: bool,
    /// How it stands.
    pub status: Status,
    /// The group itself.
    pub group: &'a Group,
    /// Its log.
    pub log: &'a Log,
}

/// An entry that was not looked at before, or may have changed.
#[derive(Clone, Copy, Debug)]
pub struct Fresh {
    /// The place of the replica in the sight.
    pub replica: usize,
    /// Its place in the log.
    pub index: u64,
    /// The term of the leader that proposed it.
    pub term: u64,
    /// That leader.
    pub node: u64,
    /// What it says, as a number.
    pub digest: u64,
    /// Whether it was applied.
    pub applied: bool,
}

/// All that can be seen now.
pub struct Sight<'a> {
    /// When.
    pub now_ms: u64,
    /// The replicas that run.
    pub replicas: Vec<Replica<'a>>,
    /// Entries of their logs.
    pub fresh: Vec<Fresh>,
}

/// A rule.
pub trait Invariant {
    /// Looks at everything.
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String>;
}

/// All rules, and how far the logs were read.
pub struct Invariants {
    rules: Vec<(&'static str, Box<dyn Invariant>)>,
    /// By node, process and shard: the last applied entry that was read.
    read: BTreeMap<(usize, u64, ShardId), u64>,
}

impl Default for Invariants {
    fn default() -> Self {
        Invariants {
            rules: vec![
                ("a new leader is the only one", Box::new(one_leader::OneLeader::default())),
                ("one lease at a time", Box::new(one_lease::OneLease)),
                ("what is committed stays", Box::new(committed_stays::CommittedStays::default())),
                (
                    "what is acknowledged stays",
                    Box::new(acknowledged_stays::AcknowledgedStays::default()),
                ),
                ("logs match", Box::new(logs_match::LogsMatch::default())),
                ("what is applied grows", Box::new(applied_grows::AppliedGrows::default())),
                ("digests agree (S18)", Box::new(digests_agree::DigestsAgree::default())),
                ("holders get along (S1)", Box::new(holders_get_along::HoldersGetAlong::default())),
                ("tokens grow (S4)", Box::new(tokens_grow::TokensGrow::default())),
                (
                    "a session holds while it lives (S22)",
                    Box::new(session_fence::SessionFence::default()),
                ),
                ("no lost wake-up (L1)", Box::new(no_lost_wake_up::NoLostWakeUp::default())),
            ],
            read: BTreeMap::new(),
        }
    }
}

impl Invariants {
    /// Looks at everything by all rules; what is broken.
    pub fn look(&mut self, mut sight: Sight<'_>) -> Vec<String> {
        self.read_logs(&mut sight);
        let broken = self.rules.iter_mut().filter_map(|(name, rule)| {
            rule.look(&sight).err().map(|what| format!("{name}: {what}"))
        });
        broken.collect()
    }

    fn read_logs(&mut self, sight: &mut Sight<'_>) {
        let Sight { replicas, fresh, .. } = sight;
        for (place, replica) in replicas.iter().enumerate() {
            let key = (replica.node, replica.life, replica.shard);
            let read = self.read.entry(key).or_default();
            let applied = replica.status.applied;
            let end = replica.status.last_index.max(applied) + 1;
            // What a snapshot covers is gone; the rest is read when it is there.
            let Ok(records) = replica.log.read(replica.shard, *read + 1, end) else {
                *read = applied.max(*read);
                continue;
            };
            fresh.extend(records.iter().map(|record| Fresh {
                replica: place,
                index: record.id.index,
                term: record.id.term,
                node: record.id.node,
                digest: digest(&record.payload),
                applied: record.id.index <= applied,
            }));
            *read = applied.max(*read);
        }
    }
}
