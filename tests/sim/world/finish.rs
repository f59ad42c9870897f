//! The end of a run: everything heals, and everything has to be there.

use lockstep_core::sessions::Op;
use lockstep_core::{Op as AnyOp, Outcome, Shard, ShardId};
use lockstep_raft::Group;

use super::clients::guards;
use super::clients::meaning::Meaning;
use super::clients::seat::PART_MS;
use super::clients::{Client, Ended};
use super::node::Process;
use super::{Profile, World};
use crate::check::queues::whole;
use crate::check::registers::Verdict;
use crate::check::{self, appends, fences, locks, registers};

/// Within this time the cluster must be whole again.
pub const HEAL_MS: u64 = 30_000;
/// How long one of the last commands may take.
const ASK_MS: u64 = 10_000;
/// Leases and delays of this run are shorter.
const LEASES_OVER_MS: u64 = 3_200;
/// Within this time nodes have given back what clients had. Clients of a node that is
/// cut off break off hundreds of connections, and where entries hold one operation each
/// there are some thousands to be written.
pub const ERRANDS_MS: u64 = 120_000;
pub const ERRANDS_LATE: &str = "nodes still give back what clients had";
/// Parts of several locks live shorter, and whoever gives them back needs less. By how
/// much the clock of the leader that granted them was ahead they live longer.
const QUIET_MS: u64 = 2 * PART_MS;

impl World {
    pub(super) fn finish(&mut self) {
        self.asking = false;
        self.heal();
        let settled = |world: &World| !world.clients.iter().any(Client::is_waiting);
        if !self.wait_for(HEAL_MS, settled, "clients still wait after everything has healed") {
            return;
        }
        if self.plan.guard_clients > 0 && !self.nobody_holds_more() {
            return;
        }
        let mut clients = std::mem::take(&mut self.clients);
        clients.iter_mut().for_each(|client| client.leave(&mut self.nodes, &mut self.desk));
        clients.clear();
        if !self.wait_for(
            HEAL_MS,
            World::has_converged,
            "the cluster is not whole 30 s after it healed",
        ) {
            return;
        }
        let leases_ms = self.now_ms + LEASES_OVER_MS + self.desk.skew_ms;
        while self.now_ms < leases_ms && self.violations.is_empty() {
            self.step();
        }
        self.nothing_is_left();
        self.clients = vec![Client::new(u32::MAX, self.chance.fork())];
        self.last_demands();
        if self.violations.is_empty() {
            self.look();
            self.check();
        }
    }

    /// Whether all replicas of all shards are equal, and led.
    fn has_converged(&self) -> bool {
        // To look means to read all states.
        if !self.now_ms.is_multiple_of(100) || !self.is_whole() {
            return false;
        }
        let mut shards =
            std::iter::once(ShardId::META).chain((0..self.plan.settings.shards).map(ShardId));
        shards.all(|shard| {
            let mut states = Vec::new();
            for node in &self.nodes {
                let Some(group) = node.host().and_then(|host| host.group(shard)) else { continue };
                let _inside = node.running().map(|process| process.enter());
                states.push((group.status().applied, group));
            }
            let same = |pair: &[(u64, Group)]| pair[0].0 == pair[1].0;
            let enough = states.len() >= 3.min(self.plan.nodes);
            enough && states.windows(2).all(same) && {
                let digest = |group: &Group| group.state().state_digest();
                states.windows(2).all(|pair| digest(&pair[0].1) == digest(&pair[1].1))
            }
        })
    }

    /// When all is quiet nobody holds more than it was told of: what was not got, or
    /// given back, stays with nobody.
    fn nobody_holds_more(&mut self) -> bool {
        if !self.wait_for(HEAL_MS, World::is_whole, "not whole 30 s after it healed")
            || !self.wait_for(ERRANDS_MS, |world| world.errands() == 0, ERRANDS_LATE)
        {
            return false;
        }
        let quiet_ms = self.now_ms + QUIET_MS + self.desk.skew_ms;
        while self.now_ms < quiet_ms && self.violations.is_empty() {
            self.step();
        }
        let Some(all) = self.all_holders() else { return self.violations.is_empty() };
        let known: Vec<_> = self.clients.iter().filter_map(Client::known_holds).collect();
        let more = all.iter().find(|holder| {
            let mut own = known.iter().filter(|(owner, _)| *owner == holder.owner);
            holder.acquiring || own.any(|(_, names)| !names.contains(&holder.name))
        });
        if let Some(more) = more {
            self.violate(format!("all is quiet, and nobody knows of this hold: {more:?}"));
        }
        self.violations.is_empty()
    }

    /// How much nodes take or give back for clients, and for connections that ended.
    pub(super) fn errands(&self) -> usize {
        let processes = self.nodes.iter().filter_map(|node| node.process.as_ref());
        processes.map(Process::errands).sum()
    }

    /// All clients are gone, all leases and sessions over: nobody holds or waits.
    fn nothing_is_left(&mut self) {
        let mut left = Vec::new();
        for shard in (0..self.plan.settings.shards).map(ShardId) {
            let group = self.leader(shard).and_then(|at| self.nodes[at].host()?.group(shard));
            let Some(group) = group else { continue };
            let state = group.state();
            let (locks, sessions) = (state.locks(), state.sessions());
            let counts = [locks.held(), locks.waiting(), sessions.len(), sessions.guests()];
            if counts != [0; 4] || sessions.has_endings() {
                left.push(format!("{shard:?}: {counts:?} {:?}", sessions_of(&state)));
            }
        }
        if !left.is_empty() && self.violations.is_empty() {
            let held = self.all_holders();
            self.violate(format!("holds, waits, sessions, guests are left: {left:?}, {held:?}"));
        }
    }

