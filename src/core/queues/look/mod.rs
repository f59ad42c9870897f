//! What can be asked of the queues without changing them.

mod info;
mod messages;
mod people;
mod scan;

use super::message::Message;
use super::op::Order;
use super::queue::Queue;
use super::receipt::id;
use super::rules::shown;
use super::shape::Shape;
use super::table::Table;
use super::{Op, SETTING_NAMES};
use crate::{Fault, Outcome, Stamp};

pub use info::INFO_NAMES;

/// A queue that is looked at.
struct View<'a> {
    now_ms: u64,
    queue: &'a Queue,
    shape: &'a Shape,
    /// Who waits for it, over all queues of the table.
    table: &'a Table,
}

impl Table {
    /// The outcome of an operation that only reads.
    pub(crate) fn look(&self, now_ms: u64, op: &Op<'_>) -> Outcome {
        if let Some(refused) = self.partitioned(op) {
            return refused;
        }
        if let Op::Scan { cursor, count, pattern, length_min, dead } = *op {
            return self.scan(cursor, count, pattern, length_min, dead);
        }
        let number = self.find_made(op.name(), op.part());
        let found = number.and_then(|number| {
            let (queue, side) = (self.queues.get(number)?, self.sides.get(&number)?);
            Some(View { now_ms, queue, shape: &side.shape, table: self })
        });
        match found {
            Some(view) => view.look(op),
            None => match op {
                Op::Len { .. } => Outcome::Int(0),
                Op::Get { .. } | Op::RedriveStatus { .. } => Outcome::Nil,
                Op::Messages { .. } => {
                    Outcome::List(vec![Outcome::Int(0), Outcome::List(Vec::new())])
                }
                Op::Info { .. } | Op::Config { .. } => Fault::NoSuchQueue.into(),
                _ => Outcome::List(Vec::new()),
            },
        }
    }
}

impl View<'_> {
    fn look(&self, op: &Op<'_>) -> Outcome {
        match *op {
            Op::Len { which, .. } => int(self.len(which) as u64),
            Op::Info { queue, .. } => {
                let set = config(self.queue, &[]);
                let name = Outcome::Bytes(queue.to_vec());
                Outcome::List(vec![self.info(), set, self.redrive_status(), name])
            }
            Op::Config { ref tags, .. } => config(self.queue, tags),
            Op::RedriveStatus { .. } => self.redrive_status(),
            Op::Peek { which, count, newest, from, meta, .. } => {
                self.peek(which, count, newest, from, meta)
            }
            Op::Get { queue, seq, .. } => self.get(queue, seq),
            Op::Messages { cursor, count, ref which, group, reason, .. } => {
                self.messages(cursor, count, which, group, reason)
            }
            Op::Pending { consumer, idle_ms, count, .. } => self.pending(consumer, idle_ms, count),
            Op::Consumers { .. } => self.consumers(),
            _ => Fault::Limit.into(),
        }
    }

    fn redrive_status(&self) -> Outcome {
        let Some(task) = &self.queue.task else { return Outcome::Nil };
        Outcome::List(vec![
            Outcome::Word(task.state.word()),
            int(task.moved),
            int(task.left),
            int(task.rate),
            int(task.begun_ms),
        ])
    }
}

/// The settings with these tags; all, if there are none.
fn config(queue: &Queue, tags: &[u8]) -> Outcome {
    let settings = queue.rules().settings();
    let pairs = (1..).zip(SETTING_NAMES.iter().zip(&settings));
    let pairs = pairs.filter(|(tag, _)| tags.is_empty() || tags.contains(tag));
    let pairs =
        pairs.map(|(_, (name, setting))| Outcome::List(vec![Outcome::Word(name), shown(setting)]));
    Outcome::List(pairs.collect())
}

/// What is known about a message, in the order of
/// [`META_NAMES`](super::META_NAMES).
pub(super) fn meta_of(
    queue: &Queue,
    seq: u64,
    message: &Message,
    group: Option<&[u8]>,
    at: &Stamp,
) -> Outcome {
    meta(queue, seq, message, group, Some(at))
}

/// `at`: when it is delivered and settled at once.
fn meta(
    queue: &Queue,
    seq: u64,
    message: &Message,
    group: Option<&[u8]>,
    at: Option<&Stamp>,
) -> Outcome {
    let extra = message.extra();
    let lease = message.lease();
    let bytes = |bytes: Option<&[u8]>| bytes.map_or(Outcome::Nil, |it| Outcome::Bytes(it.to_vec()));
    let headers = extra.headers.iter().flat_map(|(name, value)| [name, value]);
    let headers = headers.map(|part| Outcome::Bytes(part.to_vec()));
    let first_ms = message.first_ms().or(at.map(|at| at.now_ms));
    let fence = lease.map(|lease| lease.fence).or(at.map(|at| at.seq));
    Outcome::List(vec![
        Outcome::Bytes(id(queue.part, seq)),
        int(message.attempts.into()),
        int(message.fails.into()),
        int(message.pushed_ms),
        int_or_none(first_ms),
        int_or_none(lease.map(|lease| lease.until_ms)),
        bytes(group),
        int(extra.priority.into()),
        int_or_none(fence),
        Outcome::List(headers.collect()),
        bytes(extra.dedup.as_ref().map(|(_, id)| &**id)),
        int(extra.gap.into()),
        int(extra.redriven.into()),
        extra.reason.map_or(Outcome::Nil, |reason| Outcome::Word(reason.word())),
        bytes(extra.error.as_deref()),
    ])
}

/// The messages that are ready, about in the order in which they are delivered: groups
/// are taken as if each message stood for itself.
pub(super) fn in_order<'a>(
    queue: &'a Queue,
    shape: &'a Shape,
) -> Box<dyn Iterator<Item = u64> + 'a> {
    let by_priority = matches!(queue.rules().order, Order::Priority {});
    let newest_first = matches!(queue.rules().order, Order::Lifo {});
    let plain = || shape.levels.iter().rev();
    let several = plain().count() + usize::from(!shape.grouped.is_empty()) > 1;
    if by_priority || !several {
        let levels = plain().flat_map(move |(_, set)| {
            let ranks: Box<dyn Iterator<Item = u64> + 'a> = match newest_first {
                true => Box::new(set.iter().rev()),
                false => Box::new(set.iter()),
            };
            ranks
        });
        return Box::new(levels.chain(shape.grouped.iter()).map(|rank| shape.seq_of(rank)));
    }
    let mut heads: Vec<_> = plain()
        .map(|(_, set)| set)
        .chain(std::iter::once(&shape.grouped))
        .map(|set| -> std::iter::Peekable<Box<dyn Iterator<Item = u64> + 'a>> {
            let ranks: Box<dyn Iterator<Item = u64> + 'a> =
                if newest_first { Box::new(set.iter().rev()) } else { Box::new(set.iter()) };
            ranks.peekable()
        })
        .collect();
    Box::new(std::iter::from_fn(move || {
        let next = heads.iter_mut().filter_map(|head| head.peek().copied());
        let rank = if newest_first { next.max() } else { next.min() }?;
        let rank = heads.iter_mut().find_map(|head| head.next_if_eq(&rank))?;
        Some(shape.seq_of(rank))
    }))
}

fn int(number: u64) -> Outcome {
    Outcome::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn int_or_none(number: Option<u64>) -> Outcome {
    number.map_or(Outcome::Int(-1), int)
}
