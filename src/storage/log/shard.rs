//! Where the entries of one shard are.

use std::collections::VecDeque;

use bytes::Bytes;

use super::EntryId;
use super::record::Position;

/// The entries of one shard: ids, places, and the payloads of the newest ones.
#[derive(Debug, Default)]
pub(super) struct ShardLog {
    pub(super) purged: Option<EntryId>,
    pub(super) vote: Option<Vec<u8>>,
    /// Nothing came since the shard was forgotten.
    pub(super) forgotten: bool,
    /// The index of the first slot.
    first: u64,
    slots: VecDeque<Slot>,
    /// Who led from which index on. Invariant: covers exactly the slots.
    reigns: VecDeque<Reign>,
    /// The payloads of the last entries, as many as there are here.
    cached: VecDeque<Bytes>,
}

/// Where an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) place: Place,
    pub(super) payload_bytes: u32,
}

/// A position in the log, or the number of the hand-over that still waits to be
/// written. One word, because there is one for each entry in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u64);

#[derive(Debug)]
struct Reign {
    from: u64,
    term: u64,
    node: u64,
}

/// An entry as the index knows it.
pub(super) struct Known {
    pub(super) id: EntryId,
    pub(super) slot: Slot,
    pub(super) payload: Option<Bytes>,
}

impl Place {
    const WAITS: u64 = 1 << 63;

    pub(super) fn waits(serial: u64) -> Place {
        Place(Place::WAITS | serial)
    }

    pub(super) fn at(position: Position) -> Place {
        Place(position.0)
    }

    pub(super) fn position(self) -> Option<Position> {
        (self.0 & Place::WAITS == 0).then_some(Position(self.0))
    }
}

impl ShardLog {
    /// A shard of which nothing came since it was forgotten.
    pub(super) fn forgotten() -> ShardLog {
        ShardLog { forgotten: true, ..ShardLog::default() }
    }

    /// Whether nothing is known about the shard.
    pub(super) fn is_blank(&self) -> bool {
        self.slots.is_empty() && self.purged.is_none() && self.vote.is_none()
    }

    pub(super) fn entries(&self) -> u64 {
        self.slots.len() as u64
    }

    /// How many payloads are in memory: those of the last entries.
    pub(super) fn cached_entries(&self) -> usize {
        self.cached.len()
    }

    /// The index behind the last entry.
    pub(super) fn end(&self) -> u64 {
        self.first + self.entries()
    }

    /// The index that the next entry has, where it is not free to choose.
    pub(super) fn expected(&self) -> Option<u64> {
        if self.slots.is_empty() {
            return self.purged.map(|purged| purged.index.saturating_add(1));
        }
        Some(self.end())
    }

    pub(super) fn last(&self) -> Option<EntryId> {
        if self.slots.is_empty() {
            return self.purged;
        }
        self.id_at(self.end() - 1)
    }

    pub(super) fn id_at(&self, index: u64) -> Option<EntryId> {
        if let Some(purged) = self.purged
            && purged.index == index
        {
            return Some(purged);
        }
        if index < self.first || index >= self.end() {
            return None;
        }
        let at = self.reigns.partition_point(|reign| reign.from <= index) - 1;
        let Reign { term, node, .. } = self.reigns[at];
        Some(EntryId { term, node, index })
    }

    pub(super) fn get(&self, index: u64) -> Option<Known> {
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        let slot = *self.slots.get(at)?;
        let uncached = self.slots.len() - self.cached.len();
        let payload = at.checked_sub(uncached).map(|at| self.cached[at].clone());
        let id = self.id_at(index).expect("the index is held");
        Some(Known { id, slot, payload })
    }

    /// Adds an entry behind the last one, which it has to follow.
    pub(super) fn push(&mut self, id: EntryId, slot: Slot, payload: Option<Bytes>) {
        if self.slots.is_empty() {
            self.first = id.index;
        }
        assert_eq!(id.index, self.end(), "entries follow each other");
        let same = |reign: &Reign| reign.term == id.term && reign.node == id.node;
        if !self.reigns.back().is_some_and(same) {
            self.reigns.push_back(Reign { from: id.index, term: id.term, node: id.node });
        }
        self.slots.push_back(slot);
        match payload {
            Some(payload) => self.cached.push_back(payload),
            None => self.cached.clear(),
        }
    }

    /// Drops the entries from `from` on; gives the payload bytes that were cached.
    pub(super) fn truncate(&mut self, from: u64) -> usize {
        let mut freed = 0;
        while !self.slots.is_empty() && self.end() > from {
            self.slots.pop_back();
            freed += self.cached.pop_back().map_or(0, |payload| payload.len());
        }
        while self.reigns.back().is_some_and(|reign| reign.from >= self.end()) {
            self.reigns.pop_back();
        }
        freed
    }

