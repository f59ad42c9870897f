use super::span;
use crate::chance::Chance;
use crate::check::registers::{Call, Step, Value, Verdict, check};

fn step(began: u64, ended: u64, call: Call) -> Step {
    Step { span: span(began, ended), call }
}

fn write(began: u64, ended: u64, value: &str) -> Step {
    step(began, ended, Call::Write(value.into()))
}

fn read(began: u64, ended: u64, value: &str) -> Step {
    let value = (!value.is_empty()).then(|| value.into());
    step(began, ended, Call::Read(value))
}

fn add(began: u64, ended: u64, gave: i64) -> Step {
    step(began, ended, Call::Add(1, (ended != 0).then_some(gave)))
}

fn swap(began: u64, ended: u64, from: &str, to: &str, gave: bool) -> Step {
    step(began, ended, Call::Swap(from.into(), to.into(), (ended != 0).then_some(gave)))
}

fn delete(began: u64, ended: u64, gave: bool) -> Step {
    step(began, ended, Call::Delete((ended != 0).then_some(gave)))
}

fn append(began: u64, ended: u64, bytes: &str, gave: i64) -> Step {
    step(began, ended, Call::Append(bytes.into(), (ended != 0).then_some(gave)))
}

#[test]
fn histories_with_an_order_are_accepted() {
    let good: &[(&str, Vec<Step>)] = &[
        ("nothing", vec![]),
        ("a read of nothing", vec![read(1, 2, "")]),
        ("write, read", vec![write(1, 2, "a"), read(3, 4, "a")]),
        (
            "a read beside a write sees either",
            vec![write(1, 9, "a"), read(2, 3, ""), read(4, 5, "a")],
        ),
        ("an unknown write never happened", vec![write(1, 0, "a"), read(3, 4, "")]),
        ("an unknown write happened", vec![write(1, 0, "a"), read(3, 4, "a")]),
        (
            "an unknown write happened late",
            vec![
                write(1, 0, "a"),
                read(3, 4, ""),
                read(5, 6, "a"),
                write(7, 8, "b"),
                read(9, 10, "b"),
            ],
        ),
        (
            "writes side by side",
            vec![
                write(1, 10, "a"),
                write(2, 9, "b"),
                read(3, 4, "b"),
                read(5, 6, "a"),
                read(11, 12, "a"),
            ],
        ),
        ("an unknown read says nothing", vec![write(1, 2, "a"), read(3, 0, "x")]),
        ("counting", vec![add(1, 2, 1), add(3, 8, 3), add(4, 7, 2), read(9, 10, "3")]),
        ("an unknown count that happened", vec![add(1, 2, 1), add(3, 0, 0), add(5, 6, 3)]),
        ("an unknown count that did not", vec![add(1, 2, 1), add(3, 0, 0), add(5, 6, 2)]),
        (
            "one of two swaps wins",
            vec![
                write(1, 2, "a"),
                swap(3, 8, "a", "b", true),
                swap(4, 7, "a", "c", false),
                read(9, 10, "b"),
            ],
        ),
        (
            "delete and append",
            vec![
                append(1, 2, "ab", 2),
                append(3, 4, "c", 3),
                delete(5, 6, true),
                delete(7, 8, false),
                append(9, 10, "x", 1),
                read(11, 12, "x"),
            ],
        ),
        (
            "the same value twice",
            vec![write(1, 2, "a"), write(3, 4, "b"), write(5, 6, "a"), read(7, 8, "a")],
        ),
    ];
    for (name, history) in good {
        assert_eq!(check(history), Verdict::Explained, "{name}");
    }
}

#[test]
fn histories_without_an_order_are_refused() {
    let bad: &[(&str, Vec<Step>)] = &[
        ("a value from nowhere", vec![read(1, 2, "a")]),
        ("a write is lost", vec![write(1, 2, "a"), read(3, 4, "")]),
        ("a stale read", vec![write(1, 2, "a"), write(3, 4, "b"), read(5, 6, "a")]),
        ("a read goes back", vec![write(1, 9, "a"), read(2, 3, "a"), read(4, 5, "")]),
        (
            "two values alternate",
            vec![
                write(1, 10, "a"),
                write(2, 9, "b"),
                read(3, 4, "b"),
                read(5, 6, "a"),
                read(7, 8, "b"),
            ],
        ),
        ("read before it was written", vec![read(1, 2, "a"), write(3, 4, "a")]),
        (
            "an unknown write comes and goes",
            vec![write(1, 0, "a"), read(3, 4, "a"), read(5, 6, "")],
        ),
        (
            "an unknown write overwrites twice",
            vec![
                write(1, 2, "a"),
                write(3, 0, "b"),
                read(4, 5, "b"),
                write(6, 7, "c"),
                read(8, 9, "b"),
            ],
        ),
        ("counted once, told twice", vec![add(1, 2, 1), add(3, 4, 1)]),
        ("counted twice", vec![add(1, 2, 1), read(3, 4, "2")]),
        ("a count is lost", vec![add(1, 2, 1), add(3, 4, 2), read(5, 6, "1")]),
        (
            "both swaps win",
            vec![write(1, 2, "a"), swap(3, 8, "a", "b", true), swap(4, 7, "a", "c", true)],
        ),
        ("a swap that had to win lost", vec![write(1, 2, "a"), swap(3, 4, "a", "b", false)]),
        ("deleted what was not there", vec![delete(1, 2, true)]),
        ("deleted and still there", vec![write(1, 2, "a"), delete(3, 4, true), read(5, 6, "a")]),
        ("appended twice", vec![append(1, 2, "a", 1), read(3, 4, "aa")]),
        ("the lengths collide", vec![append(1, 2, "a", 1), append(3, 4, "b", 1)]),
        (
            "a stale read, mixed",
            vec![add(1, 2, 1), write(3, 4, "5"), add(5, 6, 6), read(7, 8, "5")],
        ),
    ];
    for (name, history) in bad {
        assert_eq!(check(history), Verdict::Impossible, "{name}");
    }
}

