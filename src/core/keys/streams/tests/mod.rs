//! Streams against a plain model, and what Redis is known to answer.

#![allow(clippy::unwrap_used)]

mod groups;
mod history;
mod model;
mod payloads;
mod replies;

use super::{After, Given, Id, NewId, Op, Trim};
use crate::keys::Op as KeyOp;
use crate::keys::tests::Story;
use crate::{Db, Outcome};

pub(super) const DB: Db = Db(0);

/// A block of the default size.
const BLOCK: (u64, u64) = (100, 4096);

fn id(ms: u64, seq: u64) -> Id {
    Id { ms, seq }
}

fn bytes(text: &str) -> Outcome {
    Outcome::Bytes(text.as_bytes().to_vec())
}

fn list(items: impl IntoIterator<Item = Outcome>) -> Outcome {
    Outcome::List(items.into_iter().collect())
}

fn adding<'a>(
    id: NewId,
    fields: &[(&'a [u8], &'a [u8])],
    trim: Trim,
    (block_entries_max, block_bytes_max): (u64, u64),
) -> Op<'a> {
    Op::Add { id, fields: fields.to_vec(), create: true, trim, block_entries_max, block_bytes_max }
}

fn max_len(count: u64, blocks: bool, limit: u64) -> Trim {
    Trim::MaxLen { count, blocks, limit }
}

impl Story {
    fn stream(&mut self, op: Op<'_>) -> Outcome {
        self.run(&KeyOp::Stream { db: DB, key: b"s", op })
    }

    /// Adds an entry with one field to `s`.
    fn add(&mut self, ms: u64, seq: u64) -> Outcome {
        let fields: [(&[u8], &[u8]); 1] = [(b"f", b"v")];
        let is = NewId::Is { id: id(ms, seq) };
        self.stream(adding(is, &fields, Trim::Never {}, BLOCK))
    }

    /// Adds entries with the ids `1-0` to `count-0`.
    fn add_some(&mut self, count: u64) {
        (1..=count).for_each(|ms| _ = self.add(ms, 0));
    }

    fn make_group(&mut self, at: Id) -> Outcome {
        self.stream(Op::CreateGroup { group: b"g", id: Some(at), read: None, create: true })
    }

    /// The ids that a consumer is given of `s`.
    fn read(&mut self, consumer: &str, after: After, count: u64) -> Vec<String> {
        let (group, consumer) = (&b"g"[..], consumer.as_bytes());
        let (db, keys, after) = (DB, vec![&b"s"[..]], vec![after]);
        let op = KeyOp::StreamReadGroup { db, group, consumer, keys, after, count, no_ack: false };
        match self.run(&op) {
            Outcome::Nil => Vec::new(),
            Outcome::List(mut parts) => ids(parts.pop().unwrap()),
            other => panic!("{other:?}"),
        }
    }
}

/// The ids of entries.
fn ids(entries: Outcome) -> Vec<String> {
    let Outcome::List(entries) = entries else { panic!("{entries:?}") };
    let first = |entry| match entry {
        Outcome::List(parts) => parts.into_iter().next().unwrap(),
        other => other,
    };
    let text = |id| match id {
        Outcome::Bytes(id) => String::from_utf8(id).unwrap(),
        other => panic!("{other:?}"),
    };
    entries.into_iter().map(first).map(text).collect()
}
