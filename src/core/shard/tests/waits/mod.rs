//! Requests that wait for keys.

mod conserved;
mod histories;
mod model;
mod readers;
mod reading;
mod stories;

use super::story::{Story, bytes, key, origin};
use super::{DB, NOW, encoded, set, transaction};
use crate::keys::waits::Want;
use crate::keys::{self, lists, zsets};
use crate::shard::Shard;
use crate::{Db, Op, Origin, Outcome, Wait};

fn push<'a>(db: Db, key: &'a [u8], values: Vec<&'a [u8]>) -> keys::Op<'a> {
    let op = lists::Op::Push { values, front: false, only_there: false };
    keys::Op::List { db, key, op }
}

fn add<'a>(db: Db, key: &'a [u8], score: f64, member: &'a [u8]) -> keys::Op<'a> {
    let (absent, present, greater, less) = (false, false, false, false);
    let pairs = vec![(score, member)];
    let op = zsets::Op::Add { pairs, absent, present, greater, less, changed: false, incr: false };
    keys::Op::Scored { db, key, op }
}

fn wait<'a>(conn: u64, keys: &[&'a [u8]], want: Want<'a>, block_ms: u64, keep: bool) -> Op<'a> {
    let wait = Some(Wait::For { origin: origin(conn), request: 1, block_ms });
    key(keys::Op::PopOrWait { db: DB, keys: keys.to_vec(), want, wait, keep })
}

const FIRST: Want<'static> = Want::Element { front: true };

fn popped(key: &[u8], element: &[u8]) -> Outcome {
    Outcome::List(vec![bytes(key), bytes(element)])
}

impl Story {
    /// Somebody waits for the first element of a list.
    fn waits(&mut self, conn: u64, key: &'static [u8]) {
        assert_eq!(self.run(&wait(conn, &[key], FIRST, 0, false)), Outcome::Waits);
    }

    fn push(&mut self, key: &[u8], values: Vec<&[u8]>) -> Outcome {
        self.run(&self::key(push(DB, key, values)))
    }

    fn len(&mut self, key: &[u8]) -> Outcome {
        self.run(&self::key(keys::Op::List { db: DB, key, op: lists::Op::Len {} }))
    }
}
