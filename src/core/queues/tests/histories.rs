//! Random histories of all operations.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::world::World;
use super::*;
use crate::chance::{Chance, with_seeds};
use crate::queues::mutant::{BROKEN, Mutant};
use crate::queues::{BodyKey, Setting};

/// S1 to S16 and S18, as far as one machine can keep them: every step is looked at from
/// outside, and what is derived is compared with what it follows from (S3).
#[test]
fn every_step_follows_from_what_was_asked() {
    with_seeds(1200, |chance| {
        let mut world = World::new(chance);
        for _ in 0..chance.below(150) {
            world.step(chance);
        }
    });
}

/// S2: what is left in the end is delivered.
#[test]
fn everything_that_is_left_is_delivered_in_the_end() {
    with_seeds(60, |chance| {
        let mut world = World::new(chance);
        for _ in 0..chance.below(120) {
            world.step(chance);
        }
        world.drain();
    });
}

/// S19: the same operations give the same state, also through an image in either form at
/// any point, and wherever bodies are.
#[test]
fn the_table_is_the_same_after_a_replay_and_after_an_image_at_any_point() {
    with_seeds(600, |chance| run_twice(chance, 60));
}

fn run_twice(chance: &mut Chance, steps_max: u64) {
    let seed = chance.next();
    let (mut one, mut other) = (Chance::new(seed), Chance::new(seed));
    let (mut first, mut second) = (World::new(&mut one), World::new(&mut other));
    let mut disk = Disk::default();
    (first.observed, second.observed) = (false, false);
    let steps = 1 + chance.below(steps_max);
    let cut = chance.below(steps);
    for step in 0..steps {
        first.step(&mut one);
        second.step(&mut other);
        assert_eq!(plain(&first.last), plain(&second.last));
        disk.work(chance, &mut second.table);
        if step == cut {
            // What is not told before a start is found by looking for it.
            second.table.take_gone().iter().for_each(|key| drop(disk.bodies.remove(key)));
            second.table = through_an_image(chance, &second.table, &mut disk);
        }
        if chance.once_in(16) || step + 1 == steps {
            assert_eq!(first.table.state_digest(), second.table.state_digest());
        }
    }
    assert!(first.table.index.is_same(&second.table.index));
    for (number, side) in &first.table.sides {
        assert_eq!(side.shape, second.table.sides[number].shape);
    }
    disk.check(&mut second.table);
}

/// What a step gave, without where bodies were.
fn plain(shown: &str) -> String {
    let parts = shown.split("here: ");
    parts.map(|part| part.split_once(" })").map_or(part, |(_, rest)| rest)).collect()
}

/// What a replica keeps on disk.
#[derive(Default)]
struct Disk {
    bodies: std::collections::BTreeMap<BodyKey, Arc<[u8]>>,
}

impl Disk {
    /// Some of what the keeper of bodies does.
    fn work(&mut self, chance: &mut Chance, table: &mut Table) {
        if chance.once_in(2) {
            let found = table.to_store(1 + chance.below(600) as usize, u64::MAX, None);
            let keys: Vec<BodyKey> = found.iter().map(|(key, _)| *key).collect();
            for (key, body) in found {
                assert!(key.fits(&body));
                self.bodies.insert(key, body);
            }
            table.stored(&keys);
        }
        if chance.once_in(2) {
            let before = table.resident_bytes();
            let released = table.release(chance.below(400) as usize);
            assert_eq!(table.resident_bytes() + released, before);
        }
        if chance.once_in(3) {
            for key in table.wanted(chance.below(600) as usize) {
                table.arrived(&key, self.bodies[&key].clone());
            }
        }
        if chance.once_in(4) {
            for key in table.take_gone() {
                assert!(self.bodies.remove(&key).is_some(), "{key:?} was not on disk");
            }
        }
    }

    /// Whatever has a message is on disk under its key, and nothing else.
    fn check(&mut self, table: &mut Table) {
        for key in table.take_gone() {
            self.bodies.remove(&key);
        }
        let kept: Vec<BodyKey> = table.stored_keys().collect();
        assert_eq!(kept.len(), self.bodies.len());
        for key in kept {
            assert!(self.bodies.contains_key(&key));
            assert_eq!(table.body(&key).unwrap().key, key);
        }
    }
}

