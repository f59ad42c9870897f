#![allow(clippy::unwrap_used)]

mod bounds;
mod models;
mod rates;
mod threads;

use bytes::Bytes;
use lockstep_core::{Db, ShardId};

use super::*;
use crate::{Content, Era, Label};

/// Lines with a secret that is none.
fn lines(entries: usize, policy: Policy) -> Lines {
    Lines::new(Limits { entries, bytes: usize::MAX, ..Limits::default() }, policy, (1, 2))
}

const POLICIES: [Policy; 3] = [Policy::S3Fifo, Policy::Sieve, Policy::Lru];

fn name(number: usize) -> Name {
    Name::of(Db(0), number.to_string().as_bytes())
}

fn line(bytes: usize) -> Line {
    let content = Content { value: Some(Bytes::from(vec![b'x'; bytes])), version: 1, ends: None };
    Line { shard: ShardId(0), era: Era(1), q: 1, state: State::Readable(Label::Shared, content) }
}

/// Reads a key, and puts its line there if there was none. Whether there was one.
fn get(lines: &Lines, name: &Name, evicted: &mut Vec<Evicted>) -> bool {
    let hit = lines.copy(name.at()).is_some();
    if !hit {
        lines.put(name, line(3), evicted);
    }
    hit
}

#[test]
fn a_name_is_of_its_database() {
    let lines = lines(10, Policy::S3Fifo);
    let in_db = |db| Name::of(Db(db), b"a");
    lines.put(&in_db(1), line(1), &mut Vec::new());
    assert!(lines.copy(in_db(1).at()).is_some());
    assert!(lines.copy(in_db(2).at()).is_none());
}

#[test]
fn only_readable_lines_are_hits() {
    let lines = lines(10, Policy::S3Fifo);
    let content = Content { value: None, version: 0, ends: None };
    for (number, state, hits) in [
        (1, State::Tag, false),
        (2, State::Updated(content.clone()), false),
        (3, State::Readable(Label::Exclusive, content), true),
    ] {
        lines.put(&name(number), Line { state, ..line(1) }, &mut Vec::new());
        assert_eq!(lines.copy(name(number).at()).is_some(), hits);
    }
}

#[test]
fn what_is_removed_is_told_with_the_message_it_came_with() {
    let lines = lines(10, Policy::Sieve);
    lines.put(&name(1), Line { q: 7, ..line(1) }, &mut Vec::new());
    lines.put(&name(2), Line::tag(ShardId(0)), &mut Vec::new());
    assert_eq!(lines.remove(name(1).at()).unwrap().q, 7);
    assert_eq!(lines.remove(name(2).at()), None, "nobody need be told of a mere place");
    assert_eq!(lines.size(), Size::default());
}

#[test]
fn a_line_of_which_only_the_place_stays_gives_its_bytes_back() {
    let lines = lines(10, Policy::Lru);
    lines.put(&name(1), line(1_000), &mut Vec::new());
    lines.alter(name(1).at(), &mut |line, read| {
        assert!(!read);
        line.state = State::Tag;
    });
    assert_eq!(lines.size(), Size { entries: 1, bytes: LINE_BYTES + 1 });
    lines.check();
}
