//! Keys that are lent to this node: it writes its copies of them by itself, and tells the home
//! a little later what it wrote.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;

use super::{Out, Sharer};
use crate::message::{Flushed, Grant, ToHome, Value};
use crate::{Content, Label, Line, Name, Named, State, Store, Time};

/// What is told the home at once: so many keys, and so many bytes unless one has more.
const FLUSHES_MAX: usize = 256;
const FLUSH_BYTES_MAX: usize = 1 << 20;
/// What was told and is not answered is told again after so many times of what it may rest.
const AGAIN: u32 = 8;

/// What became of a write to a key that may be lent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Nothing: it has to go to the home.
    Elsewhere,
    /// It is carried out.
    Here,
    /// Nobody knows: the lease ended meanwhile.
    Unsure,
}

/// All keys that are lent to a node.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Lent {
    keys: BTreeMap<Name, Key>,
    /// Those that hold what the home has not said is in the log, and since when: none of that
    /// was written before.
    dirty: BTreeSet<(Time, Name)>,
    /// Messages that are acknowledged when what was written is in the log.
    backs: BTreeMap<u64, Back>,
}

/// A message that calls keys back.
#[derive(Clone, Debug, Hash)]
struct Back {
    /// How many of the keys hold what is not in the log.
    missing: usize,
    /// Whether what went by it had not been read.
    unread: bool,
}

/// A key that is lent.
#[derive(Clone, Debug, Hash)]
struct Key {
    /// With which message it came.
    q: u64,
    /// Whether it may be written still.
    open: bool,
    /// What was written last and may not be in the log.
    value: Option<Bytes>,
    /// How many values it was given.
    number: u64,
    /// None of what may not be in the log was written before.
    since: Time,
    /// Which value the home was told last, and when.
    told: Option<(u64, Time)>,
    /// The messages of the home that call it back.
    backs: BTreeSet<u64>,
    /// The copy has gone: it is given back when all is in the log.
    gone: bool,
}

impl Sharer {
    /// A client writes a key, if it is lent to this node and may be written here.
    pub fn write(
        &mut self,
        store: &impl Store,
        name: &Name,
        value: Bytes,
        clock: impl Fn() -> Time,
        out: &mut Out,
    ) -> Written {
        let now = clock();
        let (true, Some(session)) = (self.may_write(now, name), self.session()) else {
            return Written::Elsewhere;
        };
        let q = self.lent.keys.get(name).map_or(0, |key| key.q);
        let content = Content { value: Some(value.clone()), version: 0, ends: None };
        let state = State::Readable(Label::Lent, content);
        let line = Line { shard: self.shard, era: self.era, q, state };
        // Only in the place of what was lent: once that is evicted the home is about to be told.
        if !store.rewrite(name, line, &mut out.evicted) {
            if store.look(name.at()).is_none() {
                self.give_back(session, name, q, out);
            }
            return Written::Elsewhere;
        }
        if let Some(key) = self.lent.keys.get_mut(name) {
            key.number += 1;
            if key.value.replace(value).is_none() {
                key.since = now;
                self.lent.dirty.insert((now, name.clone()));
            }
        }
        // Behind it: it was written under the lease, or nobody knows.
        let under_lease = self.is_live(clock()) || !self.settings.rules.lent_under_lease;
        if under_lease { Written::Here } else { Written::Unsure }
    }

    fn may_write(&self, now: Time, name: &Name) -> bool {
        // What is not in the log after twice the time may not get there, and then no more is to
        // be lost than was written in so long.
        let most = self.settings.writeback_delay * 2;
        let rests = self.dirty_since().is_some_and(|since| now.since(since) > most);
        let under_lease = self.is_live(now) || !self.settings.rules.lent_under_lease;
        under_lease && !rests && self.borrows(name)
    }

    /// Whether a key may hold what is not in the log.
    pub fn is_dirty(&self, name: &Name) -> bool {
        self.lent.keys.get(name).is_some_and(|key| key.value.is_some())
    }

    /// How many do.
    pub fn dirty(&self) -> usize {
        self.lent.dirty.len()
    }

    /// When the oldest of that was written, at the earliest.
    pub fn dirty_since(&self) -> Option<Time> {
        self.lent.dirty.first().map(|(since, _)| *since)
    }

    /// Whether the key was lent, and may be written here as far as the home is concerned.
    pub fn borrows(&self, name: &Name) -> bool {
        self.lent.keys.get(name).is_some_and(|key| key.open)
    }

    /// Tells the home what was written and has rested long enough; all of it if it `must`.
    /// Says when to do so again.
    pub fn flush(&mut self, now: Time, must: bool, out: &mut Out) -> Option<Time> {
        let forgotten = |until: Time| now.since(until) > self.settings.lease;
        if self.dirty() > 0 && self.until().is_some_and(forgotten) {
            // The home has forgotten this node, and believes nothing of what comes.
            self.end_session();
            return None;
        }
        let delay = self.settings.writeback_delay;
        let (mut told, mut bytes, mut next) = (0, 0, None::<Time>);
        for (_, name) in &self.lent.dirty {
            let Some(key) = self.lent.keys.get_mut(name) else { continue };
            let due = if must && !key.is_told() { now } else { key.due(delay) };
            let full = told >= FLUSHES_MAX || bytes >= FLUSH_BYTES_MAX;
            if due > now || full {
                next = Some(next.map_or(due, |next| next.min(due)));
                continue;
            }
            (told, bytes) = (told + 1, bytes + key.value.as_ref().map_or(0, Bytes::len));
            if let Some(live) = &self.session {
                out.to_home.extend(key.flush(now, live.session, name));
            }
        }
        next
    }

