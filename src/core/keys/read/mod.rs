//! Operations that only read.

mod bits;
mod generic;
mod lcs;
mod scan;
mod strings;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};

pub(super) use scan::random;
pub use scan::{cursor_slot, slot_cursor};
pub use strings::range;

use super::distinct::{Sketch, count_all, is_old};
use super::store::{Collection, Item, Name, Str, Value};
use super::{Keyspace, Op, geo, hashes, lists, sets, sorting, streams, zsets};
use crate::{Db, Fault, Outcome};

/// The key space as it looks at a time.
pub(super) struct View<'a> {
    space: &'a Keyspace,
    /// What is due by then is not there.
    now_ms: u64,
    /// What was due by then is not there for anybody.
    clock_ms: u64,
    /// Whether what has a deadline counts as due by the reader's clock.
    lasting: bool,
    met_due: Cell<bool>,
    /// The keys that are not found, where they are asked for.
    missed: Option<RefCell<Vec<Vec<u8>>>>,
}

impl<'a> View<'a> {
    pub(super) fn new(space: &'a Keyspace, now_ms: u64, clock_ms: u64) -> Self {
        let met_due = Cell::new(false);
        View { space, now_ms, clock_ms, lasting: false, met_due, missed: None }
    }

    /// The keys that a read does not find, in the order in which it looks.
    pub(super) fn missed(space: &'a Keyspace, now_ms: u64, op: &Op<'_>) -> Vec<Vec<u8>> {
        let mut view = View::new(space, now_ms, now_ms);
        view.missed = Some(RefCell::default());
        // What it gives was told already.
        let _ = view.run(op);
        view.missed.map(RefCell::into_inner).unwrap_or_default()
    }

    /// The same for a reader without a clock: it may see only what has no deadline.
    pub(super) fn lasting(space: &'a Keyspace, clock_ms: u64) -> Self {
        View { lasting: true, ..View::new(space, clock_ms, clock_ms) }
    }

    /// Whether a key was met that is past its deadline by the reader's clock
    /// only. Such a key must not be seen, nor may its absence be told before all
    /// replicas know of it.
    pub(super) fn met_due(&self) -> bool {
        self.met_due.get()
    }

    pub(super) fn run(&self, op: &Op<'_>) -> Outcome {
        self.answer(op).unwrap_or_else(Outcome::Fault)
    }

