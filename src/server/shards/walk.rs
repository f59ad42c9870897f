//! One walk over what all shards hold (LOCKSCAN, QSCAN, SESSION LIST).

use lockstep_core::{Outcome, ShardId};

/// The bits of a cursor that name the shard.
const SHARD_BITS: u32 = 8;

/// How many shards are looked at for one reply.
const SHARDS_MAX: usize = 16;

/// A walk over all shards, one after the other. Its cursor holds the shard and where to
/// go on there, which any replica of it understands.
#[derive(Debug)]
pub struct Walk {
    shard: u64,
    from: u64,
    shards: u64,
    looked: usize,
    names: Vec<Outcome>,
}

impl Walk {
    /// Goes on at a cursor; 0 is the beginning.
    pub fn at(cursor: u64, shards: usize) -> Self {
        let (from, shard) = (cursor >> SHARD_BITS, cursor & ((1 << SHARD_BITS) - 1));
        Walk { shard, from, shards: shards as u64, looked: 0, names: Vec::new() }
    }

    /// Which shard to ask next, from where on; none: it is over, or enough for one reply.
    pub fn place(&self) -> Option<(ShardId, u64)> {
        let more = self.shard < self.shards && self.looked < SHARDS_MAX;
        let shard = ShardId(u16::try_from(self.shard).unwrap_or(u16::MAX));
        more.then_some((shard, self.from))
    }

    /// Passes over a shard.
    pub fn skip(&mut self) {
        (self.from, self.shard, self.looked) = (0, self.shard + 1, self.looked + 1);
    }

    /// What a shard gave: where to go on there, and names.
    pub fn found(&mut self, outcome: Outcome) {
        let (next, names) = page(outcome);
        self.names.extend(names);
        self.from = next;
        self.looked += 1;
        self.shard += u64::from(next == 0);
    }

    /// How many names there are.
    pub fn found_count(&self) -> usize {
        self.names.len()
    }

    /// Whether nothing was found in shards that are done: no reason to come back to the
    /// client.
    pub fn is_bare(&self) -> bool {
        self.names.is_empty() && self.from == 0
    }

    /// The next cursor, and the names.
    pub fn end(self) -> (u64, Vec<Outcome>) {
        let next = if self.shard < self.shards { self.from << SHARD_BITS | self.shard } else { 0 };
        (next, self.names)
    }

    /// The same as a reply shows it.
    pub fn reply(self) -> Outcome {
        let (next, names) = self.end();
        let next = Outcome::Bytes(next.to_string().into_bytes());
        Outcome::List(vec![next, Outcome::List(names)])
    }
}

/// Where to go on in a shard, and names.
fn page(outcome: Outcome) -> (u64, Vec<Outcome>) {
    let Outcome::List(parts) = outcome else { return (0, Vec::new()) };
    match <[Outcome; 2]>::try_from(parts) {
        Ok([Outcome::Int(next), Outcome::List(names)]) => (u64::try_from(next).unwrap_or(0), names),
        _ => (0, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gave(next: i64, names: &[i64]) -> Outcome {
        let names = names.iter().copied().map(Outcome::Int).collect();
        Outcome::List(vec![Outcome::Int(next), Outcome::List(names)])
    }

    #[test]
    fn a_walk_goes_through_all_shards_and_ends() {
        let mut walk = Walk::at(0, 2);
        assert_eq!(walk.place(), Some((ShardId(0), 0)));
        walk.found(gave(7, &[1]));
        assert!(!walk.is_bare());
        let (cursor, names) = walk.end();
        assert_eq!(names, [Outcome::Int(1)]);
        let mut walk = Walk::at(cursor, 2);
        assert_eq!(walk.place(), Some((ShardId(0), 7)));
        walk.found(gave(0, &[]));
        assert!(walk.is_bare());
        assert_eq!(walk.place(), Some((ShardId(1), 0)));
        walk.found(gave(0, &[2, 3]));
        assert_eq!((walk.place(), walk.found_count()), (None, 2));
        assert_eq!(walk.end().0, 0);
    }

    #[test]
    fn one_reply_looks_at_so_many_shards_and_no_more() {
        let mut walk = Walk::at(0, 100);
        while walk.place().is_some() {
            walk.skip();
        }
        let (cursor, names) = walk.end();
        assert!(names.is_empty());
        assert_eq!(Walk::at(cursor, 100).place(), Some((ShardId(SHARDS_MAX as u16), 0)));
    }

    #[test]
    fn a_cursor_that_nobody_gave_ends_the_walk() {
        let walk = Walk::at(u64::MAX, 3);
        assert_eq!(walk.place(), None);
        assert_eq!(walk.end().0, 0);
    }
}
