//! Queues at the beginning and at the end of a run.

use super::clients::meaning::Meaning;
use super::clients::queues::{Asked, Kind, New, Pop, Tally};
use super::clients::{Client, Ended};
use super::{Profile, World};
use crate::check::queues::whole::{self, What};

/// Within this time what comes back by itself has come back, unless a rate says that it
/// takes longer.
const REDRIVEN_MS: u64 = 15_000;
/// A waiting consumer and a message meet within this time.
const MEET_MS: u64 = 500;
/// The same, if somebody has to be elected first.
const ELECTED_MS: u64 = 4_000;
/// How long whoever waits for a message in the end has it.
const LEASE_MS: u64 = 150;

impl World {
    /// Makes the queues, before anything goes wrong.
    pub(super) fn make_queues(&mut self) {
        let clients = std::mem::take(&mut self.clients);
        self.clients = vec![Client::new(u32::MAX, self.queue_chance.fork())];
        for queue in self.desk.queues.numbers() {
            self.demand(Meaning::Queue(Asked::Create(queue)));
            let rule = self.desk.queues.of(queue).rule;
            self.desk.book.queues.history.rules.insert(queue, rule);
        }
        if let Some(mut client) = self.clients.pop() {
            client.leave(&mut self.nodes, &mut self.desk);
        }
        self.clients = clients;
    }

    /// Takes out all there is, looks at the dead, brings back those of the first queue
    /// that has some, and looks at what the queues tell in the end.
    pub(super) fn empty_queues(&mut self) {
        let queues: Vec<u32> = self.desk.queues.numbers().collect();
        for queue in &queues {
            if self.desk.queues.of(*queue).kind == Kind::Ordered
                && !self.demand(Meaning::Queue(Asked::Order(*queue, What::Resume)))
            {
                return;
            }
        }
        // Those that feed others come first.
        let feeding = |queue: &u32| self.desk.queues.of(*queue).kind != Kind::Fed;
        let (first, last): (Vec<u32>, Vec<u32>) = queues.iter().partition(|queue| feeding(queue));
        let order: Vec<u32> = first.into_iter().chain(last).collect();
        if !order.iter().all(|queue| self.empty(*queue)) || !self.who_waits_is_served() {
            return;
        }
        for queue in &order {
            let beside = self.desk.queues.is_beside_keys(*queue);
            let notes = !beside || self.demand(Meaning::Queue(Asked::Notes(*queue)));
            if !notes || !self.demand(Meaning::Queue(Asked::Dead(*queue))) {
                return;
            }
        }
        if !self.the_dead_come_back(&order) {
            return;
        }
        for queue in &order {
            if !self.demand(Meaning::Queue(Asked::Look(*queue))) {
                return;
            }
            self.is_empty(*queue);
        }
        self.desk.book.queues.history.drained = true;
    }

    /// Takes out all messages that are not dead, until nobody has one any more, none is
    /// hidden, and no dead one comes back.
    fn empty(&mut self, queue: u32) -> bool {
        let begun_ms = self.now_ms;
        let mut until_ms = begun_ms + REDRIVEN_MS;
        loop {
            loop {
                let before = self.desk.book.queues.history.left.len();
                if !self.demand(Meaning::Queue(Asked::Drain(queue))) {
                    return false;
                }
                if self.desk.book.queues.history.left.len() == before {
                    break;
                }
            }
            if !self.demand(Meaning::Queue(Asked::Look(queue))) {
                return false;
            }
            let record = &self.desk.book.queues;
            let rest_ms = record.redriving.get(&queue).copied().flatten();
            let redrives = rest_ms.is_some();
            until_ms = until_ms.max(begun_ms + REDRIVEN_MS + rest_ms.unwrap_or(0));
            let left = ["ready", "delayed", "inflight"].map(|name| record.fact(queue, name));
            if !redrives && left == [0; 3] {
                return true;
            }
            if self.now_ms > until_ms {
                let what = format!("queue {queue}: {left:?} are left, redrives: {redrives}");
                self.violate(format!("L2, L8: {what}"));
                return false;
            }
            let again_ms = self.now_ms + 50;
            while self.now_ms < again_ms && self.violations.is_empty() {
                self.step();
            }
        }
    }

