//! The queues of a shard and their operations.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bodies::Local;
use super::desk::Desk;
use super::index::Index;
use super::pop::Pop;
use super::push::{Push, limit, named};
use super::queue::Queue;
use super::shape::Shape;
use super::waiter::{Ask, Waiter};
use super::{Op, QUEUES_MAX, WHOLE};
use crate::image::{Named, Paged};
use crate::lives::Lives;
use crate::{Effects, Fault, Outcome, Read, Stamp};

/// The queues of a shard.
#[derive(Debug)]
pub struct Table {
    /// The numbers of the partitions of each queue.
    pub(super) names: Named<Parts>,
    /// By number.
    pub(super) queues: Paged<Arc<Queue>>,
    /// What follows from each, by number.
    pub(super) sides: BTreeMap<u64, Side>,
    /// Who waits, by place in line.
    pub(super) waiters: Paged<Waiter>,
    pub(super) last_number: u64,
    pub(super) last_place: u64,
    /// Where a new queue begins to count: behind all messages of queues that
    /// were destroyed, so that an old receipt never meets a new message.
    pub(super) first_seq: u64,
    pub(super) lives: Lives,
    pub(super) index: Index,
    /// Whether the rules are looked at after every operation.
    pub(super) watched: bool,
}

/// The numbers of the partitions of a queue.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    /// That of partition 0; 0: it is not here.
    zero: u64,
    /// Those of the others.
    more: Option<Arc<BTreeMap<u32, u64>>>,
}

/// What follows from a queue, and where its bodies are.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub shape: Shape,
    pub local: Local,
}

/// A read looks at so many due things to see whether one concerns its queue.
const DUE_LOOKED_AT: usize = 64;

impl Table {
    /// A table without queues.
    pub fn new() -> Self {
        Table {
            names: Named::new(),
            queues: Paged::new(),
            sides: BTreeMap::new(),
            waiters: Paged::new(),
            last_number: 0,
            last_place: 0,
            first_seq: 1,
            lives: Lives::default(),
            index: Index::default(),
            watched: cfg!(debug_assertions),
        }
    }

    /// Carries out an operation. One that only reads changes nothing.
    pub fn apply(&mut self, at: &Stamp, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        if !op.is_write() {
            return self.look(at.now_ms, op);
        }
        if let Some(refused) = self.partitioned(op) {
            return refused;
        }
        self.free_some();
        let outcome = self.carry_out(at, op, fx);
        self.send_letters(at, fx);
        self.check_named(op);
        outcome
    }

    /// Answers an operation that only reads, at `now_ms` by the reader's clock
    /// and `clock_ms` by the shard's.
    pub fn read(&self, now_ms: u64, clock_ms: u64, op: &Op<'_>) -> Read {
        let now_ms = now_ms.max(clock_ms);
        let due = |number| self.index.is_due(now_ms, number, DUE_LOOKED_AT);
        if op.names().filter_map(|name| self.find(name, op.part())).any(due) {
            return Read::TickFirst;
        }
        Read::Done(self.look(now_ms, op))
    }

