//! QPUSH, QPOP, QACK, and whether every message arrived.
//!
//! With `--block-ms` consumers wait in the server, and fetch the next message with the
//! acknowledgement of the one before.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use redis_protocol::resp2::types::OwnedFrame;

use super::{Command, Counters, Next, Step, Workload};
use crate::Flags;
use crate::wire::{push_request, value};

/// Run, producer and number in hexadecimal.
const STAMP_BYTES: usize = 16 + 8 + 16;

/// Which messages were pushed and which arrived.
#[derive(Debug)]
pub struct Ledger {
    producers: Vec<Mutex<Messages>>,
    pushed: AtomicU64,
    arrived: AtomicU64,
    /// Producers that may still push.
    pushing: AtomicU64,
}

#[derive(Debug, Default)]
struct Messages {
    pushed: Bits,
    arrived: Bits,
}

impl Ledger {
    /// For this many producers.
    pub fn new(producers: usize) -> Self {
        Self {
            producers: (0..producers).map(|_| Mutex::default()).collect(),
            pushed: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            pushing: AtomicU64::new(producers as u64),
        }
    }

    fn pushed(&self, producer: usize, number: u64) {
        self.messages(producer).pushed.set(number);
        self.pushed.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether the message arrived for the first time.
    fn arrived(&self, producer: usize, number: u64) -> bool {
        let first = self.messages(producer).arrived.set(number);
        if first {
            self.arrived.fetch_add(1, Ordering::SeqCst);
        }
        first
    }

    /// Whether nobody pushes any more and nothing is left.
    pub(super) fn all_arrived(&self) -> bool {
        // In this order a push between the reads can only say "not yet".
        if self.pushing.load(Ordering::SeqCst) > 0 {
            return false;
        }
        let arrived = self.arrived.load(Ordering::SeqCst);
        arrived >= self.pushed.load(Ordering::SeqCst)
    }

    /// Messages acknowledged to their producer that did not arrive.
    pub fn lost(&self) -> u64 {
        let all = (0..self.producers.len()).map(|producer| self.messages(producer));
        all.map(|messages| messages.pushed.without(&messages.arrived)).sum()
    }

    fn messages(&self, producer: usize) -> MutexGuard<'_, Messages> {
        self.producers[producer].lock().expect("no holder panics")
    }
}

/// A growing set of small numbers.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    /// Whether the number is new.
    fn set(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        new
    }

    fn without(&self, other: &Bits) -> u64 {
        let theirs = other.0.iter().copied().chain(std::iter::repeat(0));
        self.0
            .iter()
            .zip(theirs)
            .map(|(mine, theirs)| u64::from((mine & !theirs).count_ones()))
            .sum()
    }
}

/// A connection that pushes.
#[derive(Debug)]
pub struct Producer {
    ledger: Arc<Ledger>,
    streams: bool,
    index: usize,
    queues: u64,
    next: u64,
    body: Vec<u8>,
}

impl Producer {
    /// Producer number `index`.
    pub fn new(flags: &Flags, index: usize, ledger: Arc<Ledger>) -> Self {
        let mut body = vec![b'.'; flags.value_bytes.max(STAMP_BYTES)];
        body[..24].copy_from_slice(format!("{:016x}{index:08x}", flags.run_id).as_bytes());
        let streams = flags.workload == Workload::Stream;
        Self { ledger, streams, index, queues: flags.queues, next: 0, body }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>) -> Step {
        let number = self.next;
        self.next += 1;
        self.body[24..STAMP_BYTES].copy_from_slice(format!("{number:016x}").as_bytes());
        let item = ((self.index as u64 + number) % self.queues) as u32;
        let command = if self.streams {
            push_request(out, &[b"XADD", &name(item), b"*", b"b", &self.body]);
            Command::XAdd
        } else {
            push_request(out, &[b"QPUSH", &name(item), &self.body]);
            Command::QPush
        };
        Step { command, item, number, work: 0, first: None }
    }

    pub(super) fn reply(&mut self, step: Step, counters: &mut Counters) -> Next {
        self.ledger.pushed(self.index, step.number);
        counters.pushed += 1;
        Next::Done
    }
}

