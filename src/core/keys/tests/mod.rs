//! The key space as a whole.

#![allow(clippy::unwrap_used)]

mod collections;
mod counts;
mod events;
mod fuzz;
mod garbage;
mod histories;
mod model;
mod pages;
mod random;
mod rules;
mod scan;
mod touched;

use super::{Keyspace, Op};
use crate::{Db, Outcome, Stamp};

const DB: Db = Db(0);

/// A key space with a clock.
pub(in crate::keys) struct Story {
    pub space: Keyspace,
    pub now_ms: u64,
    seq: u64,
}

impl Story {
    pub(in crate::keys) fn new() -> Self {
        Story { space: Keyspace::new(7), now_ms: 1_000_000, seq: 0 }
    }

    pub(in crate::keys) fn run(&mut self, op: &Op<'_>) -> Outcome {
        self.seq += 1;
        self.space.apply(&self.stamp(), op)
    }

    fn stamp(&self) -> Stamp {
        Stamp { now_ms: self.now_ms, seq: self.seq, version: 1 }
    }

    pub(in crate::keys) fn set(&mut self, key: &str, value: &str) {
        let (key, value) = (key.as_bytes(), value.as_bytes());
        assert_eq!(self.run(&set(key, value)), Outcome::Ok);
    }

    pub(in crate::keys) fn get(&mut self, key: &str) -> Outcome {
        self.run(&Op::Get { db: DB, key: key.as_bytes() })
    }

    fn size(&mut self) -> i64 {
        match self.run(&Op::DbSize { db: DB }) {
            Outcome::Int(size) => size,
            other => panic!("{other:?}"),
        }
    }
}

fn set<'a>(key: &'a [u8], value: &'a [u8]) -> Op<'a> {
    let (when, expiry) = (super::When::Always {}, super::Expiry::Never {});
    Op::Set { db: DB, key, value, when, expiry, get: false }
}

fn bytes(text: &str) -> Outcome {
    Outcome::Bytes(text.as_bytes().to_vec())
}

/// A copy by way of a snapshot.
pub(in crate::keys) fn restored(space: &Keyspace) -> Keyspace {
    thawed(space.freeze())
}

fn thawed(frozen: super::Frozen) -> Keyspace {
    let mut copy = Keyspace::new(0);
    for chunk in frozen.chunks() {
        copy.restore(&chunk).unwrap();
    }
    copy
}