    /// How many queues there are, each partition counted.
    pub fn len(&self) -> usize {
        self.queues.iter().filter(|(_, queue)| queue.made).count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a queue of this name, with its partition 0.
    pub fn holds(&self, name: &[u8]) -> bool {
        self.find_made(name, 0).is_some()
    }

    /// Whether no queue is here, not even one that is only waited for.
    pub fn has_no_names(&self) -> bool {
        self.names.is_empty()
    }

    /// How many messages there are and how many bytes their bodies have.
    pub fn messages(&self) -> (usize, usize) {
        let counts = self.queues.iter().map(|(_, queue)| queue.messages.len());
        let bytes = self.sides.values().map(|side| side.shape.bytes as usize);
        (counts.sum(), bytes.sum())
    }

    /// How many requests wait for a message.
    pub fn waiting(&self) -> usize {
        self.waiters.len()
    }

    fn carry_out(&mut self, at: &Stamp, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        match *op {
            Op::Push { queue, part, ref bodies, ref manner, length_max, create, atomic, form } => {
                let push = Push { bodies, manner, length_max, create, atomic, form };
                named(form, queue, self.push(at, queue, part, &push, fx))
            }
            Op::Pop { ref queues, part, ref want, named, fair, wait } => {
                let ask = Ask::of(want);
                self.pop(at, Pop { queues, part, ask, named, fair, wait, before: None }, fx)
            }
            Op::Ack { queue, part, ref receipts, verbose, ref pop, wait } => {
                self.ack(at, (queue, part), receipts, verbose, pop.as_ref().zip(Some(wait)), fx)
            }
            Op::Nack { queue, part, ref receipts, blame, delay_ms, error, priority } => {
                let back = super::receipts::Back { blame, delay_ms, error, priority };
                self.nack(at, (queue, part), receipts, &back, fx)
            }
            Op::Extend { queue, part, ref receipts, lease_ms } => {
                self.extend(at, (queue, part), receipts, lease_ms, fx)
            }
            Op::Purge { queue, part, ref which, group, older_ms } => {
                self.purge(at, (queue, part), which, group, older_ms, fx)
            }
            Op::Destroy { queue, part, if_empty } => self.destroy(queue, part, if_empty),
            Op::CancelWait { origin, request, error, .. } => {
                self.cancel_wait(origin, request, error, fx)
            }
            Op::Delete { queue, part, ref seqs, force } => {
                self.delete(at, (queue, part), seqs, force, fx)
            }
            Op::Reschedule { queue, part, seq, visible } => {
                self.reschedule(at, (queue, part), seq, visible, fx)
            }
            Op::Create { queue, part, ref settings, if_new } => {
                self.create(at, (queue, part), settings, if_new, fx)
            }
            Op::Configure { queue, part, ref settings } => {
                self.configure(at, (queue, part), |rules| rules.with(settings), fx)
            }
            Op::Reset { queue, part, ref tags } => {
                self.configure(at, (queue, part), |rules| rules.without(tags), fx)
            }
            Op::Pause { queue, part, input, output, for_ms } => {
                let until_ms = for_ms.map_or(u64::MAX, |ms| at.now_ms.saturating_add(ms));
                self.pause(at, (queue, part), (input, output), until_ms, fx)
            }
            Op::Resume { queue, part, input, output } => {
                self.pause(at, (queue, part), (input, output), 0, fx)
            }
            Op::Redrive { .. } => self.redrive(at, op, fx),
            Op::Release { session } => self.end_leases_of(at, session, fx),
            Op::CancelRedrive { queue, part } => self.cancel_redrive(at, (queue, part), fx),
            Op::Move { from, to, part, count, which } => {
                self.move_some(at, (from, to, part), count, which, fx)
            }
            _ => self.look(at.now_ms, op),
        }
    }

    /// What an operation on the whole of a queue gives that has several partitions: how
    /// many they are.
    pub(super) fn partitioned(&self, op: &Op<'_>) -> Option<Outcome> {
        // Who waits behind an ack waits for what any partition gets.
        let waits = matches!(op, Op::Ack { pop: Some(_), wait: Some(_), .. });
        if (op.part() != WHOLE && !waits) || op.is_for_home() {
            return None;
        }
        let numbers = op.names().filter_map(|name| self.find(name, op.part()));
        let counts = numbers.filter_map(|number| Some(self.queues.get(number)?.rules().partitions));
        let count = counts.into_iter().find(|count| *count > 1)?;
        let text = count.to_string().into_bytes();
        Some(Outcome::Refused { fault: Fault::Partitioned, text })
    }

    /// The number of a partition of a queue.
    pub(super) fn find(&self, name: &[u8], part: u32) -> Option<u64> {
        self.names.get(name)?.number_of(own(part))
    }

    /// The same, if it is more than waited for.
    pub(super) fn find_made(&self, name: &[u8], part: u32) -> Option<u64> {
        self.find(name, part).filter(|number| self.is_made(*number))
    }

    pub(super) fn is_made(&self, number: u64) -> bool {
        self.queues.get(number).is_some_and(|queue| queue.made)
    }

    /// The number of a queue, which begins if it is not there.
    pub(super) fn open(&mut self, name: &[u8], part: u32) -> Result<u64, Outcome> {
        if let Some(number) = self.find(name, part) {
            return Ok(number);
        }
        if self.queues.len() >= QUEUES_MAX {
            return Err(limit("too many queues"));
        }
        let name = self.names.shared_name(name).unwrap_or_else(|| name.into());
        self.last_number += 1;
        self.add_queue(Queue::new(name, own(part), self.last_number, self.first_seq));
        Ok(self.last_number)
    }

    /// Takes a queue in.
    pub(super) fn add_queue(&mut self, queue: Queue) {
        let (name, part, number) = (queue.name.clone(), queue.part, queue.number);
        let mut parts = self.names.get(&name).cloned().unwrap_or_default();
        parts.set(part, number);
        self.names.insert(name, parts);
        self.sides.insert(number, Side::default());
        self.queues.insert(number, Arc::new(queue));
    }

    /// Forgets a queue that was only there for those who waited.
    pub(super) fn close_if_idle(&mut self, number: u64) {
        let idle = |queue: &Arc<Queue>| !queue.made;
        let waited_for = self.sides.get(&number).is_some_and(|side| side.shape.waiting > 0);
        if waited_for || !self.queues.get(number).is_some_and(idle) {
            return;
        }
        let Some(queue) = self.queues.remove(number) else { return };
        self.sides.remove(&number);
        let mut parts = self.names.get(&queue.name).cloned().unwrap_or_default();
        parts.set(queue.part, 0);
        if parts == Parts::default() {
            self.names.remove(&queue.name);
        } else {
            self.names.insert(queue.name.clone(), parts);
        }
    }

    /// The place where a queue is changed.
    pub(super) fn desk(&mut self, number: u64) -> Desk<'_> {
        let known = "whoever has the number found the queue";
        let queue = Arc::make_mut(self.queues.get_mut(number).expect(known));
        let Side { shape, local } = self.sides.get_mut(&number).expect(known);
        Desk { queue, shape, local, index: &mut self.index }
    }

