//! A node that dies for good: what its connections held is free in time.

use lockstep_core::ShardId;

use super::finish::{ERRANDS_LATE, ERRANDS_MS, HEAL_MS};
use super::{LOOK_EVERY_MS, World};
use crate::invariants::lock_view::{Holder, holders};

/// After this time without a word a node is given up.
const NODE_TIMEOUT_MS: u64 = 1_500;
/// How long others need to take over from it, and to be told.
const FAILOVER_MS: u64 = 2_000;
/// How much longer where nodes keep copies: a leader that is followed by another one, which
/// waits half a second for copies of the dead, twice.
const COPIES_MS: u64 = 1_100;
/// How long everybody works undisturbed before.
const WORK_MS: u64 = 400;

impl World {
    /// Everything heals, and then a node dies while the clients work.
    pub(super) fn bury(&mut self) {
        self.heal();
        if !self.wait_for(HEAL_MS, World::is_whole, "not whole 30 s after it healed") {
            return;
        }
        // What connections that broke left to be done stands before what the shards are
        // told of the dead.
        let through = |world: &World| world.errands() <= world.clients.len();
        if !through(self) && !self.wait_for(ERRANDS_MS, through, ERRANDS_LATE) {
            return;
        }
        let until_ms = self.now_ms + WORK_MS;
        while self.now_ms < until_ms && self.violations.is_empty() {
            self.step();
        }
        let Some(victim) = self.victim() else { return };
        let Some(id) = self.nodes[victim].process.as_ref().map(|process| process.id) else {
            return;
        };
        let held = self.all_holders().map_or(0, |all| of_node(&all, id.0));
        self.note(|| format!("n{victim} dies and leaves {held} holds"), &[held as u64]);
        self.crash(victim, false);
        let copies_ms = if self.plan.settings.copies.is_some() { COPIES_MS } else { 0 };
        let took_ms = NODE_TIMEOUT_MS + FAILOVER_MS + copies_ms;
        let late_ms = self.now_ms + took_ms;
        while self.violations.is_empty() {
            self.step();
            if !self.now_ms.is_multiple_of(LOOK_EVERY_MS) {
                continue;
            }
            let all = self.all_holders();
            if all.as_ref().is_some_and(|all| of_node(all, id.0) == 0) {
                break;
            }
            if self.now_ms > late_ms {
                self.violate(format!("n{victim} is dead for {took_ms} ms and holds: {all:?}"));
            }
        }
        self.start(victim);
    }

    /// The node whose connections hold most, of those that can be done without: also
    /// when damage comes to light elsewhere meanwhile.
    fn victim(&self) -> Option<usize> {
        let all = self.all_holders()?;
        let held = |at: &usize| {
            let process = self.nodes[*at].process.as_ref();
            process.map_or(0, |process| of_node(&all, process.id.0))
        };
        let spared = |at: &usize| {
            let stays = self.members[*at] && !self.nodes[*at].leaving;
            stays && self.may_lose(*at) && self.may_rot(*at)
        };
        (0..self.nodes.len()).filter(spared).max_by_key(held)
    }

    /// What is held, by the word of those who lead; none if a shard is not led.
    pub(super) fn all_holders(&self) -> Option<Vec<Holder>> {
        let mut all = Vec::new();
        for shard in (0..self.plan.settings.shards).map(ShardId) {
            let at = self.leader(shard)?;
            let group = self.nodes[at].host()?.group(shard)?;
            all.extend(holders(&group.state()));
        }
        Some(all)
    }
}

fn of_node(all: &[Holder], node: u64) -> usize {
    all.iter().filter(|holder| holder.of_connection && holder.node.0 == node).count()
}
