use super::span;
use crate::chance::Chance;
use crate::check::appends::{Flaw, Part, Transaction, check};

fn append(key: u32, element: u64) -> Part {
    Part::Append { key, element, position: None }
}

fn read(key: u32, list: &[u64]) -> Part {
    Part::Read { key, list: list.to_vec() }
}

fn did(began: u64, ended: u64, parts: Vec<Part>) -> Transaction {
    Transaction { span: span(began, ended), parts }
}

#[test]
fn histories_with_an_order_are_accepted() {
    let good: Vec<Vec<Transaction>> = vec![
        vec![],
        vec![
            did(1, 2, vec![append(1, 1), append(2, 2)]),
            did(3, 4, vec![read(1, &[1]), read(2, &[2])]),
        ],
        // Unknown, and it did not happen.
        vec![did(1, 0, vec![append(1, 1)]), did(3, 4, vec![read(1, &[])])],
        // Unknown, and it happened late.
        vec![
            did(1, 0, vec![append(1, 1)]),
            did(3, 4, vec![append(1, 2)]),
            did(5, 6, vec![read(1, &[2, 1])]),
        ],
        // Reads its own appends.
        vec![
            did(1, 2, vec![append(1, 1)]),
            did(3, 4, vec![append(1, 2), read(1, &[1, 2]), append(1, 3)]),
            did(5, 6, vec![read(1, &[1, 2, 3])]),
        ],
    ];
    for history in good {
        assert_eq!(check(&history), Ok(()), "{history:?}");
    }
}

#[test]
fn histories_without_an_order_are_refused() {
    let last = |lists: &[(u32, &[u64])]| {
        did(100, 101, lists.iter().map(|(key, list)| read(*key, list)).collect())
    };
    let both = || did(1, 9, vec![append(1, 1), append(2, 2)]);
    let bad = [
        ("lost", vec![did(1, 2, vec![append(1, 1)]), last(&[(1, &[])])], Flaw::Lost(1)),
        ("twice", vec![did(1, 2, vec![append(1, 1)]), last(&[(1, &[1, 1])])], Flaw::Twice(1)),
        ("phantom", vec![last(&[(1, &[7])])], Flaw::Phantom(7)),
        (
            "diverged",
            vec![
                did(1, 9, vec![append(1, 1)]),
                did(1, 9, vec![append(1, 2)]),
                did(3, 4, vec![read(1, &[1, 2])]),
                last(&[(1, &[2, 1])]),
            ],
            Flaw::Diverged(1),
        ),
        (
            "torn",
            vec![did(1, 0, vec![append(1, 1), append(2, 2)]), last(&[(1, &[1]), (2, &[])])],
            Flaw::Torn(2),
        ),
        (
            "misplaced",
            vec![
                did(1, 2, vec![Part::Append { key: 1, element: 1, position: Some(1) }]),
                last(&[(1, &[1])]),
            ],
            Flaw::Misplaced(1),
        ),
        (
            "half of a transaction was seen",
            vec![
                both(),
                did(3, 4, vec![read(1, &[1]), read(2, &[])]),
                last(&[(1, &[1]), (2, &[2])]),
            ],
            Flaw::Cycle(vec![0, 1, 2]),
        ),
        (
            "two transactions interleaved",
            vec![
                both(),
                did(1, 9, vec![append(1, 3), append(2, 4)]),
                last(&[(1, &[1, 3]), (2, &[4, 2])]),
            ],
            Flaw::Cycle(vec![0, 1, 2]),
        ),
        (
            "a stale read",
            vec![did(1, 2, vec![append(1, 1)]), did(3, 4, vec![read(1, &[])]), last(&[(1, &[1])])],
            Flaw::Cycle(vec![0, 1, 2]),
        ),
        (
            "against real time",
            vec![
                did(1, 2, vec![append(1, 1)]),
                did(3, 4, vec![append(1, 2)]),
                last(&[(1, &[2, 1])]),
            ],
            Flaw::Cycle(vec![0, 1, 2]),
        ),
    ];
    for (name, history, flaw) in bad {
        assert_eq!(check(&history), Err(flaw), "{name}");
    }
}

/// Transactions executed one by one at points between their beginnings and ends.
fn executed(chance: &mut Chance) -> Vec<Transaction> {
    let mut lists: Vec<Vec<u64>> = vec![Vec::new(); 3];
    let mut history = Vec::new();
    for at in 1..=40_u64 {
        let point = at * 10;
        let unknown = chance.permille(100);
        let lost = unknown && chance.permille(500);
        let mut parts = Vec::new();
        for part in 0..chance.between(1, 4) {
            let key = chance.below(3) as u32;
            if chance.permille(600) {
                let position = Some(lists[key as usize].len()).filter(|_| !unknown);
                let element = at * 10 + part;
                parts.push(Part::Append { key, element, position });
                if !lost {
                    lists[key as usize].push(element);
                }
            } else if !unknown {
                parts.push(read(key, &lists[key as usize]));
            }
        }
        let began = point - chance.below(9);
        history.push(did(began, if unknown { 0 } else { point + chance.below(60) }, parts));
    }
    let ends = (0..3).map(|key| read(key, &lists[key as usize])).collect();
    history.push(did(10_000, 10_001, ends));
    history
}

#[test]
fn what_was_executed_is_accepted_and_changed_histories_are_refused() {
    for seed in 0..500 {
        let mut chance = Chance::new(seed);
        let good = executed(&mut chance);
        assert_eq!(check(&good), Ok(()), "seed {seed}: {good:#?}");

        let mut lost = good.clone();
        let Some(Part::Read { list, .. }) = lost.last_mut().and_then(|t| t.parts.first_mut())
        else {
            continue;
        };
        if list.len() > 2 {
            let at = chance.below(list.len() as u64) as usize;
            list.remove(at);
            assert!(check(&lost).is_err(), "seed {seed}");
        }
        let mut twice = good;
        let Some(Part::Read { list, .. }) = twice.last_mut().and_then(|t| t.parts.last_mut())
        else {
            continue;
        };
        if !list.is_empty() {
            list.push(list[0]);
            assert!(check(&twice).is_err(), "seed {seed}");
        }
    }
}
