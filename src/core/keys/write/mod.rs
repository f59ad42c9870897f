//! Operations that change keys.

mod bits;
mod deadlines;
mod distinct;
mod fills;
mod generic;
mod numbers;
mod places;
mod sorted;
mod strings;

pub(in crate::keys) use deadlines::holds;

use super::store::{Database, Hasher, Item, Name, Value};
use super::{Class, Event, Keyspace, Op, geo, hashes, lists, sets, streams, waits, zsets};
use crate::{Db, Fault, Outcome, Stamp};

/// What an operation did to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Nothing.
    None,
    /// Something that WATCH does not look at.
    Quiet,
    /// Something else.
    Seen,
}

/// So many fields that are past their deadline an operation on their hash ends at most.
const FIELDS_AT_ONCE: usize = 64;

/// The key space while an operation changes it.
pub(super) struct Writer<'a> {
    pub space: &'a mut Keyspace,
    pub at: &'a Stamp,
}

impl Writer<'_> {
    pub(super) fn run(&mut self, op: &Op<'_>) -> Outcome {
        self.carry_out(op).unwrap_or_else(Outcome::Fault)
    }

    fn carry_out(&mut self, op: &Op<'_>) -> Result<Outcome, Fault> {
        Ok(match op {
            Op::Set { db, key, value, when, expiry, get } => {
                self.set(*db, key, value, *when, *expiry, *get)?
            }
            Op::GetDel { db, key } => self.get_del(*db, key)?,
            Op::GetEx { db, key, expiry } => self.get_ex(*db, key, *expiry)?,
            Op::MSet { db, pairs, only_new } => self.mset(*db, pairs, *only_new),
            Op::Append { db, key, value, max } => self.append(*db, key, value, *max)?,
            Op::SetRange { db, key, offset, value, max } => {
                self.set_range(*db, key, *offset, value, *max)?
            }
            Op::IncrBy { db, key, by } => self.incr_by(*db, key, *by)?,
            Op::IncrByFloat { db, key, by } => self.incr_by_float(*db, key, by)?,
            Op::Del { db, keys } => self.del(*db, keys),
            Op::DelIfEqual { db, key, value } => self.del_if_equal(*db, key, value)?,
            Op::Copy { db, from, to_db, to, replace } => {
                self.copy(*db, from, *to_db, to, *replace)?
            }
            Op::Rename { db, from, to, only_new } => self.rename(*db, from, to, *only_new)?,
            Op::Move { db, key, to_db } => self.move_to(*db, key, *to_db)?,
            Op::Restore { db, key, payload, expiry, replace, idle_s, freq } => {
                self.restore(*db, key, payload, *expiry, *replace)?;
                self.set_access(*db, key, *idle_s, *freq);
                Outcome::Ok
            }
            Op::Expire { db, key, expiry, when } => self.expire(*db, key, *expiry, *when)?,
            Op::Persist { db, key } => self.persist(*db, key),
            Op::FlushDb { db } => self.flush_db(*db),
            Op::FlushAll {} => self.flush_all(),
            Op::SwapDb { a, b } => self.swap_db(*a, *b),
            Op::Evict { keys } => self.evict(keys),
            Op::Hash { db, key, op } => hashes::write(self, *db, key, op)?,
            Op::List { db, key, op } => lists::write(self, *db, key, op)?,
            Op::ListMove { db, from, to, from_front, to_front } => {
                lists::shift(self, *db, [from, to], [*from_front, *to_front])?
            }
            Op::ListPopFirst { db, keys, front, count } => {
                lists::pop_first(self, *db, keys, *front, *count)?
            }
            Op::Members { db, key, op } => sets::write(self, *db, key, op)?,
            Op::MemberMove { db, from, to, member } => sets::shift(self, *db, from, to, member)?,
            Op::SetMergeStore { db, how, to, keys } => sets::store(self, *db, *how, to, keys)?,
            Op::Scored { db, key, op } => zsets::write(self, *db, key, op)?,
            Op::ScoredMergeStore { db, how, to, keys, weights, fold } => {
                zsets::store(self, *db, (*how, *fold), to, keys, weights)?
            }
            Op::ScoredPopFirst { db, keys, max, count } => {
                zsets::pop_first(self, *db, keys, *max, *count)?
            }
            Op::ScoredRangeStore { db, to, from, span, reverse, offset, limit } => {
                zsets::store_range(self, *db, [to, from], *span, *reverse, [*offset, *limit])?
            }
            Op::Stream { db, key, op } => streams::write(self, *db, key, op)?,
            Op::StreamReadGroup { db, group, consumer, keys, after, count, no_ack } => {
                let (count, bytes_max, no_ack) = (*count, usize::MAX, *no_ack);
                let reader = streams::Reader { group, consumer, count, bytes_max, no_ack };
                streams::read_group(self, *db, reader, keys, after)?
            }
            Op::Bits { db, key, op } => self.bits(*db, key, op)?,
            Op::BitMerge { db, how, to, keys } => self.merge_bits(*db, *how, to, keys)?,
            Op::SortStore { db, to, key, terms, get } => {
                self.store_sorted(*db, [to, key], terms, get)?
            }
            Op::CountDistinct { db, key, elements, sparse_max } => {
                self.count_distinct(*db, key, elements, *sparse_max)?
            }
            Op::KeepCount { db, key } => self.keep_count(*db, key),
            Op::DistinctInside { db, key, ask } => self.inside_distinct(*db, key, *ask)?,
            Op::DistinctMerge { db, to, keys, sparse_max } => {
                self.merge_distinct(*db, to, keys, *sparse_max)?
            }
            Op::NearStore { db, to, key, search, distances } => {
                geo::store(self, *db, [to, key], search, *distances, Event::GeoSearchStore {})?
            }
            Op::RadiusStore { db, to, key, search, distances } => {
                geo::store(self, *db, [to, key], search, *distances, Event::GeoRadiusStore {})?
            }
            Op::FillSet { db, key, token, value, expiry } => {
                self.fill_set(*db, key, *token, value, *expiry)?
            }
            Op::FillAbort { db, key, token } => self.fill_abort(*db, key, *token),
            Op::PopOrWait { db, keys, want, .. } => waits::pop(self, *db, keys, want)?,
            // Nobody waits in a key space without a shard.
            Op::CancelWait { .. } | Op::ConfirmWait { .. } => Outcome::Int(0),
            _ => unreachable!("the caller tells writes from reads"),
        })
    }

    fn now_ms(&self) -> u64 {
        self.at.now_ms
    }

    /// The item of a key, if it is there. One past its deadline is removed, and so are
    /// some fields past theirs; whoever changes fields ends those by name.
    fn find(&mut self, db: Db, name: &Name<'_>) -> Option<&Item> {
        let Stamp { now_ms, seq, .. } = *self.at;
        let database = self.space.databases[usize::from(db.0)].as_deref_mut()?;
        if database.next_end().is_some_and(|end| end <= now_ms)
            && database.get(name).is_some_and(|item| item.has_due(now_ms))
        {
            let (_, gone) = match database.get(name).is_some_and(|item| item.value.is_over(now_ms))
            {
                true => (0, database.end(name)),
                false => database.end_fields_of(name, seq, now_ms, FIELDS_AT_ONCE),
            };
            self.space.fields_ended(db, name.key, gone);
        }
        let database = self.space.databases[usize::from(db.0)].as_deref_mut()?;
        if database.next_deadline().is_some_and(|deadline| deadline <= now_ms)
            && database.get(name).is_some_and(|item| item.is_due(now_ms))
        {
            let ended = database.end(name);
            self.space.counters.expired.add(1);
            self.space.waits.note_gone(db, name.key);
            self.space.heard.tell(db, name.key, Event::Expired {});
            ended?.value.discard(&mut self.space.garbage);
            return None;
        }
        database.get(name)
    }

    /// Removes those of these fields of the hash at a key that are past their deadline.
    pub(super) fn end_fields(&mut self, db: Db, key: &[u8], fields: &[&[u8]]) {
        let Stamp { now_ms, seq, .. } = *self.at;
        let next = self.space.database(db).and_then(Database::next_end);
        if next.is_none_or(|end| end > now_ms) {
            return;
        }
        let name = self.space.hasher.name(key);
        if !self.find(db, &name).is_some_and(|item| item.has_due(now_ms)) {
            return;
        }
        let (ended, gone) = self.space.database_mut(db).end_named(&name, seq, now_ms, fields);
        if ended > 0 {
            self.space.fields_ended(db, key, gone);
        }
    }

    /// The same for a client that wants to read, too.
    fn read(&mut self, db: Db, name: &Name<'_>) -> Option<&Item> {
        let found = self.find(db, name).is_some();
        let counters = &self.space.counters;
        let counter = if found { &counters.hits } else { &counters.misses };
        counter.add(1);
        if !found {
            self.tell(db, name.key, Event::KeyMiss {});
        }
        self.space.database(db).filter(|_| found)?.get(name)
    }

    /// Gives a key a value. One whose deadline is past by now is gone at once.
    fn put(&mut self, db: Db, name: &Name<'_>, value: Value, deadline: Option<u64>) {
        let Stamp { now_ms, seq, .. } = *self.at;
        if self.space.hears(Class::New) {
            // Looked at only: what others do, whoever listens, must be the same.
            let item = self.space.database(db).and_then(|all| all.get(name));
            let due = item.map(|item| item.is_due(now_ms));
            if due == Some(true) {
                self.tell(db, name.key, Event::Expired {});
            }
            if due != Some(false) {
                self.tell(db, name.key, Event::New {});
            }
        }
        if deadline.is_some_and(|deadline| deadline <= now_ms) {
            self.remove(db, name);
            return;
        }
        let awaited = waits::kind_of(&value).is_some();
        let replaced = self.space.database_mut(db).set(name, value, deadline, seq, now_ms);
        if let Some(replaced) = replaced {
            replaced.discard(&mut self.space.garbage);
        }
        if awaited {
            self.space.waits.note(db, name.key);
        } else {
            self.space.waits.note_gone(db, name.key);
        }
    }

    /// Changes the value of a key that is there.
    fn change<T>(
        &mut self,
        db: Db,
        name: &Name<'_>,
        change: impl FnOnce(&mut Value) -> T,
    ) -> Option<T> {
        let Stamp { now_ms, seq, .. } = *self.at;
        self.space.database_mut(db).change(name, seq, now_ms, change)
    }

    /// Works on the collection at a key, one of the kind of `new` if there is none yet.
    /// One that is empty behind that is gone. Who listens is told of `event`; without one
    /// whoever calls this tells all.
    pub(super) fn edit<T>(
        &mut self,
        db: Db,
        key: &[u8],
        new: fn() -> Value,
        event: Option<Event>,
        work: impl FnOnce(&mut Value, Hasher) -> Result<(T, bool), Fault>,
    ) -> Result<T, Fault> {
        let Stamp { now_ms, seq, .. } = *self.at;
        let hasher = self.space.hasher;
        let name = hasher.name(key);
        if self.find(db, &name).is_none() {
            let mut value = new();
            let (result, _) = work(&mut value, hasher)?;
            if !value.is_empty() {
                self.put(db, &name, value, None);
                self.tell_some(db, key, event);
            }
            return Ok(result);
        }
        let done = self.space.database_mut(db).edit(&name, seq, now_ms, |value| {
            let result = work(value, hasher);
            let changed = matches!(result, Ok((_, true)));
            ((result, value.is_empty()), changed)
        });
        let (result, empty) = done.expect("the key is there");
        if matches!(result, Ok((_, true))) {
            self.tell_some(db, key, event);
        }
        if empty {
            self.remove(db, &name);
            self.tell_some(db, key, event.map(|_| Event::Del {}));
        }
        result.map(|(result, _)| result)
    }

    /// Whether a key is there.
    pub(super) fn has(&mut self, db: Db, key: &[u8]) -> bool {
        let name = self.space.hasher.name(key);
        self.find(db, &name).is_some()
    }

    /// Works on the value at a key, if it is there, even if nothing is in it behind that.
    pub(super) fn edit_there<T>(
        &mut self,
        db: Db,
        key: &[u8],
        work: impl FnOnce(&mut Value) -> Result<(T, Change), Fault>,
    ) -> Result<Option<T>, Fault> {
        let Stamp { now_ms, seq, .. } = *self.at;
        let name = self.space.hasher.name(key);
        if self.find(db, &name).is_none() {
            return Ok(None);
        }
        let database = self.space.database_mut(db);
        let done = database.edit(&name, seq, now_ms, |value| {
            let result = work(value);
            let seen = matches!(result, Ok((_, Change::Seen)));
            (result, seen)
        });
        let (result, change) = done.expect("the key is there")?;
        if change == Change::Quiet {
            database.note_changed(&name);
        }
        Ok(Some(result))
    }

    /// The values at keys, as far as there are any, if they are of a kind.
    pub(super) fn found<'b, T>(
        &'b mut self,
        db: Db,
        keys: &[&[u8]],
        kind: impl Fn(&'b Value) -> Result<T, Fault>,
    ) -> Result<Vec<Option<T>>, Fault> {
        let hasher = self.space.hasher;
        for key in keys {
            // What is past its deadline goes first.
            if self.find(db, &hasher.name(key)).is_none() {
                self.tell(db, key, Event::KeyMiss {});
            }
        }
        let database = self.space.database(db);
        let item = |key: &&[u8]| database.and_then(|all| all.get(&hasher.name(key)));
        keys.iter().map(|key| item(key).map(|item| kind(&item.value)).transpose()).collect()
    }

    /// Puts a collection in the place of whatever is at a key, which is `event`; an empty
    /// one leaves nothing there.
    pub(super) fn replace_collection(&mut self, db: Db, key: &[u8], value: Value, event: Event) {
        let name = self.space.hasher.name(key);
        if value.is_empty() {
            self.delete(db, &name);
        } else {
            self.put(db, &name, value, None);
            self.tell(db, key, event);
        }
    }

    /// Puts a stream where nothing is, an empty one, too.
    pub(super) fn put_stream(&mut self, db: Db, key: &[u8], stream: Value) {
        let name = self.space.hasher.name(key);
        self.put(db, &name, stream, None);
    }

    /// Tells who listens.
    pub(super) fn tell(&mut self, db: Db, key: &[u8], event: Event) {
        self.space.tell(db, key, event);
    }

    fn tell_some(&mut self, db: Db, key: &[u8], event: Option<Event>) {
        if let Some(event) = event {
            self.tell(db, key, event);
        }
    }

    /// Removes a key as DEL does; whether it was there.
    fn delete(&mut self, db: Db, name: &Name<'_>) -> bool {
        let there = self.find(db, name).is_some();
        self.remove(db, name);
        if there {
            self.tell(db, name.key, Event::Del {});
        }
        there
    }

    fn remove(&mut self, db: Db, name: &Name<'_>) {
        let item = self.take(db, name);
        self.discard(item);
    }

    fn discard(&mut self, item: Option<Item>) {
        if let Some(item) = item {
            item.value.discard(&mut self.space.garbage);
        }
    }

    fn take(&mut self, db: Db, name: &Name<'_>) -> Option<Item> {
        self.space.waits.note_gone(db, name.key);
        self.space.databases[usize::from(db.0)].as_deref_mut()?.remove(name)
    }
}
