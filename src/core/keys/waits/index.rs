//! How those who wait are found. All of it follows from them, and is built anew when a
//! snapshot is read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use super::{Kind, Waiter, Want};
use crate::image::Name;
use crate::{Db, Origin};

/// The ways to those who wait.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// The lines of each key. Invariant: none is empty.
    keys: BTreeMap<Db, BTreeMap<Name, Lines>>,
    /// Connection, request, place.
    callers: BTreeSet<(Origin, u64, u64)>,
    /// When somebody gives up: deadline, place.
    due: BTreeSet<(u64, u64)>,
    /// The bytes of all names, and of what is wanted.
    bytes: usize,
    /// What is kept of each connection.
    pub kept: BTreeMap<Origin, u64>,
    /// What of it has nothing that might be given back.
    pub settled: BTreeSet<u64>,
}

/// The places of those who wait for a key, by what they wait for.
type Lines = BTreeMap<Line, BTreeSet<u64>>;

/// Those who are served one behind the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Line {
    /// Who waits for a value of a kind.
    Of(Kind),
    /// Who reads a stream in a group.
    Group(Name),
}

impl Line {
    fn of(want: &Want<'_>) -> Self {
        match want {
            Want::GroupEntries { group, .. } => Line::Group(Name::from(*group)),
            other => Line::Of(other.kind()),
        }
    }
}

impl Index {
    pub(super) fn add(&mut self, place: u64, waiter: &Waiter) {
        let (lines, line) = (self.keys.entry(waiter.db).or_default(), Line::of(&waiter.want()));
        for key in waiter.keys.iter() {
            let lines = lines.entry(key.clone()).or_default();
            lines.entry(line.clone()).or_default().insert(place);
        }
        self.callers.insert((waiter.origin, waiter.request, place));
        if let Some(deadline_ms) = waiter.deadline_ms {
            self.due.insert((deadline_ms, place));
        }
        self.bytes += waiter.bytes();
    }

    pub(super) fn remove(&mut self, place: u64, waiter: &Waiter) {
        let line = Line::of(&waiter.want());
        for key in waiter.keys.iter() {
            self.leave(waiter.db, key, &line, place);
        }
        self.callers.remove(&(waiter.origin, waiter.request, place));
        if let Some(deadline_ms) = waiter.deadline_ms {
            self.due.remove(&(deadline_ms, place));
        }
        self.bytes -= waiter.bytes();
    }

    fn leave(&mut self, db: Db, key: &Name, line: &Line, place: u64) {
        let Some(keys) = self.keys.get_mut(&db) else { return };
        let Some(lines) = keys.get_mut(key) else { return };
        if let Some(line) = lines.get_mut(line) {
            line.remove(&place);
        }
        lines.retain(|_, line| !line.is_empty());
        if lines.is_empty() {
            keys.remove(key);
        }
        if keys.is_empty() {
            self.keys.remove(&db);
        }
    }

    /// The name of a key that somebody waits for.
    pub(super) fn waited_for(&self, db: Db, key: &[u8]) -> Option<&Name> {
        self.keys.get(&db)?.get_key_value(key).map(|(name, _)| name)
    }

    /// The names of all keys of a database that somebody waits for, in order.
    pub(super) fn names(&self, db: Db) -> impl Iterator<Item = &Name> {
        self.keys.get(&db).into_iter().flat_map(BTreeMap::keys)
    }

    /// Who is first in line for a key with a value of this kind.
    pub(super) fn first(&self, db: Db, key: &[u8], kind: Kind) -> Option<u64> {
        self.line(db, key, kind)?.first().copied()
    }

    /// Those in line for a key with a value of this kind.
    pub(super) fn line(&self, db: Db, key: &[u8], kind: Kind) -> Option<&BTreeSet<u64>> {
        self.keys.get(&db)?.get(key)?.get(&Line::Of(kind))
    }

    /// The groups in which somebody reads a stream who waits, each with who is first.
    pub(super) fn groups(&self, db: Db, key: &[u8]) -> impl Iterator<Item = (&Name, u64)> {
        let lines = self.keys.get(&db).and_then(|keys| keys.get(key));
        lines.into_iter().flatten().filter_map(|(line, places)| match line {
            Line::Group(name) => Some((name, *places.first()?)),
            Line::Of(_) => None,
        })
    }

    /// Who is first of those who read a stream in a group.
    pub(super) fn first_of_group(&self, db: Db, key: &[u8], group: &Name) -> Option<u64> {
        self.keys.get(&db)?.get(key)?.get(&Line::Group(group.clone()))?.first().copied()
    }

    /// How many wait for a key.
    pub(super) fn waiting_for(&self, db: Db, key: &[u8]) -> usize {
        let lines = self.keys.get(&db).and_then(|keys| keys.get(key));
        lines.map_or(0, |lines| lines.values().map(BTreeSet::len).sum())
    }

    /// How many keys are waited for.
    pub(super) fn keys(&self) -> usize {
        self.keys.values().map(BTreeMap::len).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Where a request of a connection waits.
    pub(super) fn place_of(&self, origin: Origin, request: u64) -> Option<u64> {
        let mut places = self.callers.range((origin, request, 0)..=(origin, request, u64::MAX));
        places.next().map(|(_, _, place)| *place)
    }

    /// Where the requests of these connections wait.
    pub(super) fn places(&self, origins: &impl RangeBounds<Origin>) -> Vec<u64> {
        use std::ops::Bound;
        let from = match origins.start_bound() {
            Bound::Included(from) | Bound::Excluded(from) => Bound::Included((*from, 0, 0)),
            Bound::Unbounded => Bound::Unbounded,
        };
        let callers = self.callers.range((from, Bound::Unbounded));
        let within = callers.take_while(|(origin, _, _)| origins.contains(origin));
        within.map(|(_, _, place)| *place).collect()
    }

    /// The first whose time is up.
    pub(super) fn first_due(&self, now_ms: u64) -> Option<u64> {
        self.due.first().filter(|(deadline_ms, _)| *deadline_ms <= now_ms).map(|(_, place)| *place)
    }

    /// When the next one gives up.
    pub(super) fn next_deadline(&self) -> Option<u64> {
        self.due.first().map(|(deadline_ms, _)| *deadline_ms)
    }
}
