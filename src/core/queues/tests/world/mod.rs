//! A table, and an observer that looks at every step of it: what it saw before and what
//! it sees afterwards must follow from what was asked.

mod bounds;
mod came;
mod delivered;
mod left;

use std::collections::{BTreeMap, BTreeSet};

use super::any::{NAMES, SESSIONS, any_op, any_origin, any_settings};
use super::*;
use crate::chance::Chance;
use crate::queues::message::{Message, State};
use crate::queues::{Dedup, Form, Grouping, Manner, Overflow, Setting};

type Id = (Vec<u8>, u64);

/// The table and its observer.
pub(super) struct World {
    pub table: Table,
    pub at: Stamp,
    pub requests: u64,
    /// What the last step gave.
    pub last: String,
    pub observed: bool,
    /// The body each message was pushed with.
    bodies: BTreeMap<Id, Vec<u8>>,
    /// The newest delivery of each: its attempt, its fence.
    newest: BTreeMap<Id, (u32, u64)>,
    /// What may not be delivered any more.
    done: BTreeSet<Id>,
    /// Copies: scope and id, with the message and until when they are known.
    known: BTreeMap<Copied, (u64, u64)>,
    /// What named requests were answered with.
    asked: BTreeMap<(Vec<u8>, Vec<u8>), Got>,
    good: Vec<(Vec<u8>, Receipt)>,
}

/// Queue, group and id of a message that may be sent again.
type Copied = (Vec<u8>, Option<Vec<u8>>, Vec<u8>);

/// What a request was answered with.
type Got = Vec<(Receipt, u64)>;

/// What there is, by queue and number.
type Seen = BTreeMap<Id, Message>;

/// What was done in a step.
enum Step<'a> {
    Op(&'a Op<'a>),
    Time,
    Gone(&'a [u8]),
}

impl World {
    pub(super) fn new(chance: &mut Chance) -> Self {
        let mut world = World {
            table: Table::new(),
            at: Stamp { now_ms: 1000, ..Stamp::default() },
            requests: 0,
            last: String::new(),
            observed: true,
            bodies: BTreeMap::new(),
            newest: BTreeMap::new(),
            done: BTreeSet::new(),
            known: BTreeMap::new(),
            asked: BTreeMap::new(),
            good: Vec::new(),
        };
        world.table.check_always();
        for name in NAMES {
            let settings = any_settings(chance);
            let create = Op::Create { queue: name, part: 0, settings, if_new: false };
            let mut fx = Effects::default();
            assert_eq!(world.table.apply(&world.at, &create, &mut fx), Outcome::Ok);
        }
        world
    }

    pub(super) fn step(&mut self, chance: &mut Chance) {
        self.at.now_ms += chance.pick(&[0, 0, 1, 5, 30]);
        self.at.seq += 1;
        self.last.clear();
        match chance.below(25) {
            0 => self.end_connection(chance),
            1 if chance.once_in(4) => self.boot(chance),
            2 => self.end_session(chance),
            3 => self.expire(chance.pick(&[0, 1, 2])),
            _ => self.operation(chance),
        }
        if chance.once_in(2) {
            self.expire(usize::MAX);
        }
    }

    fn operation(&mut self, chance: &mut Chance) {
        self.requests += 1;
        let grouping = |name: &[u8]| {
            let number = self.table.find(name, 0);
            let queue = number.and_then(|number| self.table.queues.get(number));
            queue.map_or(Grouping::Off {}, |queue| queue.rules().groups)
        };
        let op = any_op(chance, self.requests, &grouping, &self.good);
        let before = self.seen();
        let mut fx = Effects::default();
        let outcome = self.table.apply(&self.at, &op, &mut fx);
        self.last = format!("{op:?} gave {outcome:?}");
        self.look(&Step::Op(&op), &before, Some(&outcome), fx);
    }

    fn end_connection(&mut self, chance: &mut Chance) {
        let (before, mut fx) = (self.seen(), Effects::default());
        self.table.end_connection(&self.at, any_origin(chance), &mut fx);
        self.look(&Step::Time, &before, None, fx);
    }

