//! Nothing is lost and nothing is given twice, whatever becomes of nodes and answers.

use std::collections::BTreeMap;

use super::*;
use crate::chance::{Chance, with_seeds};

const LISTS: [&[u8]; 3] = [b"a", b"b", b"c"];

/// What the clients' side knows.
#[derive(Default)]
struct World {
    /// What each connection was answered and has not confirmed.
    handed: BTreeMap<u64, Outcome>,
    /// The elements that clients were told.
    told: Vec<Vec<u8>>,
    pushed: Vec<Vec<u8>>,
    boot: u64,
}

fn elements(outcome: &Outcome) -> Vec<Vec<u8>> {
    match outcome {
        Outcome::List(parts) => match &parts[..] {
            [_, Outcome::List(list)] => list.iter().flat_map(elements).collect(),
            [_, Outcome::Bytes(element)] => vec![element.clone()],
            _ => Vec::new(),
        },
        Outcome::Bytes(element) => vec![element.clone()],
        _ => Vec::new(),
    }
}

impl World {
    fn origin(&self, conn: u64) -> Origin {
        Origin { boot: self.boot, ..origin(conn) }
    }

    fn step(&mut self, story: &mut Story, chance: &mut Chance, number: u64) {
        story.now_ms += chance.below(10);
        match chance.below(10) {
            0..=3 => {
                let element = format!("e{number}").into_bytes();
                story.push(chance.pick(&LISTS), vec![&element]);
                self.pushed.push(element);
            }
            4..=6 => self.pop(story, chance, number),
            7 => {
                // The node has the answer, and tells its client when that is known.
                let Some((conn, outcome)) = self.handed.pop_first() else { return };
                let op = keys::Op::ConfirmWait { origin: self.origin(conn), request: 1 };
                if story.run(&key(op)) == Outcome::Int(1) {
                    self.told.extend(elements(&outcome));
                }
            }
            8 => {
                let conn = number.saturating_sub(chance.below(20));
                self.handed.remove(&conn);
                story.run(&Op::Gone { origin: self.origin(conn) });
            }
            _ if chance.once_in(4) => {
                self.boot += 1;
                self.handed.clear();
                story.run(&Op::Boot { origin: self.origin(0) });
            }
            _ => story.shard = Shard::restore(story.shard.freeze().chunks()).unwrap(),
        }
        for (conn, outcome) in story.answers() {
            // Some answers are lost on their way.
            if !chance.once_in(3) && !elements(&outcome).is_empty() {
                self.handed.insert(conn, outcome);
            }
        }
    }

    fn pop(&mut self, story: &mut Story, chance: &mut Chance, number: u64) {
        let (from, front) = (chance.pick(&LISTS), chance.once_in(2));
        let want = if chance.once_in(2) {
            Want::Element { front }
        } else {
            Want::Elements { front, count: 1 + chance.below(3) }
        };
        let block_ms = if chance.once_in(2) { 0 } else { 30 };
        let wait = Some(Wait::For { origin: self.origin(number), request: 1, block_ms });
        let op = keys::Op::PopOrWait { db: DB, keys: vec![from], want, wait, keep: true };
        self.told.extend(elements(&story.run(&key(op))));
    }
}

#[test]
fn every_element_is_in_its_list_or_was_told_to_one_client() {
    with_seeds(300, |chance| {
        let (mut story, mut world) = (Story::new(), World { boot: 1, ..World::default() });
        for number in 1..200 {
            world.step(&mut story, chance, number);
        }
        // All nodes are over: what nobody was told is back.
        let over = Origin { boot: world.boot + 1, ..origin(0) };
        story.run(&Op::Boot { origin: over });
        assert_eq!(story.shard.keys().waits().unconfirmed(), 0);
        let mut found = world.told.clone();
        for list in LISTS {
            let range = lists::Op::Range { start: 0, end: -1 };
            match story.run(&key(keys::Op::List { db: DB, key: list, op: range })) {
                Outcome::List(all) => found.extend(all.iter().flat_map(elements)),
                other => panic!("{other:?}"),
            }
        }
        found.sort();
        let mut pushed = world.pushed.clone();
        pushed.sort();
        assert_eq!(found, pushed);
    });
}
