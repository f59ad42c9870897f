//! Snapshots.

use super::*;
use crate::chance::{Chance, with_seeds};

/// A table with something of everything.
fn full(chance: &mut Chance) -> Rig {
    let mut rig = Rig::new();
    rig.table.ended.max = 20;
    for number in 0..60 {
        rig.at.now_ms += 1;
        rig.run(create(&id(number)));
        match chance.below(5) {
            0 => drop(rig.run(Op::Attach { id: &id(number), origin: conn(number % 7) })),
            1 => drop(rig.run(Op::Destroy { id: &id(number) })),
            2 => {
                rig.run(Op::Touch { id: &id(number), shard: ShardId(number as u16 % 5) });
                rig.run(Op::Destroy { id: &id(chance.below(number + 1)) });
            }
            3 => drop(rig.run(open(&id(1_000 + number), rig.at.seq))),
            _ => rig.gone(conn(number % 7)),
        }
    }
    rig.boot(2, 9);
    rig
}

#[test]
fn a_table_comes_back_from_its_image() {
    with_seeds(30, |chance| {
        let rig = full(chance);
        let copy = restored(&rig.table);
        assert_eq!(copy.state_digest(), rig.table.state_digest());
        assert_eq!(copy.index, rig.table.index);
        assert_eq!(copy.next_deadline(), rig.table.next_deadline());
    });
}

#[test]
fn an_image_does_not_change_while_the_table_is_written() {
    with_seeds(30, |chance| {
        let mut rig = full(chance);
        let (frozen, digest) = (rig.table.freeze(), rig.table.state_digest());
        for number in 0..60 {
            rig.run(Op::Destroy { id: &id(number) });
            rig.run(create(&id(2_000 + number)));
        }
        let mut copy = Table::new();
        frozen.chunks().for_each(|chunk| copy.restore(&chunk).unwrap());
        assert_eq!(copy.state_digest(), digest);
    });
}

#[test]
fn chunks_that_nobody_wrote_are_refused_or_read_but_never_panic() {
    with_seeds(300, |chance| {
        let rig = full(chance);
        let mut damaged = Table::new();
        for mut chunk in rig.table.freeze().chunks() {
            for _ in 0..1 + chance.below(3) {
                let at = chance.below(chunk.len() as u64) as usize;
                chunk[at] = chance.next() as u8;
            }
            if damaged.restore(&chunk).is_err() {
                return;
            }
        }
        let mut rig = Rig { table: damaged, ..rig };
        rig.run(create(&id(5_000)));
        rig.over_at(u64::MAX / 4);
        (0..60).for_each(|number| drop(rig.run(Op::Destroy { id: &id(number) })));
        restored(&rig.table);
    });
}

#[test]
fn an_image_of_a_session_that_stands_twice_or_in_no_way_is_refused() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    let chunks: Vec<_> = rig.table.freeze().chunks().collect();
    let mut copy = Table::new();
    chunks.iter().for_each(|chunk| copy.restore(chunk).unwrap());
    assert!(chunks.iter().any(|chunk| copy.restore(chunk).is_err()));
}