    fn answer(&self, op: &Op<'_>) -> Result<Outcome, Fault> {
        Ok(match op {
            Op::Get { db, key } => self.get(*db, key)?,
            Op::MGet { db, keys } => self.mget(*db, keys),
            Op::GetRange { db, key, start, end } => self.get_range(*db, key, *start, *end)?,
            Op::StrLen { db, key } => self.str_len(*db, key)?,
            Op::Lcs { db, a, b, form, min_len } => self.lcs(*db, a, b, *form, *min_len)?,
            Op::Exists { db, keys } => self.exists(*db, keys),
            Op::Type { db, key } => self.kind(*db, key),
            Op::Ttl { db, key, form } => self.ttl(*db, key, *form),
            Op::RandomKey { db, seed } => self.random_key(*db, *seed),
            Op::Keys { db, pattern } => self.keys(*db, pattern),
            Op::Scan { db, cursor, pattern, count, kind } => {
                self.scan(*db, *cursor, *count, &scan::Filter::new(*pattern, *kind))
            }
            Op::DbSize { db } => self.db_size(*db),
            Op::Dump { db, key } => self.dump(*db, key),
            Op::Object { db, key, about } => self.object(*db, key, *about),
            Op::Touch { db, keys } => self.touch(*db, keys),
            Op::Versions { db, keys } => self.versions(*db, keys),
            Op::LookAtWait { origin, request } => self.space.waits.look(*origin, *request),
            Op::Bits { db, key, op } => self.bits(*db, key, op)?,
            Op::Digest {} => self.digest(),
            Op::DigestValue { db, keys } => self.digest_value(*db, keys),
            Op::CountInSlot { db, slot } => self.count_in_slot(*db, *slot),
            Op::KeysInSlot { db, slot, count } => self.keys_in_slot(*db, *slot, *count),
            Op::Hash { db, key, op } => {
                let value = self.used(*db, key).map(|item| &item.value);
                hashes::read(value, self.space.hasher, self.now_ms, op)?
            }
            Op::List { db, key, op } => lists::read(&*self.collection(*db, key, Value::list)?, op),
            Op::Members { db, key, op } => {
                let set = self.collection(*db, key, Value::set)?;
                sets::read(&set, self.space.hasher, op)
            }
            Op::SetMerge { db, how, keys } => {
                let sets = self.found(*db, keys, Value::set)?;
                let members = sets::merged(*how, &sets, self.space.hasher);
                let shown = members.into_iter().map(|member| Outcome::Bytes(member.to_vec()));
                Outcome::List(shown.collect())
            }
            Op::SetCommon { db, keys, limit } => {
                let sets = self.found(*db, keys, Value::set)?;
                Outcome::Int(sets::common(&sets, self.space.hasher, *limit) as i64)
            }
            Op::Scored { db, key, op } => {
                let set = self.collection(*db, key, Value::sorted)?;
                zsets::read(&set, self.space.hasher, op)
            }
            Op::ScoredMerge { db, how, keys, weights, fold, scores } => {
                let sets = self.found(*db, keys, Value::any_set)?;
                let hasher = self.space.hasher;
                zsets::list(zsets::merged(*how, &sets, weights, *fold, hasher), *scores)
            }
            Op::ScoredCommon { db, keys, limit } => {
                let sets = self.found(*db, keys, Value::any_set)?;
                Outcome::Int(zsets::common(&sets, self.space.hasher, *limit) as i64)
            }
            Op::Stream { db, key, op } => {
                let stream = self.used(*db, key).map(|item| item.value.stream()).transpose()?;
                streams::read(stream, key, self.now_ms, op)?
            }
            Op::Sort { db, key, terms, get } => self.sorted(*db, key, terms, get)?,
            Op::DistinctCount { db, keys } => self.count_distinct(*db, keys)?,
            Op::Near { db, key, search, distance, score, place } => match self.used(*db, key) {
                Some(item) => {
                    let with = geo::With { distance: *distance, score: *score, place: *place };
                    geo::shown(&geo::near(item.value.sorted()?, self.space.hasher, search)?, with)
                }
                None => Outcome::List(Vec::new()),
            },
            Op::Distance { db, key, from, to, unit } => {
                let set = self.collection(*db, key, Value::sorted)?;
                let place =
                    |member: &[u8]| set.score(self.space.hasher, member).map(geo::Place::of_score);
                match (place(from), place(to)) {
                    (Some(from), Some(to)) => Outcome::Float(geo::distance(from, to) / unit),
                    _ => Outcome::Nil,
                }
            }
            Op::StreamRead { db, keys, after, count } => {
                let streams = self.found(*db, keys, Value::stream)?;
                streams::read_several(&streams, keys, after, *count, usize::MAX)
            }
            _ => unreachable!("the caller tells reads from writes"),
        })
    }

    /// SORT.
    fn sorted(
        &self,
        db: Db,
        key: &[u8],
        terms: &sorting::Terms<'_>,
        get: &[&[u8]],
    ) -> Result<Outcome, Fault> {
        let value = self.used(db, key).map(|item| &item.value);
        let look = |key: &[u8]| self.used(db, key).map(|item| &item.value);
        let hasher = self.space.hasher;
        let source = sorting::Source { hasher, now_ms: self.now_ms, look, stored: false, value };
        let shown = source.sorted(terms, get)?.into_iter().map(|one| match one {
            Some(bytes) => Outcome::Bytes(bytes.into_owned()),
            None => Outcome::Nil,
        });
        Ok(Outcome::List(shown.collect()))
    }

