//! A group of consumers, and what each of them has got and not acknowledged.

use super::{Id, TreeEntry};
use crate::keys::store::Garbage;
use crate::keys::store::tree::Tree;
use crate::wire::Wire;

/// A group of consumers of a stream.
#[derive(Clone, Debug)]
pub(in crate::keys) struct ConsumerGroup {
    /// The greatest id that was given to anybody.
    pub last_id: Id,
    /// How many entries of the stream were given, as far as that is known.
    pub read: Option<i64>,
    /// By id: what was given and not acknowledged.
    pending: Tree,
    /// By the number of the consumer, then by id: the same without more.
    owned: Tree,
    /// By name: the number of the consumer.
    names: Tree,
    /// By number: what is known of the consumer.
    consumers: Tree,
    next: u64,
}

/// An entry that was given and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) struct Pending {
    pub id: Id,
    /// The number of the consumer that has it.
    pub consumer: u64,
    /// When it was last given.
    pub given_ms: u64,
    /// How often.
    pub count: i64,
}

/// A consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) struct Consumer<'a> {
    pub name: &'a [u8],
    /// Its number in the group; a new one of the same name has another.
    pub number: u64,
    /// When it was last heard of.
    pub seen_ms: u64,
    /// How many entries it has.
    pub pending: u64,
}

impl ConsumerGroup {
    pub(in crate::keys) fn new(last_id: Id, read: Option<i64>) -> Self {
        let [pending, owned, names, consumers] = Default::default();
        ConsumerGroup { last_id, read, pending, owned, names, consumers, next: 0 }
    }

    /// How many entries are pending.
    pub(in crate::keys) fn pending_count(&self) -> usize {
        self.pending.len()
    }

    pub(in crate::keys) fn consumer_count(&self) -> usize {
        self.names.len()
    }

    /// The pending entries from an id on.
    pub(in crate::keys) fn pending(&self, from: Id) -> impl Iterator<Item = Pending> {
        self.pending_from(self.pending.rank(&from.key()).0)
    }

    /// The pending entries from the one with this number on.
    pub(in crate::keys) fn pending_from(&self, at: usize) -> impl Iterator<Item = Pending> {
        self.pending.from(at).filter_map(read_pending)
    }

    /// The last pending entry.
    pub(in crate::keys) fn last_pending(&self) -> Option<Pending> {
        self.pending.back_from(usize::MAX).next().and_then(read_pending)
    }

    /// The pending entry of this id.
    pub(in crate::keys) fn pending_at(&self, id: Id) -> Option<Pending> {
        let value = self.pending.get(&id.key())?;
        read_pending(TreeEntry { key: &id.key(), value })
    }

    /// The pending entries of a consumer from an id on.
    pub(in crate::keys) fn owned(&self, consumer: u64, from: Id) -> impl Iterator<Item = Pending> {
        let all = self.owned.from(self.owned.rank(&owned_key(consumer, from)).0);
        let ids = all.map_while(move |entry| {
            let (number, id) = entry.key.split_first_chunk()?;
            (u64::from_be_bytes(*number) == consumer).then(|| Id::of_key(id))?
        });
        ids.filter_map(|id| self.pending_at(id))
    }

