//! The queues as one would write them down first: a list of messages, a list of
//! requests that wait, no index, everything looked for from the front.

use super::*;
use crate::queues::{DEFAULT_LEASE_MS, FAILS_MAX, LEASE_MS_MAX};

#[derive(Default)]
pub(super) struct Model {
    pub queues: Vec<Kept>,
    pub first_seq: u64,
    pub newest_boot: u64,
}

#[derive(Default)]
pub(super) struct Kept {
    pub name: Vec<u8>,
    pub pushed: u64,
    pub settled: u64,
    pub purged: u64,
    pub next_seq: u64,
    pub messages: Vec<Sent>,
    pub line: Vec<Asked>,
}

pub(super) struct Sent {
    pub seq: u64,
    pub body: Vec<u8>,
    pub state: Where,
    pub attempts: u32,
    pub fails: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Where {
    Ready,
    Delayed(u64),
    Inflight(u64, u64),
    Dead,
}

pub(super) struct Asked {
    pub origin: Origin,
    pub request: u64,
    pub deadline_ms: Option<u64>,
    pub count: Option<u64>,
    pub lease_ms: Option<u64>,
    pub settle: bool,
}

pub(super) type Answers = Vec<(Origin, u64, Outcome)>;

impl Kept {
    /// Hands out what is ready, first number first.
    fn take(&mut self, now_ms: u64, asked: &Asked) -> Outcome {
        let mut list = Vec::new();
        while (list.len() as u64) < asked.count.unwrap_or(1) {
            let ready = |sent: &Sent| sent.state == Where::Ready;
            let Some(at) = self.messages.iter().position(ready) else { break };
            let sent = &mut self.messages[at];
            sent.attempts += 1;
            let receipt = format!("0-{}-{}", sent.seq, sent.attempts).into_bytes();
            let pair = vec![Outcome::Bytes(receipt), Outcome::Bytes(sent.body.clone())];
            list.push(Outcome::List(pair));
            sent.state =
                Where::Inflight(now_ms, now_ms + asked.lease_ms.unwrap_or(DEFAULT_LEASE_MS));
            if asked.settle {
                self.messages.remove(at);
                self.settled += 1;
            }
        }
        match asked.count {
            _ if list.is_empty() => Outcome::Nil,
            None => list.remove(0),
            Some(_) => Outcome::List(list),
        }
    }

    fn serve(&mut self, now_ms: u64, answers: &mut Answers) {
        while self.messages.iter().any(|sent| sent.state == Where::Ready) && !self.line.is_empty() {
            let asked = self.line.remove(0);
            let late = asked.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms);
            let outcome = if late { Outcome::Nil } else { self.take(now_ms, &asked) };
            answers.push((asked.origin, asked.request, outcome));
        }
    }

    fn with(&mut self, receipt: &Receipt) -> Option<&mut Sent> {
        let Receipt::Of { part, seq, attempt } = *receipt;
        let is_it = |sent: &&mut Sent| (sent.seq, sent.attempts) == (seq, attempt);
        self.messages.iter_mut().find(is_it).filter(|_| part == 0 && attempt > 0)
    }
}

impl Sent {
    fn fail(&mut self, then: Where) {
        self.fails += 1;
        self.state = if self.fails >= FAILS_MAX { Where::Dead } else { then };
    }
}

