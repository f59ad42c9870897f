//! Clients that push.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use lockstep_sim::check::queues::Push;
use lockstep_sim::check::{NEVER, Span};
use lockstep_tests::{Value, request};
use rand::RngExt;
use rand::rngs::SmallRng;

use super::super::seat::{Seat, Told};
use super::body::Message;
use super::check::Seen;
use super::consumer::parts;
use super::load::queue;

/// How a producer pushes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Each message once: one whose answer is lost may be there or not.
    Once,
    /// Each message with an id of its own, again and again until it is acknowledged.
    Dedup,
    /// All that is pushed at once or nothing of it.
    Atomic,
}

/// What all clients share.
#[derive(Debug, Default)]
pub struct Board {
    /// No producer begins anything new.
    pub stop_pushing: AtomicBool,
    /// No consumer asks for more.
    pub stop_popping: AtomicBool,
    /// Messages that may still be begun.
    pub left: AtomicU64,
    /// Messages that were acknowledged to producers.
    pub pushed: AtomicU64,
    /// Messages that consumers settled.
    pub settled: AtomicU64,
}

/// One producer.
pub struct Producer {
    /// Its number, which no other has.
    pub id: u32,
    /// Its connection.
    pub seat: Seat,
    /// Its random choices.
    pub random: SmallRng,
    /// How many queues there are.
    pub queues: u32,
    /// How it pushes.
    pub manner: Manner,
    /// How many messages it sends at once.
    pub batch: u32,
    /// It waits while so many messages have not been settled.
    pub backlog_max: u64,
    /// What all share.
    pub board: Arc<Board>,
    /// What it saw.
    pub seen: Seen,
    next: u32,
}

/// A message on its way.
struct Under {
    message: Message,
    began: u64,
    ended: u64,
    told: Heard,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heard {
    Stored,
    Refused,
    Unknown,
}

impl Producer {
    /// One that has pushed nothing yet.
    #[expect(clippy::too_many_arguments, reason = "each is a field")]
    pub fn new(
        id: u32,
        seat: Seat,
        random: SmallRng,
        queues: u32,
        manner: Manner,
        batch: u32,
        backlog_max: u64,
        board: Arc<Board>,
    ) -> Producer {
        let (seen, next) = (Seen::default(), 0);
        Producer { id, seat, random, queues, manner, batch, backlog_max, board, seen, next }
    }

    /// Pushes until it is told to stop, or all is pushed.
    pub fn run(mut self) -> Seen {
        while !self.board.stop_pushing.load(Ordering::Relaxed) {
            let open = self
                .board
                .pushed
                .load(Ordering::Relaxed)
                .saturating_sub(self.board.settled.load(Ordering::Relaxed));
            if open >= self.backlog_max {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            }
            let batch = u64::from(self.batch);
            let take = |left: u64| left.checked_sub(batch);
            if self.board.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
                break;
            }
            let number = self.random.random_range(0..self.queues);
            match self.manner {
                Manner::Once => self.once(number),
                Manner::Dedup => self.dedup(number),
                Manner::Atomic => self.atomic(number),
            }
        }
        self.seen
    }

    fn begin(&mut self) -> Vec<Under> {
        let began = self.seat.clock.now();
        let first = self.next;
        self.next += self.batch;
        (first..self.next)
            .map(|number| Under {
                message: Message { producer: self.id, number },
                began,
                ended: NEVER,
                told: Heard::Refused,
            })
            .collect()
    }

    fn once(&mut self, number: u32) {
        let mut batch = self.begin();
        self.send(&mut batch, |message| {
            request(&[&b"QPUSH"[..], queue(number).as_bytes(), &message.body()])
        });
        self.note(number, batch);
    }

    fn dedup(&mut self, number: u32) {
        let mut batch = self.begin();
        while !batch.is_empty() {
            self.send(&mut batch, |message| {
                let id = format!("{}-{}", message.producer, message.number);
                let (name, body) = (queue(number), message.body());
                request(&[&b"QPUSH"[..], name.as_bytes(), &body, b"DEDUP", id.as_bytes()])
            });
            let (done, again) = batch.into_iter().partition(|one| one.told == Heard::Stored);
            self.note(number, done);
            batch = again;
        }
    }

    fn atomic(&mut self, number: u32) {
        let mut batch = self.begin();
        let bodies: Vec<Vec<u8>> = batch.iter().map(|one| one.message.body()).collect();
        let (name, count) = (queue(number), batch.len().to_string());
        let mut words = vec![&b"QMPUSH"[..], name.as_bytes(), b"ATOMIC", b"MSGS", count.as_bytes()];
        words.extend(bodies.iter().map(Vec::as_slice));
        let told = match self.seat.send_bytes(&request(&words)) {
            Ok(()) => self.seat.receive(),
            Err(_) => Told::Lost,
        };
        let (ended, heard) = (self.seat.clock.now(), self.judge(&told));
        if let Told::Done(ids) = &told {
            assert_eq!(ids.items().len(), batch.len(), "{ids:?}");
            assert!(!ids.items().iter().any(Value::is_error), "all or nothing: {ids:?}");
        }
        for one in &mut batch {
            one.told = heard;
            one.ended = if heard == Heard::Stored { ended } else { NEVER };
        }
        match heard {
            Heard::Stored | Heard::Unknown => {
                let messages = batch.iter().map(|one| one.message.id()).collect();
                self.seen.batches.push(messages);
            }
            Heard::Refused => {}
        }
        if heard != Heard::Stored {
            self.go_on();
        }
        self.note(number, batch);
    }

    /// Sends these as one pipeline and notes what each was told.
    fn send(&mut self, batch: &mut [Under], words: impl Fn(Message) -> Vec<u8>) {
        let bytes: Vec<u8> = batch.iter().flat_map(|one| words(one.message)).collect();
        let mut lost = self.seat.send_bytes(&bytes).is_err();
        let mut trouble = lost;
        for one in batch.iter_mut() {
            let told = if lost { Told::Lost } else { self.seat.receive() };
            lost |= told == Told::Lost;
            let heard = self.judge(&told);
            trouble |= heard != Heard::Stored;
            // What is refused now may have been stored the time before.
            if heard != Heard::Refused || one.told != Heard::Unknown {
                one.told = heard;
            }
            if let Told::Done(id) = told {
                one.ended = self.seat.clock.now();
                self.seen.stored.push((one.message.id(), parts(&format!("{}-0", id.text())).0));
            }
        }
        if trouble {
            self.go_on();
        }
    }

    fn judge(&mut self, told: &Told) -> Heard {
        match told {
            Told::Done(_) => Heard::Stored,
            Told::Lost => Heard::Unknown,
            Told::Error(text) => {
                self.seen.error(text);
                if text.starts_with("UNCERTAIN") { Heard::Unknown } else { Heard::Refused }
            }
        }
    }

    /// Leaves the node alone that has trouble.
    fn go_on(&mut self) {
        std::thread::sleep(Duration::from_millis(self.random.random_range(5..60)));
        self.seat.go_on();
    }

    fn note(&mut self, number: u32, batch: Vec<Under>) {
        for one in batch {
            // Only those count that are acknowledged.
            let counter = match one.told {
                Heard::Stored => &self.board.pushed,
                Heard::Refused | Heard::Unknown => &self.board.left,
            };
            counter.fetch_add(1, Ordering::Relaxed);
            if one.told == Heard::Refused {
                continue;
            }
            let span = Span { began: one.began, ended: one.ended };
            let (message, producer) = (one.message.id(), self.id);
            self.seen.history.pushes.push(Push { queue: number, message, producer, span });
        }
    }
}