/// Calls that are executed at a point of their own between beginning and end.
fn executed(chance: &mut Chance, distinct: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut value: Value = None;
    let mut free = [0_u64; 6];
    for at in 1..=60_u64 {
        let point = at * 100;
        let client = chance.below(6) as usize;
        if free[client] >= point {
            continue;
        }
        let began = chance.between(free[client] + 1, point).max(point.saturating_sub(400));
        let ended = point + chance.below(400);
        free[client] = ended;
        let unknown = chance.permille(60);
        let lost = unknown && chance.permille(500);
        let call = execute(chance, at, distinct, &mut value, lost);
        let Some(call) = call else { continue };
        steps.push(Step { span: span(began, if unknown { 0 } else { ended }), call });
        if unknown {
            free[client] = point;
        }
    }
    steps
}

/// Executes one random call; nothing happens, and nothing is told, when `lost`.
fn execute(
    chance: &mut Chance,
    at: u64,
    distinct: bool,
    value: &mut Value,
    lost: bool,
) -> Option<Call> {
    let old = value.clone();
    let number =
        old.as_deref().map_or(Some(0), |v| std::str::from_utf8(v).unwrap().parse::<i64>().ok());
    let call = match chance.below(if distinct { 2 } else { 6 }) {
        0 => Call::Read(old.clone()),
        1 => {
            *value =
                Some(if distinct { at.to_string() } else { chance.below(3).to_string() }.into());
            Call::Write(value.clone().unwrap())
        }
        2 => {
            let new = number? + 1;
            *value = Some(new.to_string().into());
            Call::Add(1, Some(new))
        }
        3 => {
            let new = [old.as_deref().unwrap_or_default(), b"1"].concat();
            if new.len() > 15 {
                return None;
            }
            *value = Some(new.clone());
            Call::Append(b"1".to_vec(), Some(new.len() as i64))
        }
        4 => {
            let (from, to) = (chance.below(3).to_string().into_bytes(), b"2".to_vec());
            let hit = old.as_deref() == Some(&from[..]);
            if hit {
                *value = Some(to.clone());
            }
            Call::Swap(from, to, Some(hit))
        }
        _ => {
            *value = None;
            Call::Delete(Some(old.is_some()))
        }
    };
    if lost {
        *value = old;
    }
    Some(call)
}

fn without_answers(history: &mut [Step]) {
    for step in history.iter_mut().filter(|step| !step.span.is_sure()) {
        match &mut step.call {
            Call::Add(_, gave) | Call::Append(_, gave) => *gave = None,
            Call::Swap(_, _, gave) | Call::Delete(gave) => *gave = None,
            Call::Read(_) | Call::Write(_) => {}
        }
    }
}

#[test]
fn what_was_executed_is_accepted_in_both_ways() {
    for seed in 0..600 {
        let mut history = executed(&mut Chance::new(seed), seed % 2 == 0);
        without_answers(&mut history);
        assert_eq!(check(&history), Verdict::Explained, "seed {seed}: {history:#?}");
    }
}

#[test]
fn both_ways_agree() {
    let mut refused = 0;
    for seed in 0..2000 {
        let mut chance = Chance::new(seed);
        let mut history = executed(&mut chance, true);
        spoil(&mut chance, &mut history);
        let fast = check(&history);
        // A deletion that fits everywhere makes it no history of plain writes.
        let mut mixed = history.clone();
        mixed.insert(0, step(1, 2, Call::Delete(Some(false))));
        for later in &mut mixed[1..] {
            later.span.began += 5;
            later.span.ended = later.span.ended.saturating_add(5);
        }
        assert_eq!(check(&mixed), fast, "seed {seed}: {history:#?}");
        refused += usize::from(fast == Verdict::Impossible);
    }
    assert!((300..2000).contains(&refused), "{refused}");
}

/// Lets some read see what another one saw.
fn spoil(chance: &mut Chance, history: &mut [Step]) {
    let reads: Vec<usize> =
        (0..history.len()).filter(|at| matches!(history[*at].call, Call::Read(_))).collect();
    if reads.len() > 1 {
        let (from, to) = (chance.pick(&reads), chance.pick(&reads));
        history[to].call = history[from].call.clone();
    }
}

#[test]
fn a_read_of_a_value_that_is_long_gone_is_always_found() {
    for seed in 0..400 {
        let mut history = executed(&mut Chance::new(seed), seed % 2 == 0);
        without_answers(&mut history);
        let last = history.iter().filter(|step| step.span.is_sure()).map(|s| s.span.ended).max();
        let last = last.unwrap_or(1);
        history.push(write(last + 1, last + 2, "new"));
        history.push(write(last + 3, last + 4, "newer"));
        history.push(read(last + 5, last + 6, "new"));
        assert_eq!(check(&history), Verdict::Impossible, "seed {seed}");
    }
}