impl Model {
    pub(super) fn apply(&mut self, now_ms: u64, op: &Op<'_>, answers: &mut Answers) -> Outcome {
        let outcome = match *op {
            Op::Push { queue, ref bodies, manner: Manner::Of { visible, .. }, .. } => {
                let (body, visible) = (bodies[0], visible.unwrap_or(Visible::Now {}));
                let queue = self.open(queue);
                let until_ms = match visible {
                    Visible::Now {} => 0,
                    Visible::In { ms } => now_ms + ms,
                    Visible::At { ms } => ms,
                };
                let state = if until_ms > now_ms { Where::Delayed(until_ms) } else { Where::Ready };
                let (seq, body) = (queue.next_seq, body.to_vec());
                queue.next_seq += 1;
                queue.pushed += 1;
                queue.messages.push(Sent { seq, body, state, attempts: 0, fails: 0 });
                queue.serve(now_ms, answers);
                Outcome::Bytes(format!("0-{seq}").into_bytes())
            }
            Op::Pop {
                ref queues, want: Want::Of { count, lease_ms, settle, .. }, wait, ..
            } => {
                let queue = queues[0];
                let (origin, request, block_ms) = match wait {
                    Some(Wait::For { origin, request, block_ms }) => (origin, request, block_ms),
                    None => (connection(0), 0, 0),
                };
                let deadline_ms = (block_ms > 0).then(|| now_ms + block_ms);
                let asked = Asked { origin, request, deadline_ms, count, lease_ms, settle };
                let over = origin.boot < self.newest_boot;
                let queue = self.open(queue);
                let waits = |other: &Asked| (other.origin, other.request) == (origin, request);
                match queue.take(now_ms, &asked) {
                    Outcome::Nil if wait.is_none() || over => Outcome::Nil,
                    Outcome::Nil if queue.line.iter().any(waits) => Outcome::Waits,
                    Outcome::Nil => {
                        queue.line.push(asked);
                        Outcome::Waits
                    }
                    taken => taken,
                }
            }
            Op::Ack { queue, ref receipts, .. } => {
                let queue = self.open(queue);
                let mut settled = 0;
                for receipt in receipts {
                    let found = queue.with(receipt).filter(|sent| sent.state != Where::Dead);
                    if let Some(seq) = found.map(|sent| sent.seq) {
                        queue.messages.retain(|sent| sent.seq != seq);
                        settled += 1;
                    }
                }
                queue.settled += settled;
                Outcome::Int(settled as i64)
            }
            Op::Nack { queue, ref receipts, blame, delay_ms, .. } => {
                let queue = self.open(queue);
                let mut given_back = 0;
                for receipt in receipts {
                    let Some(sent) = queue.with(receipt) else { continue };
                    if !matches!(sent.state, Where::Inflight(..)) {
                        continue;
                    }
                    given_back += 1;
                    let delay_ms = delay_ms.unwrap_or(0);
                    let back =
                        if delay_ms > 0 { Where::Delayed(now_ms + delay_ms) } else { Where::Ready };
                    match blame {
                        Blame::Fail {} => sent.fail(back),
                        Blame::Silent {} => sent.state = back,
                        Blame::Fatal {} => sent.state = Where::Dead,
                    }
                }
                queue.serve(now_ms, answers);
                Outcome::Int(given_back)
            }
            Op::Extend { queue, ref receipts, lease_ms, .. } => {
                let queue = self.open(queue);
                let lease_ms = if lease_ms == 0 { DEFAULT_LEASE_MS } else { lease_ms };
                let extended = receipts.iter().map(|receipt| {
                    let Some(sent) = queue.with(receipt) else { return Outcome::Int(0) };
                    let Where::Inflight(since_ms, until_ms) = sent.state else {
                        return Outcome::Int(0);
                    };
                    if until_ms <= now_ms {
                        return Outcome::Int(0);
                    }
                    let until_ms = (now_ms + lease_ms).min(since_ms + LEASE_MS_MAX);
                    sent.state = Where::Inflight(since_ms, until_ms);
                    Outcome::Int(until_ms as i64)
                });
                Outcome::List(extended.collect())
            }
            Op::Purge { queue, .. } => {
                let queue = self.open(queue);
                let purged = std::mem::take(&mut queue.messages).len();
                queue.purged += purged as u64;
                Outcome::Int(purged as i64)
            }
            Op::Destroy { queue, .. } => {
                let queue = self.open(queue);
                let was_there = queue.pushed > 0;
                if was_there {
                    let (name, line) =
                        (std::mem::take(&mut queue.name), std::mem::take(&mut queue.line));
                    let next_seq = queue.next_seq;
                    *queue = Kept { name, line, next_seq, ..Kept::default() };
                    self.first_seq = self.first_seq.max(next_seq);
                }
                Outcome::Int(was_there.into())
            }
            Op::CancelWait { queue, origin, request, error, .. } => {
                let queue = self.open(queue);
                let is_it = |asked: &Asked| (asked.origin, asked.request) == (origin, request);
                let found = queue.line.iter().position(is_it);
                if let Some(at) = found {
                    queue.line.remove(at);
                    let nil = Outcome::Nil;
                    let outcome = if error { Fault::Unblocked.into() } else { nil };
                    answers.push((origin, request, outcome));
                }
                Outcome::Int(found.is_some().into())
            }
            _ => unreachable!("not part of the histories"),
        };
        self.close();
        outcome
    }

    pub(super) fn expire(&mut self, now_ms: u64, budget: usize, answers: &mut Answers) -> usize {
        for ended in 0..budget {
            let due = self.queues.iter().flat_map(|queue| {
                let messages = queue.messages.iter().filter_map(|sent| match sent.state {
                    Where::Delayed(until_ms) | Where::Inflight(_, until_ms) => {
                        Some((until_ms, queue.name.clone(), 0, sent.seq as usize))
                    }
                    _ => None,
                });
                let waits = queue.line.iter().enumerate().filter_map(|(place, asked)| {
                    Some((asked.deadline_ms?, queue.name.clone(), 1, place))
                });
                messages.chain(waits)
            });
            let Some((_, name, kind, which)) = due.filter(|due| due.0 <= now_ms).min() else {
                return ended;
            };
            let queue = self.open(&name);
            if kind == 1 {
                let asked = queue.line.remove(which);
                answers.push((asked.origin, asked.request, Outcome::Nil));
            } else {
                let is_it = |sent: &&mut Sent| sent.seq == which as u64;
                let sent = queue.messages.iter_mut().find(is_it).unwrap();
                match sent.state {
                    Where::Inflight(..) => sent.fail(Where::Ready),
                    _ => sent.state = Where::Ready,
                }
                queue.serve(now_ms, answers);
            }
            self.close();
        }
        budget
    }

    pub(super) fn end_connections(&mut self, ends: impl Fn(Origin) -> bool) {
        self.queues.iter_mut().for_each(|queue| queue.line.retain(|asked| !ends(asked.origin)));
        self.close();
    }

    fn open(&mut self, name: &[u8]) -> &mut Kept {
        let found = self.queues.iter().position(|queue| queue.name == name);
        let at = found.unwrap_or_else(|| {
            let next_seq = self.first_seq.max(1);
            self.queues.push(Kept { name: name.to_vec(), next_seq, ..Kept::default() });
            self.queues.len() - 1
        });
        &mut self.queues[at]
    }

    fn close(&mut self) {
        self.queues.retain(|queue| queue.pushed > 0 || !queue.line.is_empty());
    }
}
