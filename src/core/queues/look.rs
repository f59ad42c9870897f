//! What can be asked of the queues without changing them.

use super::queue::Queue;
use super::receipt::id;
use super::table::Table;
use super::{ANSWER_BYTES_MAX, Op, Which};
use crate::{Fault, Outcome};

/// What QINFO tells, in the order of its outcome.
pub const INFO_NAMES: [&str; 19] = [
    "ready",
    "delayed",
    "inflight",
    "dead",
    "bytes",
    "waiting",
    "pushed",
    "delivered",
    "redelivered",
    "acked",
    "noack",
    "nacked",
    "expired-leases",
    "dead-total",
    "purged",
    "late-acks",
    "stale-acks",
    "oldest-ready-age-ms",
    "oldest-any-age-ms",
];

impl Table {
    /// The outcome of an operation that only reads.
    pub(crate) fn look(&self, now_ms: u64, op: &Op<'_>) -> Outcome {
        let queue = self.queues.get(op.name()).filter(|queue| queue.exists());
        match (op, queue) {
            (Op::Len { which, .. }, Some(queue)) => Outcome::Int(len(queue, *which) as i64),
            (Op::Len { .. }, None) => Outcome::Int(0),
            (Op::Peek { count, newest, .. }, Some(queue)) => peek(queue, *count, *newest),
            (Op::Peek { .. }, None) => Outcome::List(Vec::new()),
            (Op::Info { .. }, Some(queue)) => {
                Outcome::List(vec![info(now_ms, queue), Outcome::List(Vec::new()), Outcome::Nil])
            }
            (_, Some(_)) => Fault::Limit.into(),
            (_, None) => Fault::NoSuchQueue.into(),
        }
    }
}

fn len(queue: &Queue, which: Option<Which>) -> usize {
    match which {
        Some(Which::Ready {}) => queue.ready.len(),
        Some(Which::Delayed {}) => queue.delayed,
        Some(Which::Inflight {}) => queue.inflight,
        Some(Which::Dead {}) => queue.dead.len(),
        None => queue.messages.len(),
    }
}

fn peek(queue: &Queue, count: u64, newest: bool) -> Outcome {
    if newest {
        show(queue, queue.ready.iter().rev(), count)
    } else {
        show(queue, queue.ready.iter(), count)
    }
}

fn show(queue: &Queue, seqs: impl Iterator<Item = u64>, count: u64) -> Outcome {
    let mut list = Vec::new();
    let mut bytes = 0;
    for seq in seqs.take(usize::try_from(count).unwrap_or(usize::MAX)) {
        if bytes >= ANSWER_BYTES_MAX {
            break;
        }
        let body = &queue.messages.get(seq).expect("what is ready is kept").body;
        bytes += body.len();
        list.push(Outcome::List(vec![Outcome::Bytes(id(seq)), Outcome::Bytes(body.to_vec())]));
    }
    Outcome::List(list)
}

fn info(now_ms: u64, queue: &Queue) -> Outcome {
    let counts = &queue.counts;
    let age = |seq: Option<u64>| {
        let message = seq.and_then(|seq| queue.messages.get(seq));
        message.map_or(-1, |message| now_ms.saturating_sub(message.pushed_ms) as i64)
    };
    let numbers: [i64; INFO_NAMES.len()] = [
        queue.ready.len() as i64,
        queue.delayed as i64,
        queue.inflight as i64,
        queue.dead.len() as i64,
        queue.bytes as i64,
        queue.line.len() as i64,
        counts.pushed as i64,
        counts.delivered as i64,
        counts.redelivered as i64,
        counts.acked as i64,
        counts.unacked as i64,
        counts.nacked as i64,
        counts.expired as i64,
        counts.died as i64,
        counts.purged as i64,
        counts.late_acks as i64,
        counts.stale_acks as i64,
        age(queue.ready.first()),
        age(queue.messages.first().map(|(seq, _)| seq)),
    ];
    Outcome::List(numbers.into_iter().map(Outcome::Int).collect())
}
