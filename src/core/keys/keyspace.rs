//! The key space of a shard as a state machine.

use super::events::{Event, Heard};
use super::fills::{self, Voided};
use super::read::View;
use super::stats::{Counters, Stats};
use super::store::{Database, Garbage, Hasher, Item};
use super::waits::{self, Kind};
use super::write::Writer;
use super::{Frozen, Op, Touched, digest};
use crate::ids::DATABASES;
use crate::wire::Malformed;
use crate::{Db, Outcome, Read, Stamp};

/// The keys of a shard.
#[derive(Debug, Default)]
pub struct Keyspace {
    pub(super) hasher: Hasher,
    /// Made when a key first comes.
    pub(super) databases: [Option<Box<Database>>; DATABASES as usize],
    pub(super) counters: Counters,
    /// What is gone and is given back to the allocator bit by bit.
    pub(super) garbage: Garbage,
    /// How many changes databases had seen that are flushed, and how many keys they had.
    flushed: u64,
    /// What changed and has no names, while somebody wants to know.
    touched: Option<Touched>,
    /// What happened, while somebody listens.
    pub(super) heard: Heard,
    /// Who waits for keys.
    pub(crate) waits: waits::Table,
    /// The keys that are filled. Invariant: none of them is there.
    pub(crate) fills: fills::Table,
}

/// What a database holds (INFO keyspace).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Keys.
    pub keys: u64,
    /// Keys with a deadline.
    pub with_deadline: u64,
    /// The mean time to the deadlines.
    pub average_ttl_ms: u64,
}

impl Keyspace {
    /// An empty key space that hashes with `seed`.
    pub fn new(seed: u64) -> Self {
        Keyspace { hasher: Hasher { seed }, ..Keyspace::default() }
    }

    /// Carries out an operation. One that only reads changes nothing.
    pub fn apply(&mut self, at: &Stamp, op: &Op<'_>) -> Outcome {
        self.garbage.free_some();
        if op.is_write() {
            let outcome = Writer { space: self, at }.run(op);
            self.end_fills(op);
            outcome
        } else {
            let outcome = View::new(self, at.now_ms, at.now_ms).run(op);
            self.tell_missed(at.now_ms, op);
            outcome
        }
    }

    /// Answers an operation that only reads, at `now_ms` by the reader's clock
    /// and `clock_ms` by the shard's.
    ///
    /// # Panics
    /// When the operation writes.
    pub fn read(&self, now_ms: u64, clock_ms: u64, op: &Op<'_>) -> Read {
        assert!(!op.is_write(), "asked to read what only the log may carry");
        let view = View::new(self, now_ms.max(clock_ms), clock_ms);
        let outcome = view.run(op);
        if view.met_due() { Read::TickFirst } else { Read::Done(outcome) }
    }

    /// Answers an operation that only reads, for a reader without a clock. None: it met
    /// something that has a deadline.
    ///
    /// # Panics
    /// When the operation writes.
    pub fn read_lasting(&self, clock_ms: u64, op: &Op<'_>) -> Option<Outcome> {
        assert!(!op.is_write(), "asked to read what only the log may carry");
        let view = View::lasting(self, clock_ms);
        let outcome = view.run(op);
        (!view.met_due()).then_some(outcome)
    }

