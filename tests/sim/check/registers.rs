//! Linearizability of one key (C-REG).
//!
//! The general search is Wing and Gong's with Lowe's memory of configurations
//! (what was linearized, and the value then). A key whose writes all give
//! different values and that is only read besides is decided in O(n log n) by
//! the zones of Gibbons and Korach.

use std::collections::{BTreeMap, HashSet};

use super::{NEVER, Span};

/// The value of a key; none: it is not there.
pub type Value = Option<Vec<u8>>;

/// What was asked, and what the answer said. An answer of none is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// GET, with what it gave.
    Read(Value),
    /// SET.
    Write(Vec<u8>),
    /// INCRBY and the new number.
    Add(i64, Option<i64>),
    /// APPEND and the new length.
    Append(Vec<u8>, Option<i64>),
    /// SET ... IFEQ: from, to, and whether it was done.
    Swap(Vec<u8>, Vec<u8>, Option<bool>),
    /// DEL and whether there was something.
    Delete(Option<bool>),
}

/// One call of a client.
#[derive(Clone, Debug)]
pub struct Step {
    /// When.
    pub span: Span,
    /// What.
    pub call: Call,
}

/// What a checker found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Some order explains everything.
    Explained,
    /// No order does.
    Impossible,
    /// The search was given up.
    TooLong,
}

/// How many configurations are tried before the search gives up.
const STEPS_MAX: usize = 2_000_000;

/// Whether one key behaved like one register that starts empty.
pub fn check(history: &[Step]) -> Verdict {
    let mut steps: Vec<&Step> = history.iter().filter(|step| matters(step)).collect();
    steps.sort_by_key(|step| step.span.began);
    match zones(&steps) {
        Some(true) => Verdict::Explained,
        Some(false) => Verdict::Impossible,
        None => Search::new(&steps).run(STEPS_MAX),
    }
}

/// A read without an answer says nothing.
fn matters(step: &Step) -> bool {
    step.span.is_sure() || !matches!(step.call, Call::Read(_))
}

/// All writes of a value and reads of it, as one: from the first end to the last
/// beginning.
struct Zone {
    write: Option<Span>,
    first_end: u64,
    last_begin: u64,
}

/// Decides a history of reads and of writes that are all different; none when it
/// is not one.
fn zones(steps: &[&Step]) -> Option<bool> {
    let mut zones: BTreeMap<Option<&[u8]>, Zone> = BTreeMap::new();
    // The value before everything.
    let before = Span { began: 0, ended: 0 };
    zones.insert(None, Zone { write: Some(before), first_end: 0, last_begin: 0 });
    for step in steps {
        let (value, written) = match &step.call {
            Call::Write(value) => (Some(&value[..]), true),
            Call::Read(value) => (value.as_deref(), false),
            _ => return None,
        };
        let zone =
            zones.entry(value).or_insert(Zone { write: None, first_end: NEVER, last_begin: 0 });
        if written && zone.write.replace(step.span).is_some() {
            return None;
        }
        zone.first_end = zone.first_end.min(step.span.ended);
        zone.last_begin = zone.last_begin.max(step.span.began);
    }
    for step in steps {
        let Call::Read(value) = &step.call else { continue };
        // A read of what nobody wrote, or was still to write.
        let Some(write) = zones[&value.as_deref()].write else { return Some(false) };
        if step.span.precedes(&write) {
            return Some(false);
        }
    }
    Some(fit(zones.into_values().collect()))
}

/// Forward zones (over before the value was last seen to be there) exclude each
/// other, and none may hold a whole backward zone.
fn fit(zones: Vec<Zone>) -> bool {
    // What was written with an unknown outcome and never seen fits anywhere.
    let known = zones.into_iter().filter(|zone| zone.first_end != NEVER);
    let (mut forward, backward): (Vec<_>, Vec<_>) =
        known.partition(|zone| zone.first_end < zone.last_begin);
    forward.sort_by_key(|zone| zone.first_end);
    if forward.windows(2).any(|pair| pair[1].first_end < pair[0].last_begin) {
        return false;
    }
    backward.iter().all(|zone| {
        let behind = forward.partition_point(|around| around.first_end < zone.last_begin);
        behind == 0 || forward[behind - 1].last_begin <= zone.first_end
    })
}

