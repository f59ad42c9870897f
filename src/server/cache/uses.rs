//! Which keys were read from copies and replicas here, for the leader of their shard.
//!
//! When and how often a key was used each replica keeps for itself, outside of the log, and
//! the leader goes by that when it evicts (`maxmemory-policy`) and answers OBJECT IDLETIME and
//! FREQ. It hears nothing of reads that others answer from what they have: the keys that they
//! answer most would look idle. So each node names, once a second, the keys that it answered
//! since, each once, and the leader takes that for a use of them. It decides nothing else, so
//! it may be lost, and names beyond a bound are left out; a key that is read all the time
//! counts as used once a second by each node.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::Duration;

use lockstep_cache::{At, Name, Time, ToHome};
use lockstep_core::{NodeId, keys};
use lockstep_raft::Group;
use parking_lot::Mutex;

use super::Cache;
use super::counts::add;
use super::noted::Noted;
use super::post::Post;
use super::seat::Seat;

/// So many names are told at once at most.
const NAMES_MAX: usize = 512;
/// No more names are added when these have so many bytes; longer ones are never told.
const BYTES_MAX: usize = 32 << 10;
/// How often they are told.
const EVERY: Duration = Duration::from_secs(1);

/// The keys of a shard that were read here since they were told last.
#[derive(Debug, Default)]
pub(super) struct Uses {
    /// Which of them are listed: keys of one group stand for each other.
    noted: Noted,
    list: Mutex<List>,
    /// Whether there is no room for more.
    full: AtomicBool,
    told: AtomicU64,
}

#[derive(Debug, Default)]
struct List {
    names: Vec<Name>,
    bytes: usize,
}

impl Uses {
    /// A key is read. `hash` gives its number.
    fn add(&self, at: At<'_>, hash: impl FnOnce() -> u64) {
        if self.full.load(Relaxed) || at.key.len() > BYTES_MAX {
            return;
        }
        let hash = hash();
        if self.noted.has(hash) {
            return;
        }
        // Whoever finds somebody else at it comes again if it matters.
        let Some(mut list) = self.list.try_lock() else { return };
        self.noted.add(hash);
        list.bytes += at.key.len();
        list.names.push(Name::of(at.db, at.key));
        if list.names.len() >= NAMES_MAX || list.bytes >= BYTES_MAX {
            self.full.store(true, Relaxed);
        }
    }

    /// What is to be told now.
    fn take(&self, now: Time) -> Vec<Name> {
        if now.since(Time(self.told.load(Relaxed))) < EVERY {
            return Vec::new();
        }
        let names = std::mem::take(&mut *self.list.lock()).names;
        if !names.is_empty() {
            self.told.store(now.0, Relaxed);
            self.noted.clear();
            self.full.store(false, Relaxed);
        }
        names
    }
}

impl Cache {
    /// A key is read from what this node has of it.
    pub(super) fn note_use(&self, seat: &Seat, at: At<'_>) {
        seat.uses.add(at, || self.hash(at));
    }

    /// Tells the home of a shard what was read here; in a frame of its own, which one of an
    /// older version may throw away.
    pub(super) fn tell_uses(&self, seat: &Seat, home: Option<NodeId>, now: Time) {
        let names = seat.uses.take(now);
        let Some(home) = home.filter(|_| !names.is_empty()) else { return };
        add(&self.counts.uses, names.len());
        let mut post = Post::default();
        post.tell_home(home, seat.shard, &ToHome::Used { names });
        post.send(self);
    }
}

/// Keys of a shard that is led here were read elsewhere.
pub(super) fn were_used(group: &Group, names: &[Name]) {
    let now_ms = group.now_ms();
    let state = group.state();
    for name in names.iter().take(NAMES_MAX) {
        state.keys().note_use(name.db, &name.key, now_ms);
    }
}

/// Whether a read counts as a use of its keys, as in Redis.
pub(super) fn is_use(op: &keys::Op<'_>) -> bool {
    use keys::Op::{DigestValue, Dump, Exists, Object, Ttl, Type, Versions};
    !matches!(
        op,
        Exists { .. }
            | Type { .. }
            | Ttl { .. }
            | Dump { .. }
            | Object { .. }
            | Versions { .. }
            | DigestValue { .. }
    )
}

#[cfg(test)]
mod tests {
    use lockstep_core::Db;

    use super::*;

    fn at(key: &[u8]) -> At<'_> {
        At { db: Db(0), key }
    }

    #[test]
    fn each_key_is_told_once_a_second_at_most() {
        let uses = Uses::default();
        let second = |second: u64| Time(second * 1_000_000_000);
        for _ in 0..3 {
            uses.add(at(b"a"), || 1);
            uses.add(at(b"b"), || 2);
        }
        let names =
            |keys: &[&[u8]]| -> Vec<Name> { keys.iter().map(|key| Name::of(Db(0), key)).collect() };
        assert_eq!(uses.take(second(1)), names(&[b"a", b"b"]));
        uses.add(at(b"a"), || 1);
        assert_eq!(uses.take(Time(second(2).0 - 1)), []);
        assert_eq!(uses.take(second(2)), names(&[b"a"]));
        assert_eq!(uses.take(second(3)), []);
    }

    #[test]
    fn no_more_is_told_than_has_room() {
        let uses = Uses::default();
        for number in 0..5_000_u64 {
            uses.add(at(&number.to_be_bytes()), || number);
        }
        assert_eq!(uses.take(Time(u64::MAX / 2)).len(), NAMES_MAX);
        for number in 0..100_u64 {
            uses.add(at(&[number as u8; 1_024]), || number);
        }
        uses.add(at(&[0; BYTES_MAX + 1]), || 200);
        let names = uses.take(Time(u64::MAX));
        assert_eq!(names.len(), BYTES_MAX / 1_024);
    }

    #[test]
    fn what_only_asks_about_a_key_is_no_use_of_it() {
        let (db, key) = (Db(0), &b"k"[..]);
        assert!(is_use(&keys::Op::Get { db, key }));
        assert!(!is_use(&keys::Op::Exists { db, keys: vec![key] }));
        assert!(!is_use(&keys::Op::Object { db, key, about: keys::About::Idle {} }));
    }
}