    /// What is to be written ahead of an operation that only reads, by the same clocks, so
    /// that whoever reads the same behind it finds it done: the count that PFCOUNT of one
    /// key makes, where an old one stands.
    pub fn ahead_of<'op>(&self, now_ms: u64, clock_ms: u64, op: &Op<'op>) -> Option<Op<'op>> {
        let old = View::new(self, now_ms.max(clock_ms), clock_ms).old_count(op);
        old.map(|(db, key)| Op::KeepCount { db, key })
    }

    /// What an operation has written or deleted, nobody fills any more.
    fn end_fills(&mut self, op: &Op<'_>) {
        if self.fills.is_empty() {
            return;
        }
        match Voided::by(op) {
            Voided::Keys(keys) => keys.into_iter().for_each(|(db, key)| self.end_fill(db, key)),
            Voided::Databases(all) => {
                for db in all {
                    for key in self.fills.end_all(db) {
                        self.waits.note(db, &key);
                    }
                }
            }
        }
    }

    /// The token for a key is good no more: who waits for it is next.
    pub(super) fn end_fill(&mut self, db: Db, key: &[u8]) {
        if self.fills.end(db, key) {
            self.waits.note(db, key);
        }
    }

    /// Ends tokens whose time is over, at most `budget` of them.
    #[inline]
    pub(crate) fn expire_fills(&mut self, at: &Stamp, budget: usize) {
        if self.fills.is_empty() {
            return;
        }
        for _ in 0..budget {
            let Some((db, key)) = self.fills.end_due(at.now_ms) else { return };
            self.waits.note(db, &key);
        }
    }

    /// Whether nobody fills a key.
    pub(crate) fn is_free_to_fill(&self, db: Db, key: &[u8]) -> bool {
        self.fills.of(db, key).is_none()
    }

    /// For how many milliseconds the token for the first of some keys is still good.
    pub(crate) fn filled_for(&self, db: Db, keys: &[&[u8]], now_ms: u64) -> i64 {
        let fill = keys.first().and_then(|key| self.fills.of(db, key));
        let left = fill.map_or(0, |(_, ends_ms)| ends_ms.saturating_sub(now_ms));
        i64::try_from(left).unwrap_or(i64::MAX)
    }

    /// The keys that are filled.
    pub fn fills(&self) -> &fills::Table {
        &self.fills
    }

    /// Removes what is due, at most `budget` keys or fields of hashes, of each the longest
    /// due first, and says how many. What is due and still there is not seen by any operation. Also
    /// gives back some of what is gone.
    pub fn expire(&mut self, at: &Stamp, budget: usize) -> usize {
        self.garbage.free_some();
        if !self.has_due(at.now_ms) {
            return 0;
        }
        let mut removed = 0;
        while removed < budget {
            let Some((db, database)) = self.next_due(at.now_ms) else { break };
            let Some(item) = database.remove_due(at.now_ms) else { break };
            self.waits.note_gone(db, item.key.bytes());
            self.tell(db, item.key.bytes(), Event::Expired {});
            item.value.discard(&mut self.garbage);
            removed += 1;
        }
        if removed > 0 {
            self.counters.expired.add(removed as u64);
        }
        while removed < budget {
            let Some((db, database)) = self.next_ending(at.now_ms) else { break };
            let left = budget - removed;
            let Some((key, ended, gone)) = database.end_fields(at.seq, at.now_ms, left) else {
                break;
            };
            removed += ended;
            self.fields_ended(db, key.bytes(), gone);
        }
        removed
    }

    /// Fields of the hash at a key have ended, and the item is gone, if there is one: nothing
    /// was left in it.
    pub(super) fn fields_ended(&mut self, db: Db, key: &[u8], gone: Option<Item>) {
        self.tell(db, key, Event::HExpired {});
        if let Some(item) = gone {
            self.waits.note_gone(db, key);
            item.value.discard(&mut self.garbage);
            self.tell(db, key, Event::Del {});
        }
    }

    /// When the next key, or field of a hash, is due.
    pub fn next_deadline(&self) -> Option<u64> {
        let nearest = |(_, database): (Db, &Database)| {
            database.next_deadline().into_iter().chain(database.next_end()).min()
        };
        self.in_use().filter_map(nearest).min()
    }

    /// The version of a key for WATCH; 0 when it is not there.
    pub fn version_of(&self, db: Db, key: &[u8], now_ms: u64) -> u64 {
        let item = self.database(db).and_then(|found| found.get(&self.hasher.name(key)));
        item.filter(|item| !item.is_due(now_ms)).map_or(0, |item| item.version)
    }

    /// The kind of value at a key that somebody may wait for, if there is one.
    pub(crate) fn kind_of(&self, db: Db, key: &[u8], now_ms: u64) -> Option<Kind> {
        let item = self.database(db)?.get(&self.hasher.name(key))?;
        if item.is_due(now_ms) { None } else { waits::kind_of(&item.value) }
    }

    /// Who waits for keys.
    pub fn waits(&self) -> &waits::Table {
        &self.waits
    }

    /// The key space as it is now, for a snapshot. Cheap: it copies some
    /// hundred pointers, and what is not changed afterwards is shared.
    pub fn freeze(&self) -> Frozen {
        self.counters.saved.set(self.all_changes());
        Frozen::of(self)
    }

    /// Adds what a chunk of a snapshot holds. The chunks come in order, into a
    /// new key space.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn restore(&mut self, chunk: &[u8]) -> Result<(), Malformed> {
        let restored = super::image::restore(self, chunk);
        self.counters.saved.set(self.all_changes());
        restored
    }

    /// Notes the names of keys that change from now on, or no longer. No part of what
    /// replicas agree on.
    pub fn note_touched(&mut self, on: bool) {
        if self.touched.is_some() == on {
            return;
        }
        self.touched = on.then(Touched::default);
        self.databases.iter_mut().flatten().for_each(|database| database.note_touched(on));
    }

    /// The names noted since they were last taken; none: nothing was.
    pub fn take_touched(&mut self) -> Option<Touched> {
        let mut parts = self.take_touched_in().into_iter().map(|(_, part)| part);
        let mut all = parts.next()?;
        parts.for_each(|part| all.append(&part));
        Some(all)
    }

    /// The same by database. What is about all of them stands with one.
    pub fn take_touched_in(&mut self) -> Vec<(Db, Touched)> {
        let Some(own) = &mut self.touched else { return Vec::new() };
        let own = std::mem::take(own);
        let own = Some((Db(0), own)).filter(|(_, touched)| !touched.is_empty());
        let parts = self.databases.iter_mut().enumerate().filter_map(|(at, database)| {
            Some((Db(at as u8), database.as_deref_mut()?.take_touched()?))
        });
        own.into_iter().chain(parts).collect()
    }

    /// A digest of what clients can see at `now_ms`, over all databases (DEBUG
    /// DIGEST). Walks all keys.
    pub fn digest(&self, now_ms: u64) -> [u8; 20] {
        digest::of_content(self, now_ms)
    }

    /// A digest of the state: equal states have equal ones. Walks all keys.
    pub fn state_digest(&self) -> u64 {
        digest::of_state(self)
    }

    /// Bytes of memory, estimated.
    pub fn memory(&self) -> u64 {
        self.in_use().map(|(_, database)| database.memory()).sum()
    }

    /// What a database holds, with times to live as of `now_ms`.
    pub fn counts(&self, db: Db, now_ms: u64) -> Counts {
        let Some(database) = self.database(db) else { return Counts::default() };
        Counts {
            keys: database.slots().len() as u64,
            with_deadline: database.with_deadline(),
            average_ttl_ms: database.mean_deadline().saturating_sub(now_ms),
        }
    }

    /// The counters.
    pub fn stats(&self) -> Stats {
        self.counters.get(&self.garbage)
    }

    /// How often a key was changed since the last snapshot was begun (INFO
    /// `rdb_changes_since_last_save`). Counted in this process, since its start at most.
    pub fn changes(&self) -> u64 {
        self.all_changes().saturating_sub(self.counters.saved.get())
    }

    fn all_changes(&self) -> u64 {
        self.flushed + self.in_use().map(|(_, database)| database.changes()).sum::<u64>()
    }

    /// Sets the counters to zero (CONFIG RESETSTAT).
    pub fn reset_stats(&self) {
        self.counters.reset(&self.garbage);
    }

    pub(super) fn database(&self, db: Db) -> Option<&Database> {
        self.databases.get(usize::from(db.0))?.as_deref()
    }

    pub(super) fn database_mut(&mut self, db: Db) -> &mut Database {
        let (hasher, noting) = (self.hasher, self.touched.is_some());
        self.databases[usize::from(db.0)].get_or_insert_with(|| {
            let mut database = Box::new(Database::new(hasher));
            database.note_touched(noting);
            database
        })
    }

    /// The databases that hold or held keys.
    pub(super) fn in_use(&self) -> impl Iterator<Item = (Db, &Database)> {
        let all = self.databases.iter().enumerate();
        all.filter_map(|(at, database)| Some((Db(at as u8), database.as_deref()?)))
    }

    /// Empties a database. Its keys are freed by the next operations, so that none
    /// takes long.
    pub(super) fn flush(&mut self, db: Db) {
        self.note_all();
        for name in self.waits.names(db) {
            self.waits.note_gone(db, &name);
        }
        if let Some(database) = self.databases[usize::from(db.0)].take() {
            self.flushed += database.changes() + database.slots().len() as u64;
            self.garbage.note_values(database.slots().len());
            database.into_slots().into_groups().for_each(|group| self.garbage.put_group(group));
        }
    }

    /// Any key may be another one now.
    pub(super) fn note_all(&mut self) {
        if let Some(touched) = &mut self.touched {
            touched.note_all();
        }
    }

    /// Whether a key, or a field of a hash, is past its deadline.
    #[inline]
    fn has_due(&self, now_ms: u64) -> bool {
        let over = |deadline: Option<u64>| deadline.is_some_and(|deadline| deadline <= now_ms);
        let mut databases = self.databases.iter().flatten();
        databases.any(|database| over(database.next_deadline()) || over(database.next_end()))
    }

    fn next_due(&mut self, now_ms: u64) -> Option<(Db, &mut Database)> {
        let due = self.databases.iter_mut().enumerate().filter_map(|(at, database)| {
            let database = database.as_deref_mut()?;
            let deadline = database.next_deadline()?;
            (deadline <= now_ms).then_some((deadline, Db(at as u8), database))
        });
        let first = due.min_by_key(|(deadline, ..)| *deadline);
        first.map(|(_, db, database)| (db, database))
    }

    fn next_ending(&mut self, now_ms: u64) -> Option<(Db, &mut Database)> {
        let ending = self.databases.iter_mut().enumerate().filter_map(|(at, database)| {
            let database = database.as_deref_mut()?;
            let end = database.next_end()?;
            (end <= now_ms).then_some((end, Db(at as u8), database))
        });
        let first = ending.min_by_key(|(end, ..)| *end);
        first.map(|(_, db, database)| (db, database))
    }
}
