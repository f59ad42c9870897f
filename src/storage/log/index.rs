//! Where the entries of all shards are, and the newest payloads.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};
use std::sync::Arc;

use bytes::Bytes;
use lockstep_core::ShardId;

use super::EntryId;
use super::record::{Header, Position};
use super::segment::Segment;
use super::shard::{Known, Place, ShardLog, Slot};

/// A shorter order of the cache is not worth to be made anew.
const ORDER_KEPT: usize = 1024;

/// The map of the log in memory. It runs ahead of the files: it holds what was
/// handed in, written or not.
#[derive(Debug, Default)]
pub(super) struct Index {
    shards: BTreeMap<ShardId, ShardLog>,
    /// The files that hold records, by number. The last one is written to.
    pub(super) segments: BTreeMap<u32, Arc<Segment>>,
    /// No entry that waits to be written will stand in a segment before this one.
    waiting_from: u32,
    serial: u64,
    cache: Cache,
}

#[derive(Debug, Default)]
struct Cache {
    bytes: usize,
    bytes_max: usize,
    /// What was put in, in order; some of it is gone again by other ways.
    order: VecDeque<(ShardId, u64)>,
}

/// An entry to be read: from memory, or from a segment.
pub(super) enum Found {
    Cached(EntryId, Bytes),
    OnDisk { id: EntryId, segment: Arc<Segment>, offset: u64, payload_bytes: u32 },
}

impl Index {
    pub(super) fn new(cache_bytes_max: usize) -> Index {
        let cache = Cache { bytes_max: cache_bytes_max, ..Cache::default() };
        Index { cache, ..Index::default() }
    }

    pub(super) fn shard(&self, shard: ShardId) -> Option<&ShardLog> {
        self.shards.get(&shard)
    }

    /// What is held of a shard, which is not forgotten any more.
    pub(super) fn shard_mut(&mut self, shard: ShardId) -> &mut ShardLog {
        let log = self.shards.entry(shard).or_default();
        log.forgotten = false;
        log
    }

    pub(super) fn shards(&self) -> impl Iterator<Item = (ShardId, &ShardLog)> {
        self.shards.iter().map(|(id, log)| (*id, log))
    }

    pub(super) fn cache_bytes(&self) -> usize {
        self.cache.bytes
    }

    /// Takes entries in that wait to be written; gives the number of the hand-over.
    pub(super) fn append(
        &mut self,
        shard: ShardId,
        entries: &[(Header, Bytes)],
    ) -> io::Result<u64> {
        self.check(shard, entries)?;
        self.serial += 1;
        let serial = self.serial;
        if let Some((first, _)) = entries.first() {
            self.truncate(shard, first.id.index);
        }
        self.shard_mut(shard);
        let log = self.shards.get_mut(&shard).expect("made just now");
        for (header, payload) in entries {
            let slot = Slot { place: Place::waits(serial), payload_bytes: header.payload_bytes };
            log.push(header.id, slot, Some(payload.clone()));
            self.cache.bytes += payload.len();
            self.cache.order.push_back((shard, header.id.index));
        }
        Ok(serial)
    }

    fn check(&self, shard: ShardId, entries: &[(Header, Bytes)]) -> io::Result<()> {
        let refused = |what: String| Err(io::Error::new(ErrorKind::InvalidInput, what));
        let Some((first, _)) = entries.first() else { return Ok(()) };
        let mut follows = (first.id.index..u64::MAX).zip(entries);
        let last = first.id.index.checked_add(entries.len() as u64);
        if last.is_none() || !follows.all(|(index, (header, _))| header.id.index == index) {
            return refused(format!("the entries of shard {} do not follow each other", shard.0));
        }
        let Some(log) = self.shards.get(&shard) else { return Ok(()) };
        let index = first.id.index;
        let purged = log.purged.is_some_and(|purged| index <= purged.index);
        if purged || log.expected().is_some_and(|expected| index > expected) {
            let expected = log.expected().unwrap_or_default();
            return refused(format!(
                "entry {index} does not follow on the log of shard {}, which goes on at {expected}",
                shard.0
            ));
        }
        Ok(())
    }

    pub(super) fn truncate(&mut self, shard: ShardId, from: u64) {
        self.cache.bytes -= self.shard_mut(shard).truncate(from);
    }

    pub(super) fn purge(&mut self, shard: ShardId, upto: EntryId) {
        self.cache.bytes -= self.shard_mut(shard).purge(upto);
    }

    pub(super) fn forget(&mut self, shard: ShardId) {
        let gone = self.shards.insert(shard, ShardLog::forgotten());
        self.cache.bytes -= gone.map_or(0, |log| log.cached_bytes());
    }