    /// A value is in the log.
    pub(super) fn flushed(&mut self, session: crate::Session, flushed: &Flushed, out: &mut Out) {
        if self.session() != Some(session) {
            return;
        }
        let name = &flushed.name;
        let Some(key) = self.lent.keys.get_mut(name) else { return };
        if key.q != flushed.q {
            return;
        }
        self.lent.dirty.remove(&(key.since, name.clone()));
        if flushed.number < key.number {
            // What came behind it was written after it was told.
            let told = key.told.filter(|(number, _)| *number == flushed.number);
            key.since = told.map_or(key.since, |(_, at)| at);
            key.told = key.told.filter(|(number, _)| *number > flushed.number);
            self.lent.dirty.insert((key.since, name.clone()));
            return;
        }
        (key.value, key.told) = (None, None);
        let (backs, gone, q) = (std::mem::take(&mut key.backs), key.gone, key.q);
        if gone || !key.open {
            self.lent.keys.remove(name);
        }
        backs.into_iter().for_each(|back| self.one_is_back(session, back, out));
        if gone {
            self.give_back(session, name, q, out);
        }
    }

    fn one_is_back(&mut self, session: crate::Session, q: u64, out: &mut Out) {
        let Some(back) = self.lent.backs.get_mut(&q) else { return };
        back.missing -= 1;
        if back.missing == 0 {
            let (has, unread) = (false, back.unread);
            self.lent.backs.remove(&q);
            out.to_home.push(ToHome::Ack { session, q, has, unread });
        }
    }

    /// A copy came that may be written.
    pub(super) fn borrowed(&mut self, name: &Name, grant: &Grant) {
        if grant.label != Label::Lent || self.is_dirty(name) {
            return;
        }
        let key = Key {
            q: grant.q,
            open: true,
            value: None,
            number: 0,
            since: Time(0),
            told: None,
            backs: BTreeSet::new(),
            gone: false,
        };
        self.lent.keys.insert(name.clone(), key);
    }

    /// The home calls keys back with its message `q`; none: all keys. True: something of them
    /// has to be in the log before that is acknowledged.
    pub(super) fn called_back(
        &mut self,
        now: Time,
        q: u64,
        names: Option<&[Name]>,
        unread: bool,
        out: &mut Out,
    ) -> bool {
        if self.lent.keys.is_empty() {
            return false;
        }
        let all: Vec<Name>;
        let names = match names {
            Some(names) => names,
            None => {
                all = self.lent.keys.keys().cloned().collect();
                &all
            }
        };
        let (mut missing, mut bytes) = (0, 0);
        for name in names {
            let Some(key) = self.lent.keys.get_mut(name) else { continue };
            if key.q >= q {
                continue;
            }
            key.open = false;
            if key.value.is_none() || !self.settings.rules.lent_flushed_first {
                self.lent.dirty.remove(&(key.since, name.clone()));
                self.lent.keys.remove(name);
                continue;
            }
            missing += usize::from(key.backs.insert(q));
            // The others go a little later, some at a time.
            if !key.is_told()
                && bytes < FLUSH_BYTES_MAX
                && let Some(live) = &self.session
            {
                bytes += key.value.as_ref().map_or(0, Bytes::len);
                out.to_home.extend(key.flush(now, live.session, name));
            }
        }
        if missing > 0 {
            self.lent.backs.entry(q).or_insert(Back { missing: 0, unread }).missing += missing;
        }
        // It may have come before.
        self.lent.backs.contains_key(&q)
    }

    /// The copy of a key has gone that came with a message. True: it is given back when what
    /// was written to it is in the log.
    pub(super) fn has_gone(&mut self, name: &Name, q: u64) -> bool {
        let Some(key) = self.lent.keys.get_mut(name).filter(|key| key.q == q) else {
            return false;
        };
        (key.open, key.gone) = (false, true);
        if key.value.is_some() {
            return true;
        }
        self.lent.keys.remove(name);
        false
    }

    /// A session is over: what is not in the log, nor on its way, never will be.
    pub(super) fn lose_lent(&mut self) {
        self.lost += self.lent.dirty.len() as u64;
        self.lent = Lent::default();
    }

    /// Of how many keys something was written here that never came into the log, since this
    /// was asked last.
    pub fn take_lost(&mut self) -> u64 {
        std::mem::take(&mut self.lost)
    }
}

impl Key {
    /// When the home is to be told what was written. Not before it has answered what it was
    /// told: what is written meanwhile counts as written then.
    fn due(&self, delay: Duration) -> Time {
        match self.told {
            // It is called back, and waited for.
            _ if !self.open && !self.is_told() => Time(0),
            Some((_, at)) => at.after(delay * AGAIN),
            None => self.since.after(delay),
        }
    }

    /// Whether the home was told the last value.
    fn is_told(&self) -> bool {
        self.told.is_some_and(|(number, _)| number == self.number)
    }

    fn flush(&mut self, now: Time, session: crate::Session, name: &Name) -> Option<ToHome> {
        let value = Value(self.value.clone()?);
        self.told = Some((self.number, now));
        let (q, number) = (self.q, self.number);
        Some(ToHome::Flush { session, name: name.clone(), q, number, value })
    }
}