    /// What follows from a change of a queue: those who wait are served.
    pub(super) fn finish(&mut self, at: &Stamp, number: u64, fx: &mut Effects) {
        self.serve(at, number, fx);
        let mut desk = self.desk(number);
        desk.go_on_with_redrive(at);
        desk.rearm();
        desk.offer(at, fx);
        self.close_if_idle(number);
    }

    /// Ends the wait of a request.
    fn cancel_wait(
        &mut self,
        origin: crate::Origin,
        request: u64,
        error: bool,
        fx: &mut Effects,
    ) -> Outcome {
        let answer = if error { Fault::Unblocked.into() } else { Outcome::Nil };
        let Some(place) = self.index.place_of(origin, request) else { return Outcome::Int(0) };
        self.end_wait(place, Some(answer), fx);
        Outcome::Int(1)
    }
}

/// The partition that carries out what is about all of them.
fn own(part: u32) -> u32 {
    if part == WHOLE { 0 } else { part }
}

impl Parts {
    /// The number of a partition.
    pub fn number_of(&self, part: u32) -> Option<u64> {
        match part {
            0 => (self.zero > 0).then_some(self.zero),
            part => self.more.as_ref()?.get(&part).copied(),
        }
    }

    /// Changes the number of a partition; 0: it is not here.
    fn set(&mut self, part: u32, number: u64) {
        if part == 0 {
            self.zero = number;
            return;
        }
        let more = Arc::make_mut(self.more.get_or_insert_default());
        if number == 0 {
            more.remove(&part);
        } else {
            more.insert(part, number);
        }
        if more.is_empty() {
            self.more = None;
        }
    }

    /// The numbers of all partitions that are here.
    pub fn numbers(&self) -> impl Iterator<Item = u64> + '_ {
        let more = self.more.iter().flat_map(|more| more.values().copied());
        (self.zero > 0).then_some(self.zero).into_iter().chain(more)
    }
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}