    fn boot(&mut self, chance: &mut Chance) {
        let (before, mut fx) = (self.seen(), Effects::default());
        let floor = Origin { node: NodeId(1), boot: chance.below(4), conn: 0 };
        self.table.end_lives(&self.at, floor, &mut fx);
        self.look(&Step::Time, &before, None, fx);
    }

    fn end_session(&mut self, chance: &mut Chance) {
        let (before, mut fx) = (self.seen(), Effects::default());
        let session = chance.pick(&SESSIONS);
        self.table.end_session(&self.at, session, &mut fx);
        self.last = format!("the end of {session:?}");
        self.look(&Step::Gone(session), &before, None, fx);
    }

    pub(super) fn expire(&mut self, budget: usize) {
        let (before, mut fx) = (self.seen(), Effects::default());
        self.table.expire(&self.at, budget, &mut fx);
        self.last.push_str(" and time passed");
        self.look(&Step::Time, &before, None, fx);
    }

    fn seen(&self) -> Seen {
        let mut seen = Seen::new();
        if self.observed {
            for (_, queue) in self.table.queues.iter() {
                for (seq, message) in queue.messages.iter() {
                    seen.insert((queue.name.to_vec(), seq), message.clone());
                }
            }
        }
        seen
    }

    fn look(&mut self, step: &Step<'_>, before: &Seen, outcome: Option<&Outcome>, mut fx: Effects) {
        let mut given: Vec<Outcome> = outcome.into_iter().cloned().collect();
        for effect in fx.take() {
            if let Effect::Answer { outcome, .. } = effect {
                self.last.push_str(&format!(" answered {outcome:?}"));
                given.push(outcome);
            }
        }
        if !self.observed {
            return;
        }
        let after = self.seen();
        let table = &self.table;
        self.known.retain(|(name, ..), _| table.find_made(name, 0).is_some());
        if let (Step::Op(op), Some(outcome)) = (step, outcome) {
            self.note_pushes(op, outcome, &after);
            self.check_receipts(op, outcome, before, &after);
        }
        let settled = self.check_leaving(step, before, &after, outcome);
        self.check_coming_back(step, before, &after);
        for outcome in &given {
            self.check_deliveries(step, outcome, before, &after, &settled);
        }
        self.done.extend(settled);
        self.check_bounds();
        self.check_groups(before, &after);
        self.gather_receipts(&after);
        if let Step::Gone(session) = step {
            let theirs = |message: &Message| {
                message.lease().is_some_and(|lease| lease.session.as_deref() == Some(session))
            };
            assert!(!after.values().any(theirs), "a lease outlived its session");
        }
    }

    fn gather_receipts(&mut self, after: &Seen) {
        self.good.clear();
        for ((name, seq), message) in after {
            if message.attempts > 0 {
                let receipt = Receipt::Of { part: 0, seq: *seq, attempt: message.attempts };
                self.good.push((name.clone(), receipt));
            }
        }
    }

    /// Everything that is left is delivered, once whatever holds it back is gone.
    pub(super) fn drain(&mut self) {
        for name in NAMES {
            self.direct(&Op::Resume { queue: name, part: 0, input: true, output: true });
            self.direct(&Op::CancelRedrive { queue: name, part: 0 });
            let rate = Setting::Rate { count: 0, per_ms: 0 };
            self.direct(&Op::Configure { queue: name, part: 0, settings: vec![rate] });
        }
        // No lease is longer.
        self.at.now_ms += crate::queues::LEASE_MS_MAX;
        for _ in 0..200 {
            self.at.now_ms += 50;
            self.expire(usize::MAX);
            for name in NAMES {
                self.direct(&Op::pop(name, Want::some(Some(100), None, true), None));
            }
        }
        for (_, queue) in self.table.queues.iter() {
            let left = queue.messages.iter().filter(|(_, it)| it.state != State::Dead);
            assert_eq!(left.count(), 0, "{:?} keeps messages for nobody", queue.name);
        }
    }

    fn direct(&mut self, op: &Op<'_>) {
        self.at.seq += 1;
        self.table.apply(&self.at, op, &mut Effects::default());
        self.observed = false;
    }
}
