//! Random histories of streams and of those who wait for entries, beside a model.

use std::collections::{BTreeMap, BTreeSet};

use super::readers::{add, got, group, in_group, newest, no_group};
use super::*;
use crate::Fault;
use crate::chance::{Chance, with_seeds};

const KEYS: [&[u8]; 3] = [b"a", b"b", b"c"];
const GROUPS: [&[u8]; 2] = [b"g", b"h"];

#[derive(Clone, Default)]
struct Stream {
    /// The times of its entries.
    entries: Vec<u64>,
    /// The last entry that a group was given.
    groups: BTreeMap<&'static [u8], u64>,
}

enum Value {
    Text,
    Stream(Stream),
}

struct Waiter {
    conn: u64,
    keys: Vec<&'static [u8]>,
    /// The last entry that there was of each key; in a group none.
    seen: Vec<u64>,
    group: Option<&'static [u8]>,
}

/// What somebody who waits is told.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Entries(Vec<u8>, Vec<u64>),
    StreamGone,
    GroupGone,
}

#[derive(Default)]
struct Model {
    keys: BTreeMap<&'static [u8], Value>,
    line: Vec<Waiter>,
}

impl Model {
    fn stream(&mut self, key: &'static [u8]) -> Option<&mut Stream> {
        match self.keys.entry(key).or_insert(Value::Stream(Stream::default())) {
            Value::Stream(stream) => Some(stream),
            Value::Text => None,
        }
    }

    fn last(&self, key: &[u8]) -> u64 {
        match self.keys.get(key) {
            Some(Value::Stream(stream)) => stream.entries.last().copied().unwrap_or(0),
            _ => 0,
        }
    }

    /// What a waiter is told about a key now.
    fn news(&mut self, at: usize, key: &'static [u8]) -> Option<Told> {
        let waiter = &self.line[at];
        let place = waiter.keys.iter().position(|name| *name == key)?;
        let stream = match self.keys.get_mut(key) {
            Some(Value::Stream(stream)) => stream,
            _ => return waiter.group.map(|_| Told::StreamGone),
        };
        let mut seen = waiter.seen[place];
        let last = match waiter.group {
            None => &mut seen,
            Some(group) => match stream.groups.get_mut(group) {
                Some(last) => last,
                None => return Some(Told::GroupGone),
            },
        };
        let new: Vec<u64> = stream.entries.iter().copied().filter(|ms| ms > last).collect();
        *last = *new.last()?;
        Some(Told::Entries(key.to_vec(), new))
    }

    /// Tells those who wait for keys, first come first served.
    fn serve(&mut self, keys: &[&'static [u8]]) -> BTreeSet<(u64, Told)> {
        let mut told = BTreeSet::new();
        for key in keys {
            let mut at = 0;
            while at < self.line.len() {
                match self.news(at, key) {
                    Some(news) => _ = told.insert((self.line.remove(at).conn, news)),
                    None => at += 1,
                }
            }
        }
        told
    }
}

fn told(outcome: &Outcome) -> Told {
    match outcome {
        Outcome::Fault(Fault::StreamGone) => Told::StreamGone,
        Outcome::Fault(Fault::GroupGone) => Told::GroupGone,
        found => {
            let (key, entries) = got(found);
            Told::Entries(key, entries)
        }
    }
}

/// Changes a key in both; the keys that changed.
fn change(
    story: &mut Story,
    model: &mut Model,
    chance: &mut Chance,
    number: u64,
) -> Vec<&'static [u8]> {
    let (one, two, name) = (chance.pick(&KEYS), chance.pick(&KEYS), chance.pick(&GROUPS));
    let op = match chance.below(12) {
        0..=4 => {
            if let Some(stream) = model.stream(one) {
                stream.entries.push(number);
            }
            add(DB, one, number, b"v")
        }
        5 | 6 => {
            let last = model.last(one);
            if let Some(stream) = model.stream(one) {
                stream.groups.entry(name).or_insert(last);
            }
            group(DB, one, name)
        }
        7 => {
            if let Some(Value::Stream(stream)) = model.keys.get_mut(one) {
                stream.groups.remove(name);
            }
            no_group(DB, one, name)
        }
        8 => {
            model.keys.remove(one);
            keys::Op::Del { db: DB, keys: vec![one] }
        }
        9 => {
            model.keys.insert(one, Value::Text);
            match set(one, b"v", keys::Expiry::Never {}) {
                Op::Key { op } => op,
                _ => unreachable!(),
            }
        }
        10 if one != two && model.keys.contains_key(one) => {
            let value = model.keys.remove(one).unwrap();
            model.keys.insert(two, value);
            story.run(&key(keys::Op::Rename { db: DB, from: one, to: two, only_new: false }));
            return vec![one, two];
        }
        _ => {
            model.keys.clear();
            story.run(&key(keys::Op::FlushDb { db: DB }));
            return KEYS.to_vec();
        }
    };
    story.run(&key(op));
    vec![one]
}

/// Somebody reads in both.
fn read(story: &mut Story, model: &mut Model, chance: &mut Chance, number: u64) {
    let keys = match chance.once_in(2) {
        true => vec![chance.pick(&KEYS)],
        false => vec![KEYS[2], chance.pick(&KEYS[..2])],
    };
    let group = chance.once_in(2).then(|| chance.pick(&GROUPS));
    let want = match group {
        None => newest(keys.len()),
        Some(group) => in_group(group, b"c", keys.len()),
    };
    let keep = chance.once_in(2);
    if story.run(&wait(number, &keys, want, 0, keep)) != Outcome::Waits {
        // An error, or what is there: that the group has it now, the model has to learn.
        let Some(group) = group else { return };
        let all = keys.iter().all(|key| match model.keys.get(key) {
            Some(Value::Stream(stream)) => stream.groups.contains_key(group),
            _ => false,
        });
        for key in keys.iter().filter(|_| all) {
            let last = model.last(key);
            model.stream(key).unwrap().groups.insert(group, last);
        }
        return;
    }
    let seen = keys.iter().map(|key| model.last(key)).collect();
    model.line.push(Waiter { conn: number, keys, seen, group });
}

#[test]
fn who_reads_is_told_what_the_model_says() {
    with_seeds(250, |chance| {
        let (mut story, mut model) = (Story::new(), Model::default());
        for number in 1..200 {
            if chance.once_in(3) {
                read(&mut story, &mut model, chance, number);
                assert_eq!(story.answers(), []);
            } else {
                let changed = change(&mut story, &mut model, chance, number);
                let expected = model.serve(&changed);
                let answers = story.answers();
                let found = answers.iter().map(|(conn, outcome)| (*conn, told(outcome))).collect();
                assert_eq!(expected, found);
            }
            if chance.once_in(30) {
                story.shard = Shard::restore(story.shard.freeze().chunks()).unwrap();
            }
            assert_eq!(story.shard.keys().waits().len(), model.line.len());
        }
    });
}
