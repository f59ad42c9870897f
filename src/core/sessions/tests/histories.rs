//! Random histories of one shard.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::model::Model;
use super::*;
use crate::chance::{Chance, with_seeds};
use crate::sessions::mutant::Mutant;
use crate::sessions::session::Life;

const IDS: u64 = 8;

fn some_origin(chance: &mut Chance) -> Origin {
    origin(chance.below(3), 1 + chance.below(3), chance.below(3))
}

fn some_op<'a>(chance: &mut Chance, id: &'a [u8], seq: u64) -> Op<'a> {
    let (origin, shard) = (some_origin(chance), ShardId(chance.below(4) as u16));
    match chance.below(16) {
        0..3 => Op::Create { id, ttl_ms: 500 + chance.below(3_000), name: b"", delay_ms: 70 },
        3..6 => Op::Attach { id, origin },
        6 => Op::Detach { id, origin },
        7 => Op::KeepAlive { id },
        8 => Op::Destroy { id },
        9..11 => Op::Touch { id, shard },
        11..13 => Op::Settled { id, shard },
        13 => Op::End { id, delay_ms: 0 },
        _ => Op::Open { id, birth_ms: 1, delay_ms: 0, floor: chance.below(seq + 1) },
    }
}

/// One history; panics when the table does not do what the model says.
fn history(chance: &mut Chance, mutant: Option<Mutant>) {
    let (mut rig, mut model) = (Rig::new(), Model::default());
    model.ends_max = 1 + chance.below(4) as usize;
    rig.table.ended.max = model.ends_max;
    rig.table.mutant = mutant;
    for _ in 0..60 {
        let pause = chance.pick(&[0, 0, 50, 400, 2_000]);
        rig.at.now_ms += chance.below(pause + 1);
        if chance.once_in(100) {
            rig.at.now_ms += crate::sessions::ENDED_MS;
        }
        let at = rig.step();
        model.step(&at);
        match chance.below(12) {
            0 => {
                let origin = some_origin(chance);
                rig.table.end_connection(&at, origin);
                model.gone(&at, |gone| *gone == origin);
            }
            1 if chance.once_in(3) => {
                let floor = origin(chance.below(3), chance.below(4), chance.below(3));
                rig.table.end_lives(&at, floor);
                model.end_lives(&at, floor);
            }
            2 => rig.table = restored(&rig.table),
            _ => {
                let id = id(chance.below(IDS));
                let op = some_op(chance, &id, at.seq);
                let outcome = rig.table.apply(&at, &op, &mut rig.over);
                let expected = model.run(&at, &op);
                let is_touch = matches!(op, Op::Touch { .. }) && expected == Outcome::Nil;
                assert!(is_touch || outcome == expected, "{op:?}: {outcome:?}, not {expected:?}");
            }
        }
        compare(&rig, &model);
    }
    let copy = restored(&rig.table);
    assert_eq!(copy.state_digest(), rig.table.state_digest());
    assert_eq!(copy.index, rig.table.index);
}

fn compare(rig: &Rig, model: &Model) {
    let over: BTreeSet<_> = rig.over.iter().map(|over| over.id.to_vec()).collect();
    assert_eq!(over, model.over, "what ended, and never early");
    assert_eq!(rig.table.next_deadline(), model.next_deadline());
    assert_eq!(rig.endings().into_iter().collect::<BTreeSet<_>>(), model.endings());
    for number in 0..IDS {
        let id = id(number);
        assert_eq!(rig.lives(&id), model.lives(&id));
        let attached = rig.table.sessions.get(&id).filter(|session| session.life != Life::Ending);
        assert_eq!(attached.map(|session| session.connections().to_vec()), model.attached(&id));
    }
}

#[test]
fn the_table_does_what_the_model_says() {
    with_seeds(1_000, |chance| history(chance, None));
}

/// Whether one of some histories finds that the table is broken.
fn is_found(mutant: Mutant) -> bool {
    let finds = |seed| {
        let run = AssertUnwindSafe(|| history(&mut Chance::new(seed), Some(mutant)));
        catch_unwind(run).is_err()
    };
    (0..400).any(finds)
}

#[test]
fn broken_variants_of_the_table_are_found() {
    for mutant in [
        Mutant::NothingRemembered,
        Mutant::NoFloor,
        Mutant::OneIsToldForAll,
        Mutant::TouchNotNoted,
        Mutant::OneGoneAllGone,
        Mutant::GoneStaysAttached,
        Mutant::RenewalShortens,
        Mutant::TtlFromBirth,
        Mutant::DeadMayAttach,
        Mutant::EndingsNotInImage,
    ] {
        assert!(is_found(mutant), "{mutant:?}");
    }
}
