//! The queues of a shard and their operations.

use super::index::Index;
use super::message::{Consumer, State, Want};
use super::op::{Manner, Want as Asked};
use super::queue::{Desk, Queue};
use super::receipt::id;
use super::{ANSWER_BYTES_MAX, BODY_BYTES_MAX, CONSUMERS_MAX, Op, Visible};
use crate::image::{Name, Named};
use crate::lives::Lives;
use crate::{Effect, Effects, Fault, Origin, Outcome, Read, Stamp, Wait};

/// The queues of a shard.
#[derive(Debug)]
pub struct Table {
    pub(super) queues: Named<Queue>,
    /// Where a new queue begins to count: behind all messages of queues that
    /// were destroyed, so that an old receipt never meets a new message.
    pub(super) first_seq: u64,
    pub(super) lives: Lives,
    pub(super) index: Index,
}

/// A read looks at so many due things to see whether one concerns its queue.
const DUE_LOOKED_AT: usize = 64;

impl Table {
    /// A table without queues.
    pub fn new() -> Self {
        Table {
            queues: Named::new(),
            first_seq: 1,
            lives: Lives::default(),
            index: Index::default(),
        }
    }

    /// Carries out an operation. One that only reads changes nothing.
    pub fn apply(&mut self, at: &Stamp, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        if !op.is_write() {
            return self.look(at.now_ms, op);
        }
        let outcome = self.carry_out(at, op, fx);
        debug_assert!(self.is_conserved(op.name()), "a message is lost or doubled");
        outcome
    }

    /// Answers an operation that only reads, at `now_ms` by the reader's clock
    /// and `clock_ms` by the shard's.
    pub fn read(&self, now_ms: u64, clock_ms: u64, op: &Op<'_>) -> Read {
        let now_ms = now_ms.max(clock_ms);
        if self.index.is_due(now_ms, op.name(), DUE_LOOKED_AT) {
            return Read::TickFirst;
        }
        Read::Done(self.look(now_ms, op))
    }

