//! What clients write down.

use std::collections::BTreeMap;
use std::time::Instant;

use lockstep_sim::check::appends::Transaction;
use lockstep_sim::check::locks::Hold;
use lockstep_sim::check::{queues, registers};

use super::counters::Count;

/// One clock for all clients.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that begins with 1: at 0 was what was there before.
    pub fn start() -> Clock {
        Clock(Instant::now())
    }

    /// Nanoseconds since the beginning.
    pub fn now(self) -> u64 {
        self.0.elapsed().as_nanos() as u64 + 1
    }
}

/// What kind of command it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Changes nothing.
    Read,
    /// Changes something.
    Write,
    /// Waits for something: how long says nothing.
    Wait,
}

/// What its client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Done.
    Done,
    /// Refused, so surely not done.
    Refused,
    /// An answer that says that nobody knows.
    Uncertain,
    /// No answer: the connection ended.
    Broken,
}

/// When a command began and ended, and how.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// The node that was asked.
    pub node: usize,
    /// Whether it changes something.
    pub kind: Kind,
    /// How it ended.
    pub class: Class,
    /// When it was sent.
    pub began: u64,
    /// When the answer came, or the end.
    pub ended: u64,
}

/// What some clients saw.
#[derive(Debug, Default)]
pub struct History {
    /// Keys that are read and written.
    pub registers: BTreeMap<String, Vec<registers::Step>>,
    /// Numbers that are counted up by one.
    pub counters: BTreeMap<String, Vec<Count>>,
    /// Lists of a generation, appended to in transactions.
    pub lists: BTreeMap<u64, Vec<Transaction>>,
    /// Sums over all accounts that were seen.
    pub sums: Vec<i64>,
    /// Locks.
    pub holds: Vec<Hold>,
    /// Holds that ended before their lease: lock, owner and token.
    pub robbed: Vec<Hold>,
    /// Queues.
    pub queues: queues::History,
    /// All commands.
    pub marks: Vec<Mark>,
    /// Texts of refusals, without what differs from one to the next.
    pub texts: BTreeMap<String, u64>,
}

impl History {
    /// Adds what another client saw.
    pub fn merge(&mut self, other: History) {
        for (key, steps) in other.registers {
            self.registers.entry(key).or_default().extend(steps);
        }
        for (key, counts) in other.counters {
            self.counters.entry(key).or_default().extend(counts);
        }
        for (generation, transactions) in other.lists {
            self.lists.entry(generation).or_default().extend(transactions);
        }
        self.sums.extend(other.sums);
        self.holds.extend(other.holds);
        self.robbed.extend(other.robbed);
        self.queues.pushes.extend(other.queues.pushes);
        self.queues.deliveries.extend(other.queues.deliveries);
        self.queues.acks.extend(other.queues.acks);
        self.marks.extend(other.marks);
        for (text, count) in other.texts {
            *self.texts.entry(text).or_default() += count;
        }
    }
}