    /// The number of the oldest segment that a shard has entries in, or will have
    /// when what waits is written.
    pub(super) fn oldest_needed(&self) -> Option<(ShardId, u32)> {
        let oldest = self.shards().filter_map(|(shard, log)| {
            let place = log.oldest()?;
            Some((shard, place.position().map_or(self.waiting_from, Position::segment)))
        });
        oldest.min_by_key(|(_, segment)| *segment)
    }

    /// A hand-over was written: says where its entries are.
    pub(super) fn settle(&mut self, shard: ShardId, serial: u64, places: &[(u64, Position)]) {
        let Some(log) = self.shards.get_mut(&shard) else { return };
        for (index, position) in places {
            log.settle(*index, serial, *position);
        }
    }

    /// All that was taken to be written is settled; the writer stands in `segment`.
    pub(super) fn settled(&mut self, segment: u32) {
        self.waiting_from = segment;
        self.shrink_cache();
    }

    /// Forgets the oldest payloads until the cache keeps its bound. Those that
    /// still wait to be written stay: they can be read nowhere else.
    fn shrink_cache(&mut self) {
        while self.cache.bytes > self.cache.bytes_max {
            let Some((shard, index)) = self.cache.order.front().copied() else { return };
            let log = self.shards.get_mut(&shard).expect("a shard never goes from the map");
            if log.get(index).is_some_and(|known| known.slot.place.position().is_none()) {
                return;
            }
            self.cache.order.pop_front();
            self.cache.bytes -= log.uncache_front(index).unwrap_or(0);
        }
        self.forget_stale_order();
    }

    /// Keeps the order from growing while entries leave the cache by truncation and
    /// purge only: makes it anew, when most of it is gone.
    fn forget_stale_order(&mut self) {
        let cached: usize = self.shards.values().map(ShardLog::cached_entries).sum();
        if self.cache.order.len() <= 2 * cached + ORDER_KEPT {
            return;
        }
        self.cache.order.clear();
        for (shard, log) in &self.shards {
            let first = log.end() - log.cached_entries() as u64;
            self.cache.order.extend((first..log.end()).map(|index| (*shard, index)));
        }
    }

    /// The entries from `from` up to before `to`, as far as they exist, and no
    /// more than `bytes_max` payload bytes, but one at least.
    pub(super) fn find(
        &self,
        shard: ShardId,
        from: u64,
        to: u64,
        bytes_max: usize,
    ) -> io::Result<Vec<Found>> {
        let Some(log) = self.shards.get(&shard) else { return Ok(Vec::new()) };
        let from = from.max(log.end() - log.entries());
        let mut found = Vec::new();
        let mut bytes = 0usize;
        for index in from..to.min(log.end()) {
            let Some(known) = log.get(index) else { break };
            bytes = bytes.saturating_add(known.slot.payload_bytes as usize);
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push(self.found(known)?);
        }
        Ok(found)
    }

    fn found(&self, known: Known) -> io::Result<Found> {
        let Known { id, slot, payload } = known;
        if let Some(payload) = payload {
            return Ok(Found::Cached(id, payload));
        }
        let position = slot.place.position().expect("what waits to be written is in memory");
        let segment = self.segments.get(&position.segment()).cloned().ok_or_else(|| {
            io::Error::new(ErrorKind::NotFound, "the segment of this entry was freed")
        })?;
        let offset = u64::from(position.offset());
        Ok(Found::OnDisk { id, segment, offset, payload_bytes: slot.payload_bytes })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::record::Kind;
    use super::*;

    fn append(index: &mut Index, shard: u16, at: u64) {
        let id = EntryId { term: 1, node: 1, index: at };
        let header = Header::of(Kind::Append, ShardId(shard), id, b"payload");
        let entry = (header, Bytes::from_static(b"payload"));
        let serial = index.append(ShardId(shard), &[entry]).unwrap();
        let position = Position::new(1, at as u32);
        index.settle(ShardId(shard), serial, &[(at, position)]);
        index.settled(1);
    }

    #[test]
    fn an_idle_shard_does_not_let_the_order_of_the_cache_grow() {
        let mut index = Index::new(1 << 20);
        append(&mut index, 1, 1);
        for at in 1..10_000 {
            append(&mut index, 2, at);
            index.purge(ShardId(2), EntryId { term: 1, node: 1, index: at });
        }
        assert!(index.cache.order.len() < 2000, "{}", index.cache.order.len());
        assert_eq!(index.cache.bytes, 7);
    }

    #[test]
    fn the_cache_keeps_the_newest_payloads_within_its_bound() {
        let mut index = Index::new(70);
        for at in 1..50u64 {
            append(&mut index, (at % 2) as u16, at.div_ceil(2));
        }
        assert_eq!(index.cache.bytes, 70);
        let cached = |shard: u16, at| index.shard(ShardId(shard)).unwrap().get(at).unwrap().payload;
        assert!(cached(1, 25).is_some() && cached(0, 24).is_some());
        assert!(cached(1, 10).is_none() && cached(0, 10).is_none());
    }
}