/// The value after a call, if the call could have given its answer then.
fn apply(value: &Value, call: &Call) -> Option<Value> {
    let number = || match value {
        None => Some(0),
        Some(bytes) => std::str::from_utf8(bytes).ok()?.parse::<i64>().ok(),
    };
    match call {
        Call::Read(seen) => (seen == value).then(|| value.clone()),
        Call::Write(new) => Some(Some(new.clone())),
        Call::Add(by, gave) => match number() {
            // Not a number: refused, which an unknown outcome may hide.
            None => gave.is_none().then(|| value.clone()),
            Some(old) => {
                let new = old.checked_add(*by)?;
                gave.is_none_or(|gave| gave == new).then(|| Some(new.to_string().into_bytes()))
            }
        },
        Call::Append(bytes, gave) => {
            let new = [value.as_deref().unwrap_or_default(), bytes].concat();
            gave.is_none_or(|gave| gave == new.len() as i64).then_some(Some(new))
        }
        Call::Swap(from, to, gave) => {
            let matches = value.as_deref() == Some(&from[..]);
            let new = if matches { Some(to.clone()) } else { value.clone() };
            gave.is_none_or(|gave| gave == matches).then_some(new)
        }
        Call::Delete(gave) => gave.is_none_or(|gave| gave == value.is_some()).then_some(None),
    }
}

/// The search: beginnings and ends in order of time, as a list from which what
/// was linearized is taken out.
struct Search<'a> {
    steps: &'a [&'a Step],
    /// Which step, and whether this is its end.
    events: Vec<(usize, bool)>,
    end_of: Vec<usize>,
    next: Vec<usize>,
    previous: Vec<usize>,
    /// The steps that are linearized.
    done: Vec<u64>,
    value: Value,
    undo: Vec<(usize, Value)>,
    sure_left: usize,
    seen: HashSet<(Vec<u64>, Value)>,
}

impl<'a> Search<'a> {
    fn new(steps: &'a [&'a Step]) -> Self {
        let mut times: Vec<(u64, bool, usize)> = Vec::with_capacity(steps.len() * 2);
        for (at, step) in steps.iter().enumerate() {
            times.push((step.span.began, false, at));
            times.push((step.span.ended, true, at));
        }
        // At one instant beginnings come first: what touches, overlaps.
        times.sort_unstable();
        let events: Vec<_> = times.iter().map(|&(_, end, at)| (at, end)).collect();
        let mut end_of = vec![0; steps.len()];
        for (place, &(at, end)) in events.iter().enumerate() {
            if end {
                end_of[at] = place + 1;
            }
        }
        let count = events.len();
        Search {
            steps,
            events,
            end_of,
            next: (1..=count + 1).collect(),
            previous: (0..=count + 1).map(|place| place.saturating_sub(1)).collect(),
            done: vec![0; steps.len().div_ceil(64)],
            value: None,
            undo: Vec::new(),
            sure_left: steps.iter().filter(|step| step.span.is_sure()).count(),
            seen: HashSet::new(),
        }
    }

    /// Place 0 is the head of the list, place `n` the event `n - 1`.
    fn run(mut self, steps_max: usize) -> Verdict {
        let end = self.events.len() + 1;
        let mut place = self.next[0];
        for _ in 0..steps_max {
            if self.sure_left == 0 {
                return Verdict::Explained;
            }
            let begins = place != end && !self.events[place - 1].1;
            if begins {
                place = if self.take(place) { self.next[0] } else { self.next[place] };
            } else {
                let Some((back, value)) = self.undo.pop() else { return Verdict::Impossible };
                self.value = value;
                self.put_back(back);
                place = self.next[back];
            }
        }
        Verdict::TooLong
    }

    /// Linearizes the step that begins here, if that is possible and new.
    fn take(&mut self, place: usize) -> bool {
        let at = self.events[place - 1].0;
        let Some(value) = apply(&self.value, &self.steps[at].call) else { return false };
        self.done[at / 64] |= 1 << (at % 64);
        if !self.seen.insert((self.done.clone(), value.clone())) {
            self.done[at / 64] &= !(1 << (at % 64));
            return false;
        }
        self.undo.push((place, std::mem::replace(&mut self.value, value)));
        self.unlink(place);
        self.unlink(self.end_of[at]);
        self.sure_left -= usize::from(self.steps[at].span.is_sure());
        true
    }

    fn put_back(&mut self, place: usize) {
        let at = self.events[place - 1].0;
        self.done[at / 64] &= !(1 << (at % 64));
        self.link(self.end_of[at]);
        self.link(place);
        self.sure_left += usize::from(self.steps[at].span.is_sure());
    }

    fn unlink(&mut self, place: usize) {
        let (before, behind) = (self.previous[place], self.next[place]);
        self.next[before] = behind;
        self.previous[behind] = before;
    }

    fn link(&mut self, place: usize) {
        let (before, behind) = (self.previous[place], self.next[place]);
        self.next[before] = place;
        self.previous[behind] = place;
    }
}