fn through_an_image(chance: &mut Chance, table: &Table, disk: &mut Disk) -> Table {
    let mut restored = Table::new();
    restored.check_always();
    if chance.once_in(2) {
        for chunk in table.freeze().chunks() {
            restored.restore(&chunk).unwrap();
        }
    } else {
        let bodies = disk.bodies.clone();
        for chunk in table.freeze().whole(|key| bodies.get(key).cloned()) {
            restored.restore(&chunk.unwrap()).unwrap();
        }
        disk.bodies.clear();
    }
    assert_eq!(restored.state_digest(), table.state_digest());
    restored
}

#[test]
fn an_image_stays_as_it_was_taken() {
    with_seeds(150, |chance| {
        let mut world = World::new(chance);
        world.observed = false;
        (0..chance.below(60)).for_each(|_| world.step(chance));
        let image = world.table.freeze();
        let taken: Vec<Vec<u8>> = world.table.freeze().chunks().collect();
        (0..60).for_each(|_| world.step(chance));
        assert!(image.chunks().eq(taken));
    });
}

#[test]
fn any_bytes_are_taken_or_refused_but_never_a_reason_to_stop() {
    with_seeds(1500, |chance| {
        let mut table = Table::new();
        let mut at = Stamp::default();
        for step in 0..40 {
            at.now_ms = at.now_ms.saturating_add(chance.next() >> chance.below(64));
            at.seq = chance.next();
            let bytes = super::images::almost_an_op(chance, step);
            if let Ok(op) = <Op<'_> as crate::wire::Wire>::take(&mut &bytes[..]) {
                let mut fx = Effects::default();
                table.expire(&at, 10, &mut fx);
                table.apply(&at, &op, &mut fx);
                if !op.is_write() {
                    table.read(at.now_ms, at.now_ms, &op);
                }
            }
        }
    });
}

/// What is looked at by the random histories has to be looked at: with any of these
/// rules broken they fail.
#[test]
fn a_broken_rule_is_found() {
    let all = [
        Mutant::GroupShared,
        Mutant::LateAckOutOfOrder,
        Mutant::AnyAttempt,
        Mutant::ExpiryUnblamed,
        Mutant::TtlForgotten,
        Mutant::CopiesUnknown,
        Mutant::OneTooMany,
        Mutant::PauseForgotten,
        Mutant::RepeatGetsOthers,
        Mutant::DeadCountedTwice,
        Mutant::LeaseOutlivesSession,
    ];
    for mutant in all {
        let found = finds(mutant, 400, |chance| {
            let mut world = World::new(chance);
            (0..120).for_each(|_| world.step(chance));
        });
        assert!(found, "{mutant:?} was not found");
    }
    assert!(finds(Mutant::TurnsNotInImage, 400, |chance| run_twice(chance, 120)));
}

fn finds(mutant: Mutant, seeds: u64, history: impl Fn(&mut Chance)) -> bool {
    BROKEN.set(Some(mutant));
    std::panic::set_hook(Box::new(|_| {}));
    let found = (0..seeds)
        .any(|seed| catch_unwind(AssertUnwindSafe(|| history(&mut Chance::new(seed)))).is_err());
    let _ = std::panic::take_hook();
    BROKEN.set(None);
    found
}

/// The settings of the queue that tests of one rule use.
#[test]
fn a_queue_is_as_it_was_set() {
    let mut scene = Scene::new();
    let settings = vec![Setting::Lease { ms: 70 }, Setting::LengthMax { count: 1 }];
    assert_eq!(scene.apply(&Op::Create { queue: b"q", part: 0, settings, if_new: true }), "ok");
    scene.ask("1: push q a");
    assert!(scene.ask("1: push q b").starts_with("len "));
    scene.ask("2: pop q");
    assert_eq!(scene.table.next_deadline(), Some(70));
}