    /// Drops the entries up to `upto`; gives the payload bytes that were cached.
    pub(super) fn purge(&mut self, upto: EntryId) -> usize {
        if self.purged.is_some_and(|before| before.index >= upto.index) {
            return 0;
        }
        self.purged = Some(upto);
        let mut freed = 0;
        while !self.slots.is_empty() && self.first <= upto.index {
            freed += self.uncache_front(self.first).unwrap_or(0);
            self.slots.pop_front();
            self.first += 1;
        }
        while self.reigns.get(1).is_some_and(|next| next.from <= self.first) {
            self.reigns.pop_front();
        }
        if self.slots.is_empty() {
            self.reigns.clear();
        }
        freed
    }

    /// Payload bytes in memory.
    pub(super) fn cached_bytes(&self) -> usize {
        self.cached.iter().map(Bytes::len).sum()
    }

    /// Forgets the payload of `index` if it is the oldest in memory; gives its bytes.
    pub(super) fn uncache_front(&mut self, index: u64) -> Option<usize> {
        if self.cached.is_empty() || self.end() - self.cached.len() as u64 != index {
            return None;
        }
        self.cached.pop_front().map(|payload| payload.len())
    }

    /// The hand-over `serial` was written: its entry `index` is at `position` now,
    /// unless another one has taken the index since.
    pub(super) fn settle(&mut self, index: u64, serial: u64, position: Position) {
        let Some(at) = index.checked_sub(self.first) else { return };
        if let Some(slot) = self.slots.get_mut(at as usize)
            && slot.place == Place::waits(serial)
        {
            slot.place = Place::at(position);
        }
    }

    /// Where the oldest entry is.
    pub(super) fn oldest(&self) -> Option<Place> {
        self.slots.front().map(|slot| slot.place)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn id(term: u64, index: u64) -> EntryId {
        EntryId { term, node: 1, index }
    }

    fn filled(terms: &[u64]) -> ShardLog {
        let mut log = ShardLog::default();
        for (index, term) in (1..).zip(terms) {
            let slot = Slot { place: Place::waits(7), payload_bytes: 4 };
            log.push(id(*term, index), slot, Some(Bytes::from_static(b"data")));
        }
        log
    }

    #[test]
    fn ids_are_found_over_changes_of_the_leader() {
        let log = filled(&[1, 1, 2, 5, 5]);
        let terms: Vec<u64> = (1..6).map(|index| log.id_at(index).unwrap().term).collect();
        assert_eq!(terms, [1, 1, 2, 5, 5]);
        assert_eq!(log.id_at(0), None);
        assert_eq!(log.id_at(6), None);
    }

    #[test]
    fn what_follows_a_truncated_tail_has_its_own_leader() {
        let mut log = filled(&[1, 1, 2, 5, 5]);
        assert_eq!(log.truncate(3), 12);
        let slot = Slot { place: Place::waits(8), payload_bytes: 0 };
        log.push(id(9, 3), slot, Some(Bytes::new()));
        assert_eq!(log.last(), Some(id(9, 3)));
        assert_eq!(log.id_at(2), Some(id(1, 2)));
    }

    #[test]
    fn a_purge_keeps_the_id_of_the_last_purged_entry() {
        let mut log = filled(&[1, 1, 2, 5, 5]);
        assert_eq!(log.purge(id(2, 3)), 12);
        assert_eq!(log.id_at(3), Some(id(2, 3)));
        assert_eq!(log.id_at(4), Some(id(5, 4)));
        assert!(log.get(3).is_none());
    }

    #[test]
    fn a_purge_beyond_the_end_says_where_the_log_goes_on() {
        let mut log = filled(&[1, 1]);
        log.purge(id(4, 100));
        assert_eq!((log.entries(), log.expected(), log.last()), (0, Some(101), Some(id(4, 100))));
    }

    #[test]
    fn a_written_entry_gets_its_place_only_if_it_is_still_the_same() {
        let mut log = filled(&[1, 1]);
        log.truncate(2);
        let slot = Slot { place: Place::waits(8), payload_bytes: 0 };
        log.push(id(2, 2), slot, Some(Bytes::new()));
        log.settle(2, 7, Position::new(1, 64));
        assert_eq!(log.get(2).unwrap().slot.place, Place::waits(8));
        log.settle(2, 8, Position::new(1, 128));
        assert_eq!(log.get(2).unwrap().slot.place.position(), Some(Position::new(1, 128)));
    }
}
