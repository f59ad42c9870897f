//! Random histories.

use std::collections::BTreeMap;

use super::model::Model;
use super::restored;
use crate::chance::{Chance, with_seeds};
use crate::requests::table::Limits;
use crate::requests::{Recall, RequestId, Table};
use crate::{NodeId, Origin, Outcome};

fn some_origin(chance: &mut Chance) -> Origin {
    Origin { node: NodeId(chance.below(3)), boot: chance.below(3), conn: chance.below(4) }
}

fn some_outcomes(chance: &mut Chance) -> Vec<Outcome> {
    match chance.below(12) {
        0 => vec![Outcome::Bytes(vec![7; 70_000])],
        1..=3 => vec![Outcome::Bytes(vec![7; chance.below(400) as usize])],
        _ => vec![Outcome::Ok, Outcome::Int(chance.next() as i64)],
    }
}

fn some_limits(chance: &mut Chance) -> Limits {
    Limits { records: 1 + chance.below(12) as usize, bytes: chance.pick(&[1_000, 1 << 20]) }
}

#[test]
fn the_table_does_what_the_model_says() {
    with_seeds(1_500, |chance| {
        let limits = some_limits(chance);
        let (mut table, mut model) = (Table::limited(limits), Model::new(limits));
        for seq in 1..80 {
            let id = RequestId { origin: some_origin(chance), number: chance.below(6) };
            match chance.below(20) {
                0 => {
                    table.end_connection(id.origin);
                    model.end_connection(id.origin);
                }
                1 if chance.once_in(4) => {
                    table.end_lives(Origin { conn: 0, ..id.origin });
                    model.end_lives(id.origin.node, id.origin.boot);
                }
                2 => table = restored(&table),
                _ => {
                    let (floor, retry) = (chance.below(seq), chance.once_in(2));
                    let recall = table.recall(&id, floor, retry);
                    assert_eq!(recall, model.recall(&id, floor, retry));
                    if recall == Recall::Fresh || chance.once_in(5) {
                        let outcomes = some_outcomes(chance);
                        table.remember(seq, &id, &outcomes);
                        model.remember(seq, &id, &outcomes);
                    }
                }
            }
            model.check(&table);
        }
        assert_eq!(restored(&table).state_digest(), table.state_digest());
    });
}

/// A request on its way: proposed now and again until somebody hears of it.
struct Sent {
    id: RequestId,
    floor: u64,
    proposed: bool,
}

#[test]
fn whatever_is_proposed_again_and_again_is_applied_once_at_most() {
    with_seeds(600, |chance| {
        let mut table = Table::limited(some_limits(chance));
        let mut applied: BTreeMap<RequestId, Vec<Outcome>> = BTreeMap::new();
        let mut last_number: BTreeMap<Origin, u64> = BTreeMap::new();
        let mut sent: Vec<Sent> = Vec::new();
        for seq in 1..150 {
            if sent.is_empty() || chance.once_in(3) {
                let origin = some_origin(chance);
                let number = last_number.entry(origin).or_default();
                *number += 1;
                let id = RequestId { origin, number: *number };
                sent.push(Sent { id, floor: seq - 1, proposed: false });
            }
            let at = chance.below(sent.len() as u64) as usize;
            let Sent { id, floor, proposed } = &mut sent[at];
            match table.recall(id, *floor, *proposed) {
                Recall::Fresh => {
                    let outcomes = some_outcomes(chance);
                    table.remember(seq, id, &outcomes);
                    assert_eq!(applied.insert(*id, outcomes), None, "applied twice");
                }
                Recall::Done(outcomes) => assert_eq!(applied.get(id), Some(&outcomes)),
                Recall::Forgotten => {}
            }
            *proposed = true;
            match chance.below(10) {
                0 => table.end_connection(some_origin(chance)),
                1 => table.end_lives(Origin {
                    node: NodeId(chance.below(3)),
                    boot: chance.below(3),
                    conn: 0,
                }),
                2 => table = restored(&table),
                3 => drop(sent.swap_remove(at)),
                _ => {}
            }
        }
    });
}

#[test]
fn an_image_does_not_change_while_the_table_is_written() {
    with_seeds(100, |chance| {
        let mut table = Table::limited(some_limits(chance));
        let mut frozen = None;
        for seq in 1..100 {
            if seq == 50 {
                frozen = Some((table.freeze(), table.state_digest()));
            }
            let id = RequestId { origin: some_origin(chance), number: seq };
            table.remember(seq, &id, &some_outcomes(chance));
        }
        let (frozen, digest) = frozen.unwrap();
        let mut copy = Table::limited(table.limits);
        frozen.chunks().for_each(|chunk| copy.restore(&chunk).unwrap());
        assert_eq!(copy.state_digest(), digest);
    });
}

#[test]
fn chunks_that_nobody_wrote_are_refused_or_read_but_never_panic() {
    with_seeds(2_000, |chance| {
        let mut table = Table::new();
        for seq in 1..20 {
            let id = RequestId { origin: some_origin(chance), number: seq };
            table.remember(seq, &id, &[Outcome::Int(chance.next() as i64)]);
        }
        let mut damaged = Table::new();
        for mut chunk in table.freeze().chunks() {
            for _ in 0..1 + chance.below(3) {
                let at = chance.below(chunk.len() as u64) as usize;
                chunk[at] = chance.next() as u8;
            }
            if damaged.restore(&chunk).is_err() {
                return;
            }
        }
        let id = RequestId { origin: some_origin(chance), number: 3 };
        damaged.recall(&id, 0, true);
        damaged.remember(chance.next(), &id, &[Outcome::Nil]);
        damaged.state_digest();
    });
}