    /// The consumers in the order of their names.
    pub(in crate::keys) fn consumers(&self) -> impl Iterator<Item = Consumer<'_>> {
        self.consumers_from(0)
    }

    /// The same from the one at this place on.
    pub(in crate::keys) fn consumers_from(&self, at: usize) -> impl Iterator<Item = Consumer<'_>> {
        self.names.from(at).filter_map(|entry| self.numbered(read_number(entry.value)?))
    }

    pub(in crate::keys) fn consumer(&self, name: &[u8]) -> Option<Consumer<'_>> {
        self.numbered(read_number(self.names.get(name)?)?)
    }

    /// The consumer with this number.
    pub(in crate::keys) fn numbered(&self, number: u64) -> Option<Consumer<'_>> {
        let mut value = self.consumers.get(&number.to_be_bytes())?;
        let seen_ms = u64::take(&mut value).ok()?;
        let pending = u64::take(&mut value).ok()?;
        Some(Consumer { name: value, number, seen_ms, pending })
    }

    /// Adds a consumer whose name is new, and gives its number.
    pub(in crate::keys) fn add_consumer(&mut self, name: &[u8], seen_ms: u64) -> u64 {
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        let mut value = Vec::new();
        number.put(&mut value);
        self.names.put(TreeEntry { key: name, value: &value });
        self.put_consumer(Consumer { name, number, seen_ms, pending: 0 });
        number
    }

    /// Adds a consumer as it was, with nothing pending; whether it may be there: the next
    /// number is beyond its own.
    pub(in crate::keys) fn push_consumer(&mut self, one: Consumer<'_>) -> bool {
        let fits = self.names.get(one.name).is_none()
            && self.numbered(one.number).is_none()
            && one.number < self.next;
        if fits {
            let mut value = Vec::new();
            one.number.put(&mut value);
            self.names.put(TreeEntry { key: one.name, value: &value });
            self.put_consumer(Consumer { pending: 0, ..one });
        }
        fits
    }

    /// The number of a consumer that is heard of, a new one if there is none.
    pub(in crate::keys) fn hear_of(&mut self, name: &[u8], now_ms: u64) -> u64 {
        let Some(one) = self.consumer(name) else { return self.add_consumer(name, now_ms) };
        let (number, pending) = (one.number, one.pending);
        self.put_consumer(Consumer { name, number, seen_ms: now_ms, pending });
        number
    }

    /// Removes a consumer and what it has; how many entries that were.
    pub(in crate::keys) fn remove_consumer(&mut self, name: &[u8]) -> Option<u64> {
        let Consumer { number, pending, .. } = self.consumer(name)?;
        let ids: Vec<Id> = self.owned(number, Id::MIN).map(|one| one.id).collect();
        ids.iter().for_each(|id| self.pending.remove(&id.key()));
        self.owned.remove_range(self.owned.rank(&owned_key(number, Id::MIN)).0, ids.len());
        self.names.remove(name);
        self.consumers.remove(&number.to_be_bytes());
        Some(pending)
    }

    /// Gives an entry to a consumer that is there, whoever had it.
    pub(in crate::keys) fn give(&mut self, one: Pending) {
        let before = self.pending_at(one.id).map(|old| old.consumer);
        if before != Some(one.consumer) {
            if let Some(before) = before {
                self.owned.remove(&owned_key(before, one.id));
                self.count(before, -1);
            }
            self.owned.put(TreeEntry { key: &owned_key(one.consumer, one.id), value: b"" });
            self.count(one.consumer, 1);
        }
        let mut value = Vec::new();
        one.consumer.put(&mut value);
        one.given_ms.put(&mut value);
        one.count.put(&mut value);
        self.pending.put(TreeEntry { key: &one.id.key(), value: &value });
    }

    /// The entry of this id is pending no longer; whether it was.
    pub(in crate::keys) fn settle(&mut self, id: Id) -> bool {
        let Some(one) = self.pending_at(id) else { return false };
        self.pending.remove(&id.key());
        self.owned.remove(&owned_key(one.consumer, id));
        self.count(one.consumer, -1);
        true
    }

    /// The number that the next consumer gets.
    pub(in crate::keys) fn next(&self) -> u64 {
        self.next
    }

    /// Sets the number that the next consumer gets.
    pub(in crate::keys) fn set_next(&mut self, next: u64) {
        self.next = next;
    }

    /// Bytes of memory, estimated.
    pub(in crate::keys) fn memory(&self) -> usize {
        [&self.pending, &self.owned, &self.names, &self.consumers]
            .iter()
            .map(|tree| tree.memory())
            .sum()
    }

    /// What is to be freed bit by bit.
    pub(in crate::keys) fn into_nodes(self, garbage: &mut Garbage) {
        for tree in [self.pending, self.owned, self.names, self.consumers] {
            garbage.put_node(tree.into_node());
        }
    }

    fn count(&mut self, number: u64, by: i64) {
        let Some(one) = self.numbered(number) else { return };
        let pending = one.pending.saturating_add_signed(by);
        let name = one.name.to_vec();
        let seen_ms = one.seen_ms;
        self.put_consumer(Consumer { name: &name, number, seen_ms, pending });
    }

    fn put_consumer(&mut self, one: Consumer<'_>) {
        let mut value = Vec::new();
        one.seen_ms.put(&mut value);
        one.pending.put(&mut value);
        value.extend_from_slice(one.name);
        self.consumers.put(TreeEntry { key: &one.number.to_be_bytes(), value: &value });
    }
}

fn owned_key(consumer: u64, id: Id) -> [u8; 24] {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&consumer.to_be_bytes());
    key[8..].copy_from_slice(&id.key());
    key
}

fn read_number(mut value: &[u8]) -> Option<u64> {
    u64::take(&mut value).ok()
}

fn read_pending(entry: TreeEntry<'_>) -> Option<Pending> {
    let mut value = entry.value;
    let consumer = u64::take(&mut value).ok()?;
    let given_ms = u64::take(&mut value).ok()?;
    let count = i64::take(&mut value).ok()?;
    Some(Pending { id: Id::of_key(entry.key)?, consumer, given_ms, count })
}
