//! A table, and an observer that looks at every step of it: what it saw before and what
//! it sees afterwards must follow from what was asked.

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

    /// S10: copies have the id of the first.
    fn note_pushes(&mut self, op: &Op<'_>, outcome: &Outcome, after: &Seen) {
        let Op::Push { queue, ref bodies, ref manner, form, .. } = *op else { return };
        let outcomes = match (form, outcome) {
            (Form::List {}, Outcome::List(list)) => list.clone(),
            _ => vec![outcome.clone()],
        };
        for (body, outcome) in bodies.iter().zip(outcomes) {
            let (id, word) = match &outcome {
                Outcome::List(parts) => match &parts[..] {
                    [Outcome::Bytes(id), Outcome::Word(word)] => (id.clone(), Some(*word)),
                    _ => continue,
                },
                Outcome::Bytes(id) => (id.clone(), None),
                _ => continue,
            };
            let seq: u64 = text(&id).split('-').nth(1).unwrap().parse().unwrap();
            let key = (queue.to_vec(), seq);
            let Manner::Of { group, dedup, .. } = manner;
            if let Some(Dedup::Of { id, window_ms, replace }) = dedup {
                self.check_copy(queue, *group, id, *window_ms, seq, word);
                if word.is_none() && *replace {
                    // Nobody says whether it was replaced, and known for another time.
                    self.known.retain(|(name, ..), _| name != queue);
                }
            }
            let is_new = !self.bodies.contains_key(&key) || word == Some("replaced");
            let replaced = after.get(&key).is_some_and(|kept| {
                kept.extra().body.is_some() && kept.body.as_deref() == Some(*body)
            });
            if is_new || replaced {
                self.bodies.insert(key, body.to_vec());
            }
        }
    }

    fn check_copy(
        &mut self,
        queue: &[u8],
        group: Option<&[u8]>,
        id: &[u8],
        window_ms: Option<u64>,
        seq: u64,
        word: Option<&str>,
    ) {
        let number = self.table.find(queue, 0).unwrap();
        let rules = self.table.queues.get(number).unwrap().rules();
        let evicts = rules.dedup_max < 100;
        let window_ms = window_ms.unwrap_or(rules.dedup_window_ms);
        let scope = group.filter(|_| rules.dedup_by_group).map(<[u8]>::to_vec);
        let key = (queue.to_vec(), scope, id.to_vec());
        let now_ms = self.at.now_ms;
        if let Some((first, until_ms)) = self.known.get(&key)
            && *until_ms > now_ms
            && !evicts
        {
            assert_eq!(seq, *first, "a copy was taken for a new message: {}", self.last);
        }
        if word != Some("dup") && !(word.is_none() && self.known.contains_key(&key)) {
            self.known.insert(key, (seq, now_ms + window_ms));
        }
    }

    /// S8: a receipt that is not the newest changes nothing. Late acks of a group come in
    /// its order.
    fn check_receipts(&self, op: &Op<'_>, outcome: &Outcome, before: &Seen, after: &Seen) {
        let (queue, receipts) = match op {
            Op::Ack { queue, receipts, pop: None, .. } | Op::Nack { queue, receipts, .. } => {
                (*queue, receipts)
            }
            Op::Extend { queue, receipts, .. } => (*queue, receipts),
            _ => return,
        };
        let [receipt] = &receipts[..] else { return };
        let Receipt::Of { part, seq, attempt } = *receipt;
        let key = (queue.to_vec(), seq);
        let Some(was) = before.get(&key) else { return };
        let stale = was.attempts != attempt || part != 0 || attempt == 0;
        if stale {
            let is = after.get(&key).map(|is| (&is.state, is.attempts, is.fails));
            let due = Some((&was.state, was.attempts, was.fails));
            // A consumer that waits may get it in the same step.
            let served = is.is_some_and(|(_, attempts, _)| attempts > was.attempts);
            assert!(is == due || served, "a stale receipt did something: {}", self.last);
        }
        if let (Op::Ack { .. }, Some(group)) = (op, was.extra().group)
            && !after.contains_key(&key)
            && was.lease().is_none()
            && *outcome == Outcome::List(vec![Outcome::Int(1)])
        {
            let rank = |seq: u64, message: &Message| message.extra().rank.unwrap_or(seq);
            let own = rank(seq, was);
            let earlier = before.iter().any(|((name, other), message)| {
                name == queue
                    && message.extra().group == Some(group)
                    && message.state != State::Dead
                    && rank(*other, message) < own
            });
            assert!(!earlier, "a late ack out of the order of its group: {}", self.last);
        }
    }

    /// S2, S16: a message leaves for a reason. Gives those that are settled.
    fn check_leaving(
        &mut self,
        step: &Step<'_>,
        before: &Seen,
        after: &Seen,
        outcome: Option<&Outcome>,
    ) -> Vec<Id> {
        let mut settled = Vec::new();
        for (id, was) in before.iter().filter(|(id, _)| !after.contains_key(id)) {
            let (name, seq) = id;
            let number = self.table.find(name, 0);
            let rules = number.and_then(|number| self.table.queues.get(number));
            let rules = rules.map(|queue| queue.rules().clone());
            let too_old = was.is_expired(self.at.now_ms);
            let of = |queue: &[u8]| queue == &name[..];
            let acked = match step {
                Step::Op(Op::Ack { queue, receipts, .. }) if of(queue) => {
                    receipts.iter().any(|receipt| {
                        let Receipt::Of { seq: acked, attempt, .. } = *receipt;
                        acked == *seq && attempt == was.attempts && was.state != State::Dead
                    })
                }
                _ => false,
            };
            let by_hand = match step {
                Step::Op(Op::Delete { queue, seqs, force, .. }) => {
                    of(queue) && seqs.contains(seq) && (*force || was.lease().is_none())
                }
                Step::Op(Op::Purge { queue, .. } | Op::Destroy { queue, .. }) => of(queue),
                Step::Op(Op::Move { from, .. }) => of(from),
                _ => false,
            };
            let dead = was.state == State::Dead;
            let policy = rules.as_ref().is_none_or(|rules| {
                let makes_room = !matches!(rules.overflow, Overflow::Reject {});
                let kept_for_a_while = rules.retain_ms > 0 && dead;
                rules.dead_letters.is_some() || rules.dead_max > 0 || makes_room || kept_for_a_while
            });
            // Settled with its delivery, or redriven to another queue.
            let taken = self.was_given(id) || dead && matches!(step, Step::Time);
            if acked || by_hand {
                settled.push(id.clone());
            }
            let why = acked || by_hand || too_old || policy || taken;
            assert!(why, "{name:?} {seq} is gone without a reason: {} {outcome:?}", self.last);
        }
        settled
    }

    /// Whether the last step says that this was delivered.
    fn was_given(&self, (_, seq): &Id) -> bool {
        let shown: Vec<u8> = format!("0-{seq}-").into_bytes();
        let list = format!("{shown:?}");
        self.last.contains(list.trim_end_matches(']'))
    }

    /// A lease that ran out is a failure.
    fn check_coming_back(&self, step: &Step<'_>, before: &Seen, after: &Seen) {
        if !matches!(step, Step::Time) {
            return;
        }
        for (id, was) in before {
            let (Some(lease), Some(is)) = (was.lease(), after.get(id)) else { continue };
            let ended = lease.until_ms <= self.at.now_ms && is.lease() != Some(lease);
            if ended && was.extra().group.is_none() {
                assert!(is.fails > was.fails, "a lease ran out without blame: {}", self.last);
            }
        }
    }

    /// S1, S4, S5, S6, S7, S9, S11, S12, S18: what is delivered, and when.
    fn check_deliveries(
        &mut self,
        step: &Step<'_>,
        outcome: &Outcome,
        before: &Seen,
        after: &Seen,
        settled: &[Id],
    ) {
        for (name, receipt, body, meta) in deliveries(step, outcome) {
            let Receipt::Of { seq, attempt, .. } = receipt;
            let Some(name) = name.or_else(|| self.name_of(seq, attempt, after)) else { continue };
            let id = (name.clone(), seq);
            if let Some(pushed) = self.bodies.get(&id) {
                assert_eq!(body, *pushed, "another body for {seq}: {}", self.last);
            }
            assert!(!self.done.contains(&id), "settled and delivered: {}", self.last);
            assert!(!settled.contains(&id) || attempt > 0);
            self.check_pause(&name);
            let was = before.get(&id);
            let newest = self.newest.get(&id).copied();
            let again = newest.is_some_and(|(newest, _)| newest == attempt);
            if again {
                let lease = was.and_then(|was| was.lease());
                let named = lease.is_some_and(|lease| lease.asked > 0);
                assert!(named, "the same receipt twice: {}", self.last);
            } else {
                let last = newest.map_or(0, |(newest, _)| newest);
                assert!(attempt > last, "an attempt went back: {}", self.last);
                self.check_gates(step, &id, was, after);
            }
            let fence = match meta.get(8) {
                Some(Outcome::Int(fence)) => *fence as u64,
                _ => self.at.seq,
            };
            if let Some((_, before)) = newest {
                assert!(fence > before || again, "a fence went back: {}", self.last);
            }
            self.newest.insert(id, (attempt, fence));
        }
        self.check_repeat(step, outcome, before);
    }

    /// S5, S6, S9: nobody else has it, it is visible, and it is not too old.
    fn check_gates(&self, step: &Step<'_>, id: &Id, was: Option<&Message>, after: &Seen) {
        let now_ms = self.at.now_ms;
        let Some(was) = was else { return };
        let given_back = match step {
            Step::Op(Op::Nack { queue, receipts, .. }) => {
                *queue == &id.0[..] && receipts.iter().any(|Receipt::Of { seq, .. }| *seq == id.1)
            }
            Step::Op(Op::Release { .. }) | Step::Gone(_) => true,
            Step::Op(Op::Reschedule { .. } | Op::Redrive { .. }) => true,
            _ => false,
        };
        match &was.state {
            State::Inflight(lease) => {
                let over = lease.until_ms <= now_ms && matches!(step, Step::Time);
                assert!(over || given_back, "two have one message: {}", self.last);
            }
            State::Delayed { until_ms } => {
                assert!(*until_ms <= now_ms || given_back, "too early: {}", self.last);
            }
            State::Dead => assert!(
                matches!(step, Step::Time) || given_back,
                "the dead are delivered: {}",
                self.last
            ),
            State::Ready => {}
        }
        let fresh = after.get(id).is_some_and(|is| {
            is.extra().expires_ms != was.extra().expires_ms || is.extra().body != was.extra().body
        });
        assert!(!was.is_expired(now_ms) || fresh, "delivered too late: {}", self.last);
    }

    /// S18: a queue whose output is paused delivers nothing.
    fn check_pause(&self, name: &[u8]) {
        let number = self.table.find(name, 0);
        let queue = number.and_then(|number| self.table.queues.get(number));
        let held = queue.is_some_and(|queue| queue.is_held(self.at.now_ms));
        let repeated = self.last.contains("request: Some");
        assert!(!held || repeated, "a paused queue delivers: {}", self.last);
    }

    /// S11: a named request that is repeated gets what it got, as far as that lasts.
    fn check_repeat(&mut self, step: &Step<'_>, outcome: &Outcome, before: &Seen) {
        let Step::Op(Op::Pop {
            queues, want: Want::Of { request: Some(request), settle, .. }, ..
        }) = step
        else {
            return;
        };
        let [queue] = queues[..] else { return };
        if *settle {
            return;
        }
        let key = (queue.to_vec(), request.to_vec());
        let got: Vec<(Receipt, u64)> =
            deliveries(step, outcome).into_iter().map(|(_, receipt, ..)| (receipt, 0)).collect();
        if let Some(first) = self.asked.get(&key) {
            let lasts = |(receipt, _): &&(Receipt, u64)| {
                let Receipt::Of { seq, attempt, .. } = *receipt;
                let was = before.get(&(queue.to_vec(), seq)).filter(|was| was.attempts == attempt);
                let lease = was.and_then(|was| was.lease());
                lease.is_some_and(|it| it.until_ms > self.at.now_ms && it.asked > 0)
            };
            let due: Vec<_> = first.iter().filter(lasts).copied().collect();
            assert!(due.is_empty() || got == due, "a repetition differs: {}", self.last);
        }
        if !got.is_empty() {
            self.asked.insert(key, got);
        } else if *outcome != Outcome::Nil {
            self.asked.remove(&key);
        }
    }

    /// The queue of a delivery whose answer does not name it.
    fn name_of(&self, seq: u64, attempt: u32, after: &Seen) -> Option<Vec<u8>> {
        let it = |((_, other), message): &(&Id, &Message)| {
            let fresh = message.lease().is_some_and(|lease| lease.fence == self.at.seq);
            *other == seq && message.attempts == attempt && fresh
        };
        let mut found = after.iter().filter(it);
        let (name, _) = found.next()?.0;
        found.next().is_none().then(|| name.clone())
    }

    /// S15, S16: no limit is passed by one.
    fn check_bounds(&self) {
        for (number, queue) in self.table.queues.iter() {
            let shape = &self.table.sides.get(&number).unwrap().shape;
            let rules = queue.rules();
            let (length, inflight) = (shape.living() as u64, shape.inflight.len() as u64);
            let within = |used: u64, max: u64| max == 0 || used <= max;
            // Dead letters and moves look for room as well.
            assert!(within(length, rules.length_max), "too long: {}", self.last);
            assert!(within(shape.bytes - shape.dead_bytes, rules.bytes_max), "{}", self.last);
            assert!(within(inflight, rules.inflight_max), "too many in flight: {}", self.last);
            for members in shape.groups.values() {
                assert!(members.inflight as u64 <= rules.group_inflight, "{}", self.last);
            }
            for (_, message) in queue.messages.iter() {
                let max = message.extra().fails_max.unwrap_or(rules.fails_max);
                let had = match rules.counts_attempts {
                    true => message.attempts - message.extra().attempts_before,
                    false => message.fails,
                };
                // Without RESET every redrive is good for one more.
                let redriven = message.extra().redriven;
                assert!(max == 0 || had <= max || redriven, "too often: {}", self.last);
            }
        }
    }

    /// S12, S13: one has a group at a time, and gets its messages in order.
    fn check_groups(&self, before: &Seen, after: &Seen) {
        for ((name, seq), message) in after {
            let (Some(group), Some(lease)) = (message.extra().group, message.lease()) else {
                continue;
            };
            let number = self.table.find(name, 0).unwrap();
            let skips = self.table.queues.get(number).unwrap().rules().group_skips;
            let rank = |seq: u64, message: &Message| message.extra().rank.unwrap_or(seq);
            let new = before
                .get(&(name.clone(), *seq))
                .is_none_or(|was| was.lease().is_none_or(|before| before.fence != lease.fence));
            for ((other_name, other_seq), other) in after {
                if other_name != name || other.extra().group != Some(group) {
                    continue;
                }
                if let Some(other_lease) = other.lease() {
                    let same = other_lease.fence == lease.fence;
                    assert!(same, "two have one group: {}", self.last);
                } else if new && !skips && other.state != State::Dead {
                    let behind = rank(*other_seq, other) > rank(*seq, message);
                    let before = before.get(&(name.clone(), *other_seq));
                    let came_back = before.is_some_and(|was| was.lease().is_some());
                    assert!(behind || came_back, "out of the order of a group: {}", self.last);
                }
            }
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

type Delivered = (Option<Vec<u8>>, Receipt, Vec<u8>, Vec<Outcome>);

/// The deliveries in an outcome.
fn deliveries(step: &Step<'_>, outcome: &Outcome) -> Vec<Delivered> {
    if let Step::Op(Op::Push { .. } | Op::Extend { .. }) = step
        && !has_receipt(outcome)
    {
        return Vec::new();
    }
    let mut found = Vec::new();
    gather(None, outcome, &mut found);
    found
}

fn has_receipt(outcome: &Outcome) -> bool {
    outcome.has_body()
}

fn gather(name: Option<&[u8]>, outcome: &Outcome, found: &mut Vec<Delivered>) {
    let Outcome::List(parts) = outcome else { return };
    match &parts[..] {
        [Outcome::Bytes(receipt), Outcome::Body(body), rest @ ..] => {
            let Some(receipt) = Receipt::parse(receipt) else { return };
            let meta = match rest {
                [Outcome::List(meta)] => meta.clone(),
                _ => Vec::new(),
            };
            let body = body.here.as_deref().unwrap_or_default().to_vec();
            found.push((name.map(<[u8]>::to_vec), receipt, body, meta));
        }
        [Outcome::Bytes(name), Outcome::List(list)] => {
            list.iter().for_each(|item| gather(Some(name), item, found));
        }
        parts => parts.iter().for_each(|item| gather(name, item, found)),
    }
}