    /// L1: a message that is pushed comes to whoever waits for it.
    fn who_waits_is_served(&mut self) -> bool {
        let mut waiter = Client::of_queues(u32::MAX - 1, self.queue_chance.fork());
        let pop =
            Pop { queue: 0, lease_ms: LEASE_MS, count: None, block_ms: Some(5_000), name: None };
        let asked = Meaning::Queue(Asked::Pop(pop));
        waiter.demand(asked, &mut self.nodes, &mut self.desk, &mut self.trace);
        self.clients.push(waiter);
        (0..10).for_each(|_| self.step());
        self.desk.unique += 1;
        let new = New {
            queue: 0,
            message: self.desk.unique,
            bytes: 0,
            delay_ms: 0,
            ttl_ms: None,
            group: None,
            priority: 0,
            dedup: false,
        };
        let pushed = self.demand(Meaning::Queue(Asked::Push(new)));
        // Some damage, or a failure, shows only now: then somebody else has to be elected.
        let late =
            |profile: &Profile| matches!(profile, Profile::Damage | Profile::Rot | Profile::Error);
        let unsure = self.plan.profiles.iter().any(late);
        let until_ms = self.now_ms + if unsure { ELECTED_MS } else { MEET_MS };
        while self.clients[1].is_waiting() && self.now_ms < until_ms && self.violations.is_empty() {
            self.step();
        }
        let waiter = &self.clients[1];
        // Whose request was refused, or whose connection broke, waits no more.
        let waits = waiter.is_waiting() || waiter.ended == Ended::Answered;
        if pushed && self.violations.is_empty() && waits && waiter.messages() != 1 {
            self.violate("L1: a message is there, and who waits for it gets none".into());
        }
        if let Some(mut waiter) = self.clients.pop() {
            waiter.leave(&mut self.nodes, &mut self.desk);
        }
        let over_ms = self.now_ms + 2 * LEASE_MS;
        while self.now_ms < over_ms && self.violations.is_empty() {
            self.step();
        }
        self.violations.is_empty() && self.empty(0)
    }

    /// L8: all dead messages of a queue come back, once, when they are told to. Not those
    /// that die again while nobody takes them, nor those that go elsewhere when they die.
    fn the_dead_come_back(&mut self, queues: &[u32]) -> bool {
        let kept = |queue: &&u32| {
            !matches!(self.desk.queues.of(**queue).kind, Kind::Letters | Kind::Expiring)
        };
        let history = &self.desk.book.queues.history;
        let has_dead =
            |queue: &&u32| history.left.iter().any(|left| left.dead && left.queue == **queue);
        let Some(queue) = queues.iter().filter(kept).find(has_dead).copied() else { return true };
        let mut dead: Vec<(u64, u64)> = history
            .left
            .iter()
            .filter(|left| left.dead && left.queue == queue)
            .map(|left| (left.seq, left.message))
            .collect();
        let (count, rate) = (None, None);
        let redrive = Asked::Redrive { queue, count, rate, reset: true };
        let before = history.left.len();
        if !self.demand(Meaning::Queue(redrive)) || !self.empty(queue) {
            return false;
        }
        let back = self.desk.book.queues.history.left.split_off(before);
        let mut back: Vec<(u64, u64)> = back.iter().map(|left| (left.seq, left.message)).collect();
        dead.sort_unstable();
        back.sort_unstable();
        if dead != back {
            self.violate(format!("L8: {dead:?} of queue {queue} were dead, {back:?} came back"));
        }
        self.revived.extend((dead == back).then_some(queue));
        self.violations.is_empty()
    }

    /// S2, S3: a queue tells that nothing is left but the dead that were seen.
    fn is_empty(&mut self, queue: u32) {
        let record = &self.desk.book.queues;
        let dead = record.history.left.iter().filter(|left| left.dead && left.queue == queue);
        let dead = if self.revived.contains(&queue) { 0 } else { dead.count() as u64 };
        let left = ["ready", "delayed", "inflight", "dead"].map(|name| record.fact(queue, name));
        let ways_out = [
            "acked",
            "noack",
            "dropped-ttl",
            "dropped-overflow",
            "dropped-dead",
            "purged",
            "deleted",
            "moved",
        ];
        let gone: u64 = ways_out.iter().map(|name| record.fact(queue, name)).sum();
        let pushed = record.fact(queue, "pushed");
        let dropped = record.fact(queue, "dropped-ttl") + record.fact(queue, "dropped-overflow");
        if left != [0, 0, 0, dead] || pushed != gone + dead {
            self.violate(format!(
                "S3: queue {queue} tells {left:?}, pushed {pushed}, gone {gone}; dead are {dead}"
            ));
        }
        self.desk.book.queues.history.dropped.insert(queue, dropped);
    }

    /// Counts what happened to queues.
    pub(super) fn count_queues(&mut self) {
        let reads: u64 = self.nodes.iter().map(|node| node.bodies_read()).sum();
        let record = &mut self.desk.book.queues;
        for facts in record.facts.values() {
            Tally::told()
                .for_each(|name| record.tally.add(name, facts.get(name).copied().unwrap_or(0)));
        }
        record.tally.add("bodies read", reads);
        record.tally.add("duplicates", whole::duplicates(&record.history));
    }
}