    /// PFCOUNT.
    fn count_distinct(&self, db: Db, keys: &[&[u8]]) -> Result<Outcome, Fault> {
        let there = keys.iter().filter_map(|key| self.used(db, key));
        let sketches = there.map(|item| Sketch::of(&string(item)?.bytes()));
        let sketches = sketches.collect::<Result<Vec<_>, _>>()?;
        let count = match &sketches[..] {
            [only] if keys.len() == 1 => only.count()?,
            several => count_all(several)?,
        };
        Ok(Outcome::Int(count as i64))
    }

    /// The key that PFCOUNT of one key asks for, if an old count stands there in the place
    /// of which a new one may be kept.
    pub(super) fn old_count<'op>(&self, op: &Op<'op>) -> Option<(Db, &'op [u8])> {
        let Op::DistinctCount { db, keys } = op else { return None };
        let [key] = keys[..] else { return None };
        let item = self.find(*db, &self.space.hasher.name(key))?;
        let bytes = string(item).ok()?.bytes();
        let old = is_old(&bytes).then(|| Sketch::of(&bytes).ok()).flatten();
        old?.count_to_keep().map(|_| (*db, key))
    }

    /// A key that a client uses: notes the use and counts it.
    fn used(&self, db: Db, key: &[u8]) -> Option<&'a Item> {
        let name = self.space.hasher.name(key);
        let item = self.counted(key, self.find(db, &name))?;
        if self.missed.is_none() {
            item.access.touch(self.now_ms, name.hash);
        }
        Some(item)
    }

    /// A value without what is past its deadline in it and still there.
    fn at_its_time(&self, value: &'a Value) -> Cow<'a, Value> {
        let without = value.without_due(self.space.hasher, self.now_ms);
        without.map_or(Cow::Borrowed(value), Cow::Owned)
    }

    /// The collection at a key that a client uses, an empty one if there is none.
    fn collection(
        &self,
        db: Db,
        key: &[u8],
        kind: fn(&Value) -> Result<&Collection, Fault>,
    ) -> Result<Cow<'a, Collection>, Fault> {
        match self.used(db, key) {
            Some(item) => Ok(Cow::Borrowed(kind(&item.value)?)),
            None => Ok(Cow::Owned(Collection::default())),
        }
    }

    /// What is at keys that a client uses, as far as there is something.
    fn found<'b, T>(
        &self,
        db: Db,
        keys: &[&[u8]],
        kind: fn(&'b Value) -> Result<T, Fault>,
    ) -> Result<Vec<Option<T>>, Fault>
    where
        'a: 'b,
    {
        let one = |key: &&[u8]| self.used(db, key).map(|item| kind(&item.value)).transpose();
        keys.iter().map(one).collect()
    }

    /// A key that a client only looks at: counted, but not used.
    fn seen(&self, db: Db, key: &[u8]) -> Option<&'a Item> {
        self.counted(key, self.find(db, &self.space.hasher.name(key)))
    }

    fn counted(&self, key: &[u8], item: Option<&'a Item>) -> Option<&'a Item> {
        if let Some(missed) = &self.missed {
            // It was counted when it was read.
            if item.is_none() {
                missed.borrow_mut().push(key.to_vec());
            }
            return item;
        }
        if self.met_due.get() {
            // It will be read once more.
            return item;
        }
        let counters = &self.space.counters;
        let counter = if item.is_some() { &counters.hits } else { &counters.misses };
        counter.add(1);
        item
    }

    fn find(&self, db: Db, name: &Name<'_>) -> Option<&'a Item> {
        let item = self.space.database(db)?.get(name)?;
        self.is_there(item).then_some(item)
    }

    fn is_there(&self, item: &Item) -> bool {
        if self.lasting && (item.deadline().is_some() || item.value.next_end().is_some()) {
            self.met_due.set(true);
            return false;
        }
        if item.is_due(self.now_ms) {
            if !item.is_due(self.clock_ms) {
                self.met_due.set(true);
            }
            return false;
        }
        if item.value.ends_between(self.clock_ms, self.now_ms) {
            self.met_due.set(true);
        }
        true
    }
}

/// The string of an item.
pub(super) fn string(item: &Item) -> Result<&Str, Fault> {
    item.value.string()
}