impl Drop for Producer {
    fn drop(&mut self) {
        self.ledger.pushing.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A connection that pops and acknowledges.
#[derive(Debug)]
pub struct Consumer {
    inbox: Inbox,
    queues: u32,
    next: u32,
    block: Option<Block>,
}

/// How long a consumer waits, and for how many messages at once.
#[derive(Debug)]
struct Block {
    ms: Vec<u8>,
    count: Vec<u8>,
}

impl Consumer {
    /// Connection number `index`. It visits the queues in turn, or stays with one of
    /// them if it waits there.
    pub fn new(flags: &Flags, index: usize, ledger: Arc<Ledger>) -> Self {
        let queues = u32::try_from(flags.queues).unwrap_or(u32::MAX);
        Self {
            inbox: Inbox::new(flags, ledger),
            queues,
            next: index as u32 % queues,
            block: flags.block_ms.map(|ms| Block {
                ms: ms.to_string().into_bytes(),
                count: flags.count.to_string().into_bytes(),
            }),
        }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>) -> Step {
        let item = self.next;
        match &self.block {
            Some(Block { ms, count }) => {
                push_request(out, &[b"QPOP", &name(item), b"COUNT", count, b"BLOCK", ms]);
            }
            None => {
                self.next = (self.next + 1) % self.queues;
                push_request(out, &[b"QPOP", &name(item)]);
            }
        }
        Step { command: Command::QPop, item, number: 0, work: 0, first: None }
    }

    pub(super) fn blocks(&self) -> bool {
        self.block.is_some()
    }

    pub(super) fn reply(
        &mut self,
        step: Step,
        reply: &[u8],
        out: &mut Vec<u8>,
        counters: &mut Counters,
    ) -> Next {
        match (step.command, value(reply)) {
            (Command::QPop, Ok(OwnedFrame::Null)) => Next::Empty,
            (Command::QPop, Ok(delivered)) => match self.take(&delivered, counters) {
                Some(receipts) => Next::Request(self.ack(step.item, &receipts, out)),
                None => odd(counters),
            },
            (Command::QAck, Ok(OwnedFrame::Integer(settled))) => {
                acked(settled, step.number, counters);
                Next::Done
            }
            (Command::QAck, Ok(OwnedFrame::Array(parts))) => match parts.as_slice() {
                [OwnedFrame::Integer(settled), OwnedFrame::Null] => {
                    acked(*settled, step.number, counters);
                    Next::Done
                }
                [OwnedFrame::Integer(settled), delivered] => {
                    acked(*settled, step.number, counters);
                    match self.take(delivered, counters) {
                        Some(receipts) => Next::Onward(self.ack(step.item, &receipts, out)),
                        None => odd(counters),
                    }
                }
                _ => odd(counters),
            },
            _ => odd(counters),
        }
    }

    /// The receipts of deliveries, which are one or a list.
    fn take<'a>(
        &self,
        delivered: &'a OwnedFrame,
        counters: &mut Counters,
    ) -> Option<Vec<&'a [u8]>> {
        let OwnedFrame::Array(list) = delivered else { return None };
        let one = |pair: &'a [OwnedFrame], counters: &mut Counters| match pair {
            [OwnedFrame::BulkString(receipt), OwnedFrame::BulkString(body)] => {
                self.inbox.delivered(body, counters);
                Some(&receipt[..])
            }
            _ => None,
        };
        if self.block.is_none() {
            return Some(vec![one(list, counters)?]);
        }
        let pairs = list.iter().map(|pair| match pair {
            OwnedFrame::Array(pair) => one(pair, counters),
            _ => None,
        });
        pairs.collect()
    }

    /// Acknowledges, and asks for the next ones if there may be others.
    fn ack(&self, item: u32, receipts: &[&[u8]], out: &mut Vec<u8>) -> Step {
        let name = name(item);
        let mut words: Vec<&[u8]> = vec![b"QACK", &name];
        words.extend(receipts);
        if let Some(Block { ms, count }) = self.block.as_ref().filter(|_| self.has_rest()) {
            words.extend([&b"POP"[..], count, b"BLOCK", ms]);
        }
        push_request(out, &words);
        let number = receipts.len() as u64;
        Step { command: Command::QAck, item, number, work: 0, first: None }
    }

    pub(super) fn has_rest(&self) -> bool {
        self.inbox.expects_more()
    }
}

/// What a consumer knows of the messages it should get.
#[derive(Debug)]
pub(super) struct Inbox {
    ledger: Arc<Ledger>,
    run: [u8; 16],
}

impl Inbox {
    pub(super) fn new(flags: &Flags, ledger: Arc<Ledger>) -> Self {
        let mut run = [0; 16];
        run.copy_from_slice(format!("{:016x}", flags.run_id).as_bytes());
        Self { ledger, run }
    }

    /// A message came.
    pub(super) fn delivered(&self, body: &[u8], counters: &mut Counters) {
        match stamp(body) {
            Some((run, producer, number))
                if run == self.run && producer < self.ledger.producers.len() =>
            {
                counters.delivered += 1;
                counters.duplicates += u64::from(!self.ledger.arrived(producer, number));
            }
            _ => counters.foreign += 1,
        }
    }

    /// Whether messages are still to come.
    pub(super) fn expects_more(&self) -> bool {
        !self.ledger.all_arrived()
    }
}

/// So many deliveries were settled, of so many.
pub(super) fn acked(settled: i64, of: u64, counters: &mut Counters) {
    let settled = u64::try_from(settled).unwrap_or(0);
    counters.acked += settled;
    counters.stale_acks += of.saturating_sub(settled);
}

pub(super) fn odd(counters: &mut Counters) -> Next {
    counters.odd_replies += 1;
    Next::Done
}

pub(super) fn name(item: u32) -> Vec<u8> {
    format!("queue:{item:06}").into_bytes()
}

/// Run, producer and number of a message.
fn stamp(body: &[u8]) -> Option<(&[u8], usize, u64)> {
    let hex = |range| std::str::from_utf8(body.get(range)?).ok();
    let producer = usize::from_str_radix(hex(16..24)?, 16).ok()?;
    let number = u64::from_str_radix(hex(24..STAMP_BYTES)?, 16).ok()?;
    Some((&body[..16], producer, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_does_not_arrive_is_lost() {
        let ledger = Ledger::new(2);
        for number in 0..100 {
            ledger.pushed(1, number);
            assert!(number == 70 || ledger.arrived(1, number));
        }
        assert_eq!((ledger.lost(), ledger.all_arrived()), (1, false));
    }

    #[test]
    fn a_message_that_arrives_twice_is_a_duplicate() {
        let ledger = Ledger::new(1);
        assert!(ledger.arrived(0, 5));
        assert!(!ledger.arrived(0, 5));
    }
}
