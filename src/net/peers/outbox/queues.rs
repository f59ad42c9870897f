//! The queues of one connection, and whose turn it is.

use std::collections::VecDeque;

use bytes::Bytes;

use crate::peers::frame::{BODY_BYTES, HEAD_BYTES, Head, Kind, STREAMS, Stream};
use crate::peers::service::Lane;

/// A stream that has seen so many bytes of more urgent ones go by sends one frame.
const PASSED_BYTES_MAX: usize = 4 << 20;

/// A message in a queue.
#[derive(Debug)]
pub(super) struct Waiting {
    kind: Kind,
    id: u64,
    /// What is still to be sent of it.
    body: Bytes,
    begun: bool,
    given_up: bool,
}

impl Waiting {
    pub(super) fn new(kind: Kind, id: u64, body: Bytes) -> Self {
        Waiting { kind, id, body, begun: false, given_up: false }
    }

    fn bytes(&self) -> usize {
        HEAD_BYTES + self.body.len()
    }
}

/// A queue for each stream.
#[derive(Debug, Default)]
pub(super) struct Queues {
    queues: [Queue; STREAMS],
}

#[derive(Debug, Default)]
struct Queue {
    messages: VecDeque<Waiting>,
    bytes: usize,
    /// Bytes of more urgent streams that were sent while this one waited.
    passed: usize,
}

impl Queues {
    pub(super) fn push(&mut self, stream: Stream, message: Waiting) {
        let queue = &mut self.queues[stream as usize];
        queue.bytes += message.bytes();
        queue.messages.push_back(message);
    }

    /// Bytes in all queues.
    pub(super) fn bytes(&self) -> usize {
        self.queues.iter().map(|queue| queue.bytes).sum()
    }

    /// Bytes and messages of one lane.
    pub(super) fn of_lane(&self, lane: Lane) -> (usize, usize) {
        let mut sum = (0, 0);
        for stream in Stream::ALL {
            if stream.lane() == lane {
                let queue = &self.queues[stream as usize];
                sum = (sum.0 + queue.bytes, sum.1 + queue.messages.len());
            }
        }
        sum
    }

    /// The next frame, and whether its message begins with it.
    pub(super) fn next(&mut self) -> Option<(Head, Bytes, bool)> {
        let stream = self.turn()?;
        let queue = &mut self.queues[stream as usize];
        let message = queue.messages.front_mut().expect("it is its turn because it has one");
        let first = !message.begun;
        message.begun = true;
        let len = message.body.len().min(if message.given_up { 0 } else { BODY_BYTES });
        let body = message.body.split_to(len);
        queue.bytes -= len;
        let more = !message.body.is_empty() && !message.given_up;
        let head =
            Head { kind: message.kind, stream, more, given_up: message.given_up, id: message.id };
        if !more {
            queue.pop();
        }
        self.count_passed(stream, HEAD_BYTES + len);
        Some((head, body, first))
    }

    /// The most urgent stream that has something, unless a later one has waited for
    /// too long.
    fn turn(&self) -> Option<Stream> {
        let waiting = |stream: &&Stream| !self.queues[**stream as usize].messages.is_empty();
        let overdue = |stream: &&Stream| self.queues[**stream as usize].passed >= PASSED_BYTES_MAX;
        let first = Stream::ALL.iter().find(waiting)?;
        Some(*Stream::ALL.iter().filter(waiting).find(overdue).unwrap_or(first))
    }

    fn count_passed(&mut self, sent: Stream, bytes: usize) {
        self.queues[sent as usize].passed = 0;
        for queue in &mut self.queues[sent as usize + 1..] {
            if !queue.messages.is_empty() {
                queue.passed += bytes;
            }
        }
    }

    /// Nobody needs the message any more: it leaves its queue, or, if a part of it
    /// is sent, the rest is not.
    pub(super) fn give_up(&mut self, stream: Stream, id: u64) {
        let queue = &mut self.queues[stream as usize];
        // Ids grow from the front to the back of a queue of requests.
        let at = queue.messages.partition_point(|message| message.id < id);
        let Some(message) = queue.messages.get_mut(at).filter(|message| message.id == id) else {
            return;
        };
        if message.begun {
            queue.bytes -= message.body.len();
            message.body = Bytes::new();
            message.given_up = true;
        } else {
            queue.bytes -= message.bytes();
            queue.messages.remove(at);
        }
    }

    /// Drops the messages of which a part was sent.
    pub(super) fn drop_begun(&mut self) {
        for queue in &mut self.queues {
            if queue.messages.front().is_some_and(|message| message.begun) {
                queue.pop();
            }
        }
    }

    /// Drops the messages of which nothing was sent.
    pub(super) fn drop_unbegun(&mut self) {
        for queue in &mut self.queues {
            queue.messages.retain(|message| message.begun);
            queue.bytes = queue.messages.iter().map(Waiting::bytes).sum();
        }
    }
}

impl Queue {
    fn pop(&mut self) {
        if let Some(message) = self.messages.pop_front() {
            self.bytes -= message.bytes();
        }
    }
}
