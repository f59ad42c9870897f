//! Sessions over several shards, with messages that come late, twice, or never.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;
use crate::chance::{Chance, with_seeds};
use crate::sessions::mutant::Mutant;

const SHARDS: usize = 4;
const IDS: u64 = 12;

/// A message on its way to a shard.
#[derive(Clone, Debug)]
enum Message {
    Touch { id: u64, shard: usize, floor: u64 },
    Open { id: u64, birth_ms: u64, floor: u64 },
    End { id: u64 },
    Settled { id: u64, shard: usize },
}

/// Some shards and the network between them.
struct World {
    shards: Vec<Rig>,
    on_the_way: Vec<(usize, Message)>,
    /// What each shard may never let in again.
    over: Vec<BTreeSet<u64>>,
    /// The last floor that each shard has told.
    floors: BTreeMap<usize, u64>,
}

fn home(id: u64) -> usize {
    id as usize % SHARDS
}

impl World {
    fn new(chance: &mut Chance, mutant: Option<Mutant>) -> Self {
        let rig = || {
            let mut rig = Rig::new();
            rig.table.ended.max = 1 + chance.below(3) as usize;
            rig.table.mutant = mutant;
            rig
        };
        World {
            shards: std::iter::repeat_with(rig).take(SHARDS).collect(),
            on_the_way: Vec::new(),
            over: vec![BTreeSet::new(); SHARDS],
            floors: BTreeMap::new(),
        }
    }

    fn run(&mut self, shard: usize, op: Op<'_>) -> Outcome {
        let outcome = self.shards[shard].run(op);
        self.note_ends(shard);
        outcome
    }

    fn note_ends(&mut self, shard: usize) {
        for id in 0..IDS {
            let name = super::id(id);
            if self.shards[shard].over.iter().any(|over| *over.id == name[..]) {
                self.over[shard].insert(id);
            }
        }
    }

    fn floor(&self, shard: usize) -> u64 {
        self.floors.get(&shard).copied().unwrap_or(0)
    }

    /// A node is about to make a request in a session's name to a shard.
    fn ask_to_open(&mut self, id: u64, shard: usize) {
        let touch = Message::Touch { id, shard, floor: self.floor(shard) };
        self.on_the_way.push((home(id), touch));
    }

    /// A message arrives; `lost`: what it leads to does not.
    fn arrive(&mut self, (to, message): (usize, Message), lost: bool) {
        let next = match message {
            Message::Touch { id, shard, floor } => {
                let op = Op::Touch { id: &super::id(id), shard: ShardId(shard as u16) };
                let Outcome::List(facts) = self.run(to, op) else { return };
                let Outcome::Int(birth_ms) = facts[0] else { panic!("a number") };
                (shard, Message::Open { id, birth_ms: birth_ms as u64, floor })
            }
            Message::Open { id, birth_ms, floor } => {
                let op = Op::Open { id: &super::id(id), birth_ms, delay_ms: 0, floor };
                if let Outcome::Int(floor) = self.run(to, op) {
                    self.floors.insert(to, floor as u64);
                    self.ask_to_open(id, to);
                }
                return;
            }
            Message::End { id } => {
                self.run(to, Op::End { id: &super::id(id), delay_ms: 0 });
                (home(id), Message::Settled { id, shard: to })
            }
            Message::Settled { id, shard } => {
                self.run(to, Op::Settled { id: &super::id(id), shard: ShardId(shard as u16) });
                return;
            }
        };
        if !lost {
            self.on_the_way.push(next);
        }
    }

    /// The leaders look whom they have to tell.
    fn tell(&mut self) {
        for shard in 0..SHARDS {
            for (name, to) in self.shards[shard].endings() {
                let id = (0..IDS).find(|id| super::id(*id) == name).unwrap();
                self.on_the_way.push((to.into(), Message::End { id }));
            }
        }
    }

    /// S22: what has ended in a shard is let in never again.
    fn check(&self) {
        for (shard, over) in self.over.iter().enumerate() {
            for id in over {
                assert!(!self.shards[shard].lives(&super::id(*id)), "{id} is back in {shard}");
            }
        }
    }

    fn step(&mut self, chance: &mut Chance) {
        let id = chance.below(IDS);
        match chance.below(10) {
            // Nobody draws an id twice.
            0 if self.over[home(id)].contains(&id) => {}
            0 => drop(self.run(home(id), create(&super::id(id)))),
            1 => drop(self.run(home(id), Op::Destroy { id: &super::id(id) })),
            2 => {
                let shard = chance.below(SHARDS as u64) as usize;
                if shard != home(id) {
                    self.ask_to_open(id, shard);
                }
            }
            3 => self.tell(),
            4 => {
                let shard = chance.below(SHARDS as u64) as usize;
                let rig = &mut self.shards[shard];
                rig.at.now_ms += chance.below(TTL / 2);
                rig.step();
                self.note_ends(shard);
            }
            5 => {
                let shard = chance.below(SHARDS as u64) as usize;
                let rig = &mut self.shards[shard];
                rig.table = restored(&rig.table);
            }
            _ if !self.on_the_way.is_empty() => {
                let at = chance.below(self.on_the_way.len() as u64) as usize;
                let message = self.on_the_way[at].clone();
                if !chance.once_in(4) {
                    self.on_the_way.swap_remove(at);
                }
                self.arrive(message, chance.once_in(4));
            }
            _ => {}
        }
        self.check();
    }

    /// All sessions are destroyed; what is lost at first is told again.
    fn come_to_rest(&mut self, chance: &mut Chance) {
        for id in 0..IDS {
            self.run(home(id), Op::Destroy { id: &super::id(id) });
        }
        for round in 0..40 {
            self.tell();
            while let Some(message) = self.on_the_way.pop() {
                if round >= 20 || chance.once_in(2) {
                    self.arrive(message, false);
                }
                self.check();
            }
        }
        for rig in &self.shards {
            assert!(rig.table.is_empty() && rig.table.guests() == 0, "something is left");
        }
    }
}

fn history(chance: &mut Chance, mutant: Option<Mutant>) {
    let mut world = World::new(chance, mutant);
    (0..250).for_each(|_| world.step(chance));
    world.come_to_rest(chance);
}

#[test]
fn behind_its_end_no_shard_lets_a_session_in_and_nothing_is_left_of_it() {
    with_seeds(300, |chance| history(chance, None));
}

#[test]
fn what_would_let_a_session_in_behind_its_end_is_found() {
    let finds = |mutant, seed| {
        let run = AssertUnwindSafe(|| history(&mut Chance::new(seed), Some(mutant)));
        catch_unwind(run).is_err()
    };
    for mutant in [
        Mutant::NothingRemembered,
        Mutant::NoFloor,
        Mutant::OneIsToldForAll,
        Mutant::TouchNotNoted,
        Mutant::EndingsNotInImage,
    ] {
        assert!((0..400).any(|seed| finds(mutant, seed)), "{mutant:?}");
    }
}
