//! Names that keys and queues share.
//!
//! The name of a queue is a key of the first database, as far as both are at home in
//! this shard: then a name is that of a key or of a queue and never of both. Whatever
//! would make, change or read the one where the other is, is refused.

use super::{Read, Shard};
use crate::queues::WHOLE;
use crate::{Db, Effects, Fault, Op, Outcome, Stamp, keys, queues};

/// The database that shows queues.
const SHOWN_IN: Db = Db(0);

impl Shard {
    /// Carries out an operation on keys, some of which may be queues.
    pub(super) fn apply_key(&mut self, at: &Stamp, op: &keys::Op<'_>, fx: &mut Effects) -> Outcome {
        if !self.is_about_queues(op) {
            return self.keys.apply(at, op);
        }
        match op {
            keys::Op::Del { keys, .. } => {
                let found: Vec<&[u8]> =
                    keys.iter().copied().filter(|key| self.queues.holds(key)).collect();
                let destroyed = found.iter().filter(|queue| self.destroy(at, queue, fx)).count();
                plus(self.keys.apply(at, op), destroyed)
            }
            op if op.is_write() => Fault::WrongType.into(),
            op => match self.as_keys(op) {
                Some(outcome) => outcome,
                None => plus(self.keys.apply(at, op), self.count_queues(op)),
            },
        }
    }

    /// Answers one that only reads.
    pub(super) fn read_key(&self, now_ms: u64, op: &keys::Op<'_>) -> Read {
        if !self.is_about_queues(op) {
            return self.keys.read(now_ms, self.clock_ms, op);
        }
        match self.as_keys(op) {
            Some(outcome) => Read::Done(outcome),
            None => match self.keys.read(now_ms, self.clock_ms, op) {
                Read::Done(outcome) => Read::Done(plus(outcome, self.count_queues(op))),
                Read::TickFirst => Read::TickFirst,
            },
        }
    }

    /// Why an operation on queues is refused: one of its names is a key's.
    pub(super) fn is_key(&self, now_ms: u64, op: &queues::Op<'_>) -> bool {
        let of_names = match op {
            // These go on for what there is already.
            queues::Op::CancelWait { .. }
            | queues::Op::Ack { .. }
            | queues::Op::Nack { .. }
            | queues::Op::Extend { .. } => false,
            op => op.part() == 0 || op.part() == WHOLE,
        };
        let is_key = |name: &[u8]| {
            !self.queues.holds(name) && self.keys.version_of(SHOWN_IN, name, now_ms) > 0
        };
        of_names && op.names().any(is_key)
    }

    pub(super) fn is_about_queues(&self, op: &keys::Op<'_>) -> bool {
        if self.queues.has_no_names() {
            return false;
        }
        match op {
            keys::Op::Copy { db, from, to_db, to, .. } => {
                self.is_queue(*db, from) || self.is_queue(*to_db, to)
            }
            keys::Op::Move { db, key, to_db } => {
                self.is_queue(*db, key) || self.is_queue(*to_db, key)
            }
            // What cannot be a key is not evicted, and has no version.
            keys::Op::Evict { .. } | keys::Op::Versions { .. } => false,
            op => op.key_names().any(|key| self.is_queue(op.db(), key)),
        }
    }

    fn is_queue(&self, db: Db, key: &[u8]) -> bool {
        db == SHOWN_IN && self.queues.holds(key)
    }

    /// What a read of keys gives of which at least one is a queue. None: what it gives of
    /// the others, and the queues counted with them.
    fn as_keys(&self, op: &keys::Op<'_>) -> Option<Outcome> {
        Some(match op {
            keys::Op::Type { .. } => Outcome::Word("queue"),
            keys::Op::Ttl { .. } => Outcome::Int(-1),
            keys::Op::Exists { .. } | keys::Op::Touch { .. } => return None,
            // Another type is nil.
            keys::Op::MGet { .. } | keys::Op::DigestValue { .. } => return None,
            _ => Fault::WrongType.into(),
        })
    }

    fn count_queues(&self, op: &keys::Op<'_>) -> usize {
        op.key_names().filter(|key| self.queues.holds(key)).count()
    }

    /// Takes a queue away with all that is in it; whether it was there.
    fn destroy(&mut self, at: &Stamp, queue: &[u8], fx: &mut Effects) -> bool {
        let op = queues::Op::Destroy { queue, part: WHOLE, if_empty: false };
        self.apply_one(at, &Op::Queue { op }, fx) == Outcome::Int(1)
    }
}