    fn last_demands(&mut self) {
        let goods = self.desk.goods;
        let keys = goods.registers + goods.mixed;
        let reads = (0..keys).map(Meaning::Get).chain((0..goods.lists).map(Meaning::List));
        let locks = (0..goods.locks).flat_map(|lock| {
            let take = Meaning::Lock { lock, named: false, lease_ms: None, block_ms: Some(5_000) };
            [take, Meaning::Unlock { lock, named: false }]
        });
        let guarded = (0..guards::GUARDS).filter(|lock| guards::guards(*lock));
        let guarded = guarded.map(|lock| Meaning::Guarded(guards::Guarded::Read(lock)));
        let guarded = guarded.filter(|_| self.plan.guard_clients > 0);
        for meaning in reads.chain(locks).chain(guarded).collect::<Vec<_>>() {
            let takes = matches!(meaning, Meaning::Lock { .. });
            if !self.demand(meaning.clone()) {
                return;
            }
            if takes && !self.clients[0].holds_a_lock() {
                return self
                    .violate(format!("nobody holds it, and it is not granted: {meaning:?}"));
            }
        }
        self.empty_queues();
    }

    /// Asks until there is an answer.
    pub(super) fn demand(&mut self, meaning: Meaning) -> bool {
        let until_ms = self.now_ms + ASK_MS;
        while self.now_ms < until_ms && self.violations.is_empty() {
            let mut client = self.clients.remove(0);
            client.demand(meaning.clone(), &mut self.nodes, &mut self.desk, &mut self.trace);
            self.clients.insert(0, client);
            while self.clients[0].is_waiting() && self.violations.is_empty() {
                self.step();
            }
            if self.clients[0].ended == Ended::Answered {
                return true;
            }
            self.step();
        }
        if self.violations.is_empty() {
            self.violate(format!("no answer to {meaning:?} after everything has healed"));
        }
        false
    }

    /// Asks the checkers.
    fn check(&mut self) {
        let book = std::mem::take(&mut self.desk.book);
        for (key, history) in &book.registers {
            match registers::check(history) {
                Verdict::Explained => {}
                Verdict::Impossible => self.violate(format!("register {key} is not linearizable")),
                Verdict::TooLong => self.undecided += 1,
            }
        }
        if let Err(flaw) = appends::check(&book.lists) {
            let shown = describe(&flaw, &book.lists);
            self.violate(format!("the lists: {shown}"));
        }
        if let Err(flaw) = locks::check(&book.holds) {
            self.violate(format!("the locks: {flaw:?}"));
        }
        if let Err(flaw) = check::guards::check(&book.guards) {
            self.violate(format!("the locks that are shared: {flaw:?}"));
        }
        for (lock, writes) in &book.writes {
            let seen = book.lists_of_guards.get(lock).map(Vec::as_slice).unwrap_or_default();
            if let Err(flaw) = fences::check(seen, writes) {
                self.violate(format!("the list that lock {lock} guards: {flaw:?}"));
            }
        }
        if let Err(flaw) = whole::check(&book.queues.history) {
            self.violate(format!("the queues, {}: {}", flaw.property, flaw.what));
        }
        self.check_uncertain(&book.counts, whole::duplicates(&book.queues.history));
        (self.desk.book.counts, self.desk.book.queues) = (book.counts, book.queues);
    }

    /// Without faults every outcome is known, and nothing is refused.
    fn check_uncertain(&mut self, counts: &super::Counts, duplicates: u64) {
        let calm = self.plan.profiles.iter().all(|profile| *profile == Profile::Base);
        let calm = calm && !self.plan.burial;
        if calm && counts.unknown + counts.broken + counts.refused > 0 {
            self.violate(format!("nothing went wrong, and yet {counts:?}"));
        }
        if calm && duplicates > 0 {
            self.violate(format!("D2: nothing went wrong, and {duplicates} deliveries in vain"));
        }
    }
}

/// The sessions of a shard, as SESSION INFO shows them.
fn sessions_of(state: &Shard) -> Vec<Outcome> {
    let look = |op: Op<'_>| state.look(&AnyOp::Session { op });
    let Outcome::List(page) = look(Op::List { cursor: 0, count: 8 }) else { return Vec::new() };
    let Some(Outcome::List(ids)) = page.into_iter().nth(1) else { return Vec::new() };
    let info = |id: Outcome| match id {
        Outcome::Bytes(id) => look(Op::Info { id: &id }),
        other => other,
    };
    ids.into_iter().map(info).collect()
}

fn describe(flaw: &appends::Flaw, lists: &[appends::Transaction]) -> String {
    match flaw {
        appends::Flaw::Cycle(members) => {
            let shown = members.iter().take(6).map(|at| format!("{:?}", lists[*at]));
            format!("{} transactions in a circle: {}", members.len(), shown.collect::<String>())
        }
        other => format!("{other:?}"),
    }
}
