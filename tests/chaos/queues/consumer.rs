//! Clients that pop and settle.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lockstep_sim::check::Span;
use lockstep_sim::check::queues::{Ack, Delivery};
use lockstep_tests::Value;

use super::super::seat::{Seat, Told};
use super::body::Message;
use super::check::{Parcel, Seen};
use super::load::queue;
use super::producer::Board;

const BLOCK_MS: &str = "1000";
/// As for the leases of locks.
const SLACK: u64 = 100_000_000;
/// How long a client goes on trying at the end.
const LAST_TRIES: u32 = 2_000;

/// One consumer.
pub struct Consumer {
    /// Its number, which no other has.
    pub id: u32,
    /// Its connection.
    pub seat: Seat,
    /// Its queue.
    pub queue: u32,
    /// For how long it takes messages.
    pub visible_ms: u64,
    /// Whether it asks again for what it was given when the answer is lost.
    pub careful: bool,
    /// What all share.
    pub board: Arc<Board>,
    /// What it saw.
    pub seen: Seen,
}

/// What it has in its hands.
struct Taken {
    receipt: String,
    message: u64,
}

impl Consumer {
    /// Pops and settles until it is told to stop.
    pub fn run(mut self) -> Seen {
        let (mut taken, mut asked): (Option<Taken>, u64) = (None, 0);
        while taken.is_some() || !self.board.stop_popping.load(Ordering::Relaxed) {
            asked += 1;
            taken = if self.board.stop_popping.load(Ordering::Relaxed) {
                self.settle(taken.take().expect("looked at just now"));
                None
            } else {
                self.turn(taken.take(), asked)
            };
        }
        self.seen
    }

    /// Settles what it has and takes the next in one step.
    fn turn(&mut self, taken: Option<Taken>, asked: u64) -> Option<Taken> {
        let request = format!("{}-{asked}", self.id);
        let (name, visible) = (queue(self.queue), self.visible_ms.to_string());
        let mut words = match &taken {
            None => vec!["QPOP", &name],
            Some(taken) => vec!["QACK", &name, &taken.receipt, "POP", "1"],
        };
        words.extend(["BLOCK", BLOCK_MS, "VT", &visible]);
        if self.careful {
            words.extend(["REQID", &request]);
        }
        let began = self.seat.clock.now();
        let mut unsure = false;
        loop {
            match self.ask(&words) {
                Some(Ok((span, reply))) => {
                    let span = Span { began, ended: span.ended };
                    let popped = match &taken {
                        None => reply,
                        Some(taken) => {
                            let [acked, popped] = reply.items() else {
                                self.seen.odd.push(format!("{reply:?} to {words:?}"));
                                unsure = true;
                                continue;
                            };
                            self.acked(taken, span, acked, unsure);
                            popped.items().first().cloned().unwrap_or(Value::Nil)
                        }
                    };
                    return self.take(began, span, &popped);
                }
                Some(Err(())) if self.careful => unsure = true,
                Some(Err(())) => {
                    // What it was given now it will never know.
                    if let Some(taken) = taken {
                        self.settle_again(taken, true);
                    }
                    return None;
                }
                None => {}
            }
            if self.board.stop_popping.load(Ordering::Relaxed) {
                if let Some(taken) = taken {
                    self.settle_again(taken, unsure);
                }
                return None;
            }
        }
    }

    /// Asks once: the reply, or that nobody knows, or nothing if it was refused.
    fn ask(&mut self, words: &[&str]) -> Option<Result<(Span, Value), ()>> {
        let (span, told) = self.seat.call(words);
        match told {
            Told::Done(reply) => Some(Ok((span, reply))),
            Told::Lost => {
                std::thread::sleep(Duration::from_millis(5));
                Some(Err(()))
            }
            Told::Error(text) => {
                self.seen.error(&text);
                std::thread::sleep(Duration::from_millis(20));
                self.seat.go_on();
                text.starts_with("UNCERTAIN").then_some(Err(()))
            }
        }
    }

    /// Notes what was delivered.
    fn take(&mut self, began: u64, span: Span, popped: &Value) -> Option<Taken> {
        let [receipt, body] = popped.items() else { return None };
        let receipt = receipt.text();
        let (stored, attempt) = parts(&receipt);
        let Some(message) = body.bytes().and_then(Message::of) else {
            self.seen.damaged += 1;
            return None;
        };
        let message = message.id();
        let until = began + (self.visible_ms * 1_000_000).saturating_sub(SLACK);
        let delivery = Delivery { queue: self.queue, message, attempt, span, until };
        self.seen.history.deliveries.push(delivery);
        self.seen.parcels.push(Parcel { stored, given_back: false });
        Some(Taken { receipt, message })
    }

    fn settle(&mut self, taken: Taken) {
        self.settle_again(taken, false);
    }

    /// Settles until it is known that it is settled.
    fn settle_again(&mut self, taken: Taken, mut unsure: bool) {
        let name = queue(self.queue);
        for _ in 0..LAST_TRIES {
            match self.ask(&["QACK", &name, &taken.receipt]) {
                Some(Ok((span, acked))) => return self.acked(&taken, span, &acked, unsure),
                Some(Err(())) => unsure = true,
                None => {}
            }
        }
    }

    fn acked(&mut self, taken: &Taken, span: Span, acked: &Value, unsure: bool) {
        let message = taken.message;
        match acked.int() {
            Some(1) => self.seen.history.acks.push(Ack { queue: self.queue, message, span }),
            // It was, the time before.
            Some(0) if unsure => {}
            _ => {
                self.seen.stale += 1;
                return;
            }
        }
        self.board.settled.fetch_add(1, Ordering::Relaxed);
    }
}

/// The place of a message and the number of the delivery, as a receipt says.
pub fn parts(receipt: &str) -> ((u32, u64), u32) {
    let mut parts = receipt.split('-');
    let mut next = || parts.next().and_then(|part| part.parse::<u64>().ok()).expect("a receipt");
    let (part, seq, attempt) = (next() as u32, next(), next() as u32);
    ((part, seq), attempt)
}