/// A number, and so many more; anything else as it is.
fn plus(outcome: Outcome, more: usize) -> Outcome {
    match outcome {
        Outcome::Int(number) => Outcome::Int(number + more as i64),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{Expiry, When};

    const DB: Db = Db(0);

    fn apply(shard: &mut Shard, op: Op<'_>) -> Outcome {
        shard.apply(1_000, &op, &mut Effects::default())
    }

    fn key(shard: &mut Shard, op: keys::Op<'_>) -> Outcome {
        apply(shard, Op::Key { op })
    }

    fn queue(shard: &mut Shard, op: queues::Op<'_>) -> Outcome {
        apply(shard, Op::Queue { op })
    }

    fn set<'a>(name: &'a [u8]) -> keys::Op<'a> {
        let (when, expiry) = (When::Always {}, Expiry::Never {});
        keys::Op::Set { db: DB, key: name, value: b"v", when, expiry, get: false }
    }

    /// A queue `q`, a key `k`.
    fn shard() -> Shard {
        let mut shard = Shard::new(1);
        assert_eq!(queue(&mut shard, queues::Op::push(b"q", b"m")), Outcome::Bytes(b"0-1".into()));
        assert_eq!(key(&mut shard, set(b"k")), Outcome::Ok);
        shard
    }

    #[test]
    fn a_queue_is_a_key_of_its_type() {
        let mut shard = shard();
        let read = |shard: &Shard, op| shard.read(1_000, &Op::Key { op });
        let kind = |name: &'static [u8]| keys::Op::Type { db: DB, key: name };
        assert_eq!(read(&shard, kind(b"q")), Read::Done(Outcome::Word("queue")));
        assert_eq!(read(&shard, kind(b"k")), Read::Done(Outcome::Word("string")));
        let keys: Vec<&[u8]> = vec![b"q", b"k", b"none", b"q"];
        let exists = keys::Op::Exists { db: DB, keys };
        assert_eq!(read(&shard, exists.clone()), Read::Done(Outcome::Int(3)));
        assert_eq!(key(&mut shard, exists), Outcome::Int(3));
        let elsewhere = keys::Op::Type { db: Db(1), key: b"q" };
        assert_eq!(read(&shard, elsewhere), Read::Done(Outcome::Word("none")));
    }

    #[test]
    fn a_name_is_never_that_of_both() {
        let mut shard = shard();
        let wrong: Outcome = Fault::WrongType.into();
        assert_eq!(key(&mut shard, set(b"q")), wrong);
        let rename = keys::Op::Rename { db: DB, from: b"k", to: b"q", only_new: false };
        assert_eq!(key(&mut shard, rename), wrong);
        let get = keys::Op::Get { db: DB, key: b"q" };
        assert_eq!(shard.read(1_000, &Op::Key { op: get }), Read::Done(wrong.clone()));
        assert_eq!(queue(&mut shard, queues::Op::push(b"k", b"m")), wrong);
        let len = queues::Op::Len { queue: b"k", part: WHOLE, which: None };
        assert_eq!(shard.read(1_000, &Op::Queue { op: len }), Read::Done(wrong));
        assert_eq!(
            key(
                &mut shard,
                keys::Op::Set {
                    db: Db(1),
                    key: b"q",
                    value: b"v",
                    when: When::Always {},
                    expiry: Expiry::Never {},
                    get: false
                }
            ),
            Outcome::Ok
        );
    }

    #[test]
    fn del_takes_queues_away_among_keys() {
        let mut shard = shard();
        let keys: Vec<&[u8]> = vec![b"q", b"k", b"none"];
        assert_eq!(key(&mut shard, keys::Op::Del { db: DB, keys }), Outcome::Int(2));
        assert_eq!(key(&mut shard, set(b"q")), Outcome::Ok);
        let mget = keys::Op::MGet { db: DB, keys: vec![b"q", b"k"] };
        assert_eq!(
            key(&mut shard, mget),
            Outcome::List(vec![Outcome::Bytes(b"v".into()), Outcome::Nil])
        );
    }

    #[test]
    fn a_key_whose_time_is_up_is_in_nobodys_way() {
        let mut shard = shard();
        let expiry = Expiry::At { ms: 2_000 };
        let when = When::Always {};
        let op = keys::Op::Set { db: DB, key: b"k", value: b"v", when, expiry, get: false };
        assert_eq!(key(&mut shard, op), Outcome::Ok);
        let push = Op::Queue { op: queues::Op::push(b"k", b"m") };
        let pushed = shard.apply(2_001, &push, &mut Effects::default());
        assert_eq!(pushed, Outcome::Bytes(b"0-1".into()));
    }
}
