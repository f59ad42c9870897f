//! What those who listen to keys are told.

use std::collections::BTreeSet;

use super::random::Words;
use super::{Story, set};
use crate::chance::{Chance, with_seeds};
use crate::keys::{Class, Event, Expiry, Happened, Keyspace, Op, lists};
use crate::wire::Wire;
use crate::{Db, Stamp};

const DB: Db = Db(0);

/// All classes.
const ALL: u64 = u64::MAX;

fn listening(classes: u64) -> Story {
    let mut story = Story::new();
    story.space.hear(classes);
    story
}

fn words(story: &mut Story) -> Vec<String> {
    let happened = story.space.take_happened();
    let word = |one: &Happened| format!("{} {}", one.event.word(), one.key.escape_ascii());
    happened.iter().map(word).collect()
}

#[test]
fn each_change_has_its_word_and_an_empty_list_is_gone() {
    let mut story = listening(ALL);
    let push = lists::Op::Push { values: vec![b"x", b"y"], front: true, only_there: false };
    story.run(&Op::List { db: DB, key: b"l", op: push });
    assert_eq!(words(&mut story), ["new l", "lpush l"]);
    let ends = [true, false];
    story.run(&Op::ListMove { db: DB, from: b"l", to: b"m", from_front: true, to_front: false });
    assert_eq!(words(&mut story), ["new m", "rpush m", "lpop l"]);
    for front in ends {
        let pop = lists::Op::Pop { front, count: None };
        story.run(&Op::List { db: DB, key: b"l", op: pop });
    }
    assert_eq!(words(&mut story), ["lpop l", "del l"]);
    story.run(&Op::Rename { db: DB, from: b"m", to: b"n", only_new: false });
    assert_eq!(words(&mut story), ["new n", "rename_from m", "rename_to n"]);
}

#[test]
fn only_what_somebody_listens_to_is_told() {
    let mut story = listening(Class::Generic.bit() | Class::Expired.bit());
    story.set("a", "v");
    story.run(&Op::Expire {
        db: DB,
        key: b"a",
        expiry: Expiry::In { ms: 10 },
        when: crate::keys::ExpireWhen::Always {},
    });
    story.now_ms += 10;
    story.get("a");
    assert_eq!(words(&mut story), ["expire a"], "a read removes nothing");
    story.run(&Op::IncrBy { db: DB, key: b"a", by: 1 });
    assert_eq!(words(&mut story), ["expired a"]);
    story.space.hear(0);
    story.run(&Op::Del { db: DB, keys: vec![b"a"] });
    assert!(words(&mut story).is_empty());
}

#[test]
fn a_read_that_finds_nothing_is_told_key_by_key() {
    let mut story = listening(Class::Miss.bit());
    story.set("there", "v");
    story.run(&Op::MGet { db: DB, keys: vec![b"a", b"there", b"b", b"a"] });
    assert_eq!(words(&mut story), ["keymiss a", "keymiss b", "keymiss a"]);
    story.run(&Op::GetDel { db: DB, key: b"c" });
    assert_eq!(words(&mut story), ["keymiss c"]);
    story.run(&set(b"d", b"v"));
    assert!(words(&mut story).is_empty());
    let misses = story.space.stats().misses;
    assert_eq!(misses, 4, "each is counted once");
}

#[test]
fn the_byte_form_of_an_event_says_the_same() {
    for tag in 0..=u8::MAX {
        let Ok(event) = Event::take(&mut &[tag][..]) else { continue };
        let mut bytes = Vec::new();
        event.put(&mut bytes);
        assert_eq!(bytes, [tag]);
        assert!(!event.word().is_empty());
    }
}

/// The keys that are there, by what was told.
#[derive(Default)]
struct Listener(BTreeSet<(u8, Vec<u8>)>);

impl Listener {
    fn hear(&mut self, happened: Happened) {
        let key = (happened.db.0, happened.key);
        match happened.event {
            Event::New {} => drop(self.0.insert(key)),
            Event::Del {}
            | Event::Expired {}
            | Event::Evicted {}
            | Event::RenameFrom {}
            | Event::MoveFrom {} => assert!(self.0.remove(&key), "{key:?}"),
            Event::KeyMiss {} => {}
            _ => assert!(self.0.contains(&key), "{:?} of {key:?}", happened.event),
        }
    }
}

fn keys(space: &Keyspace, words: &Words, now_ms: u64) -> BTreeSet<(u8, Vec<u8>)> {
    let of = |db: u8| words.keys.iter().map(move |key| (db, key.clone()));
    let all = (0..words.databases as u8).flat_map(of);
    all.filter(|(db, key)| space.version_of(Db(*db), key, now_ms) > 0).collect()
}

fn compare(words: &Words, chance: &mut Chance) {
    let (mut heard, mut silent) = (Keyspace::new(1), Keyspace::new(1));
    heard.hear(ALL);
    let (mut listener, mut now_ms) = (Listener::default(), 1_000_000);
    for seq in 1..80 {
        now_ms += if chance.once_in(3) { chance.below(40) } else { 0 };
        let at = Stamp { now_ms, seq, version: 1 };
        let bytes = words.op(chance, now_ms);
        let op = Op::take(&mut &bytes[..]).unwrap();
        let outcomes = [&mut heard, &mut silent].map(|space| {
            space.expire(&at, usize::MAX);
            space.apply(&at, &op)
        });
        assert_eq!(outcomes[0], outcomes[1], "{op:?}");
        assert_eq!(heard.state_digest(), silent.state_digest(), "{op:?}");
        assert!(silent.take_happened().is_empty());
        heard.take_happened().into_iter().for_each(|happened| listener.hear(happened));
        let there = keys(&heard, words, now_ms);
        if matches!(op, Op::FlushDb { .. } | Op::FlushAll {} | Op::SwapDb { .. }) {
            // As in Redis nobody is told.
            listener.0.clone_from(&there);
        }
        assert_eq!(listener.0, there, "{op:?}");
    }
}

#[test]
fn who_listens_knows_which_keys_are_there_and_changes_nothing() {
    let words = Words::few();
    with_seeds(300, |chance| compare(&words, chance));
}