    /// How many queues there are.
    pub fn len(&self) -> usize {
        self.queues.iter().filter(|(_, queue)| queue.exists()).count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages there are and how many bytes their bodies take.
    pub fn messages(&self) -> (usize, usize) {
        let sizes = self.queues.iter().map(|(_, queue)| (queue.messages.len(), queue.bytes));
        sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
    }

    /// How many requests wait for a message.
    pub fn waiting(&self) -> usize {
        self.queues.iter().map(|(_, queue)| queue.line.len()).sum()
    }

    fn carry_out(&mut self, at: &Stamp, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        match *op {
            Op::Push { queue, ref bodies, manner: Manner::Of { visible, .. }, .. } => {
                let body = bodies.first().copied().unwrap_or_default();
                self.push(at, queue, body, visible.unwrap_or(Visible::Now {}), fx)
            }
            Op::Pop {
                ref queues, want: Asked::Of { count, lease_ms, settle, .. }, wait, ..
            } => {
                let queue = queues.first().copied().unwrap_or_default();
                self.pop(at, queue, Want { count, lease_ms, settle }, wait)
            }
            Op::Ack { queue, ref receipts, .. } => self.ack(queue, receipts),
            Op::Nack { queue, ref receipts, blame, delay_ms, .. } => {
                self.nack(at, queue, receipts, blame, delay_ms, fx)
            }
            Op::Extend { queue, ref receipts, lease_ms, .. } => {
                self.extend(at, queue, receipts, lease_ms)
            }
            Op::Purge { queue, .. } => self.purge(queue),
            Op::Destroy { queue, .. } => self.destroy(queue),
            Op::CancelWait { queue, origin, request, error, .. } => {
                let answer = if error { Fault::Unblocked.into() } else { Outcome::Nil };
                self.cancel(queue, origin, request, answer, fx)
            }
            Op::Len { .. } | Op::Peek { .. } | Op::Info { .. } => self.look(at.now_ms, op),
            _ => Fault::Limit.into(),
        }
    }

    fn push(
        &mut self,
        at: &Stamp,
        name: &[u8],
        body: &[u8],
        visible: Visible,
        fx: &mut Effects,
    ) -> Outcome {
        if body.len() > BODY_BYTES_MAX {
            return Fault::TooBig.into();
        }
        let until_ms = match visible {
            Visible::Now {} => at.now_ms,
            Visible::In { ms } => at.now_ms.saturating_add(ms),
            Visible::At { ms } => ms,
        };
        let name = self.open(name);
        let seq = self.desk(&name).push(at, body, visible_at(at, until_ms));
        self.serve(at, &name, fx);
        Outcome::Bytes(id(seq))
    }

    fn pop(&mut self, at: &Stamp, name: &[u8], want: Want, wait: Option<Wait>) -> Outcome {
        if let Some(shared) = self.queues.shared_name(name) {
            let mut desk = self.desk(&shared);
            if !desk.queue.ready.is_empty() {
                return hand_out(at, &mut desk, &want);
            }
        }
        match wait {
            Some(Wait::For { origin, .. }) if self.lives.is_over(origin) => Outcome::Nil,
            Some(wait) => self.enqueue(at, name, want, wait),
            None => Outcome::Nil,
        }
    }

    fn enqueue(&mut self, at: &Stamp, name: &[u8], want: Want, wait: Wait) -> Outcome {
        let Wait::For { origin, request, block_ms } = wait;
        let name = self.open(name);
        if self.index.place_of(&name, origin, request).is_some() {
            // The same request, sent once more after a change of leader.
            return Outcome::Waits;
        }
        let mut desk = self.desk(&name);
        if desk.queue.line.len() >= CONSUMERS_MAX {
            return Fault::Limit.into();
        }
        let deadline_ms = (block_ms > 0).then(|| at.now_ms.saturating_add(block_ms));
        let place = desk.queue.next_place();
        desk.enqueue(place, Consumer { origin, request, deadline_ms, want });
        Outcome::Waits
    }

    fn purge(&mut self, name: &[u8]) -> Outcome {
        let Some(name) = self.queues.shared_name(name) else { return Outcome::Int(0) };
        let mut desk = self.desk(&name);
        let purged = desk.clear();
        desk.queue.counts.purged += purged as u64;
        Outcome::Int(purged as i64)
    }

    fn destroy(&mut self, name: &[u8]) -> Outcome {
        let exists = self.queues.get(name).is_some_and(Queue::exists);
        let Some(name) = self.queues.shared_name(name).filter(|_| exists) else {
            return Outcome::Int(0);
        };
        let mut desk = self.desk(&name);
        desk.clear();
        let next_seq = desk.queue.next_seq;
        // Those who wait go on waiting: for whoever pushes next.
        let line = std::mem::take(&mut desk.queue.line);
        self.first_seq = self.first_seq.max(next_seq);
        self.queues.insert(name.clone(), Queue { line, ..Queue::new(next_seq) });
        self.close_if_idle(&name);
        Outcome::Int(1)
    }

    fn cancel(
        &mut self,
        name: &[u8],
        origin: Origin,
        request: u64,
        outcome: Outcome,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(name) = self.queues.shared_name(name) else { return Outcome::Int(0) };
        let Some(place) = self.index.place_of(&name, origin, request) else {
            return Outcome::Int(0);
        };
        self.end_wait(&name, place, Some(outcome), fx);
        Outcome::Int(1)
    }

    /// The name of a queue, which is made if it is not there.
    fn open(&mut self, name: &[u8]) -> Name {
        self.queues.shared_name(name).unwrap_or_else(|| {
            let name: Name = name.into();
            self.queues.insert(name.clone(), Queue::new(self.first_seq));
            name
        })
    }

    /// Forgets a queue that was only there for those who waited.
    pub(super) fn close_if_idle(&mut self, name: &Name) {
        let idle = |queue: &Queue| !queue.exists() && queue.line.is_empty();
        if self.queues.get(name).is_some_and(idle) {
            self.queues.remove(name);
        }
    }

    /// The place where a queue is changed.
    pub(super) fn desk<'a>(&'a mut self, name: &'a Name) -> Desk<'a> {
        let queue = self.queues.get_mut(name).expect("whoever has the name found the queue");
        Desk { name, queue, index: &mut self.index }
    }

    /// Hands out what is ready to those who wait, in the order they came.
    pub(super) fn serve(&mut self, at: &Stamp, name: &Name, fx: &mut Effects) {
        let mut desk = self.desk(name);
        while !desk.queue.ready.is_empty()
            && let Some((place, _)) = desk.queue.line.first()
            && let Some(consumer) = desk.dequeue(place)
        {
            let late = consumer.is_late(at.now_ms);
            let outcome = if late { Outcome::Nil } else { hand_out(at, &mut desk, &consumer.want) };
            answer(&consumer, outcome, fx);
        }
    }

    fn is_conserved(&self, name: &[u8]) -> bool {
        self.queues.get(name).is_none_or(Queue::is_conserved)
    }
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

/// Delivers what is ready, lowest number first.
fn hand_out(at: &Stamp, desk: &mut Desk<'_>, want: &Want) -> Outcome {
    let mut list = Vec::new();
    let mut bytes = 0;
    while (list.len() as u64) < want.count.unwrap_or(1).max(1)
        && bytes < ANSWER_BYTES_MAX
        && let Some(seq) = desk.queue.ready.first()
    {
        let (receipt, body) = if want.settle {
            desk.deliver_for_good(seq)
        } else {
            desk.deliver(at, seq, want.lease_ms)
        };
        bytes += body.len();
        let pair = vec![Outcome::Bytes(receipt.text()), Outcome::Bytes(body.to_vec())];
        list.push(Outcome::List(pair));
    }
    match want.count {
        Some(_) => Outcome::List(list),
        None => list.pop().unwrap_or(Outcome::Nil),
    }
}

/// The state of a message that becomes visible at `until_ms`.
pub(super) fn visible_at(at: &Stamp, until_ms: u64) -> State {
    if until_ms > at.now_ms { State::Delayed { until_ms } } else { State::Ready }
}

pub(super) fn answer(consumer: &Consumer, outcome: Outcome, fx: &mut Effects) {
    fx.push(Effect::Answer { origin: consumer.origin, request: consumer.request, outcome });
}
