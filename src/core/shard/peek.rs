//! What a key holds, for those who keep copies.

use super::Shard;
use crate::Db;
use crate::keys::Peek;

/// The database that shows queues.
const SHOWN_IN: Db = Db(0);

impl Shard {
    /// What a key holds at `now_ms` by the reader's clock. None: the clock of the shard
    /// has to move first. Strings longer than `bytes_max` are not copied.
    pub fn peek(&self, now_ms: u64, db: Db, key: &[u8], bytes_max: usize) -> Option<Peek> {
        if db == SHOWN_IN && self.queues.holds(key) {
            return Some(Peek::Other);
        }
        self.keys.peek(db, key, (now_ms.max(self.clock_ms), self.clock_ms), bytes_max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{self, Expiry, When};
    use crate::{Effects, Op, queues};

    const DB: Db = Db(0);

    fn apply(shard: &mut Shard, op: Op<'_>) {
        shard.apply(1_000, &op, &mut Effects::default());
    }

    fn set(shard: &mut Shard, key: &[u8], expiry: Expiry) {
        let when = When::Always {};
        let op = keys::Op::Set { db: DB, key, value: b"value", when, expiry, get: false };
        apply(shard, Op::Key { op });
    }

    #[test]
    fn it_says_what_is_there_and_until_when() {
        let mut shard = Shard::new(1);
        set(&mut shard, b"a", Expiry::Never {});
        set(&mut shard, b"b", Expiry::At { ms: 2_000 });
        let found = |version, deadline_ms| {
            Some(Peek::Str { value: b"value".to_vec(), version, deadline_ms })
        };
        assert_eq!(shard.peek(1_000, DB, b"a", 10), found(1, None));
        assert_eq!(shard.peek(1_000, DB, b"b", 10), found(2, Some(2_000)));
        assert_eq!(shard.peek(1_000, DB, b"c", 10), Some(Peek::Nothing));
        assert_eq!(shard.peek(1_000, Db(1), b"a", 10), Some(Peek::Nothing));
        assert_eq!(shard.peek(1_000, DB, b"a", 4), Some(Peek::Other));
    }

    #[test]
    fn what_is_over_by_the_readers_clock_only_is_not_told() {
        let mut shard = Shard::new(1);
        set(&mut shard, b"b", Expiry::At { ms: 2_000 });
        assert_eq!(shard.peek(2_000, DB, b"b", 10), None);
        shard.apply(2_000, &Op::Tick {}, &mut Effects::default());
        assert_eq!(shard.peek(2_000, DB, b"b", 10), Some(Peek::Nothing));
    }

    #[test]
    fn a_queue_is_not_copied() {
        let mut shard = Shard::new(1);
        apply(&mut shard, Op::Queue { op: queues::Op::push(b"q", b"m") });
        assert_eq!(shard.peek(1_000, DB, b"q", 10), Some(Peek::Other));
        assert_eq!(shard.peek(1_000, Db(1), b"q", 10), Some(Peek::Nothing));
    }
}
