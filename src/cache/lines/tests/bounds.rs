//! The limits hold after every step, whatever comes (P8).

use super::*;
use crate::chance::Chance;

#[test]
fn neither_lines_nor_bytes_are_ever_more_than_their_limits() {
    for (policy, seed) in POLICIES.into_iter().flat_map(|policy| (0..20).map(move |n| (policy, n)))
    {
        let mut chance = Chance(seed);
        let limits = Limits {
            entries: 1 + chance.below(30),
            bytes: LINE_BYTES * (1 + chance.below(20)) + chance.below(500),
            pinned_percent: chance.below(91) as u8,
        };
        let lines = Lines::new(limits, policy, (seed, 3));
        for _ in 0..2_000 {
            step(&lines, &mut chance);
            lines.check();
        }
    }
}

fn step(lines: &Lines, chance: &mut Chance) {
    let name = name(chance.below(60));
    let mut evicted = Vec::new();
    let before = lines.size();
    match chance.below(14) {
        12 => drop(lines.pin(&[name, self::name(chance.below(60))])),
        13 => drop(lines.unpin([&name])),
        0..6 => {
            let most = if chance.below(5) == 0 { 6_000 } else { 100 };
            let bytes = chance.below(most);
            let there = lines.look(name.at()).is_some();
            let put = lines.put(&name, line(bytes), &mut evicted);
            assert_eq!(put, lines.look(name.at()).is_some());
            assert!(evicted.iter().all(|gone| gone.name != name));
            let came = usize::from(put && !there);
            if put {
                assert!(lines.size().entries + evicted.len() <= before.entries + came);
            }
        }
        6..9 => drop(lines.copy(name.at())),
        9 => lines.alter(name.at(), &mut |line, _| line.state = State::Tag),
        10 => drop(lines.remove(name.at())),
        _ if chance.below(20) == 0 => lines.flush(None, &mut evicted),
        _ => {
            let limits = Limits {
                entries: 1 + chance.below(30),
                bytes: LINE_BYTES * (1 + chance.below(20)),
                pinned_percent: chance.below(91) as u8,
            };
            lines.set_limits(limits, &mut evicted);
        }
    }
}

#[test]
fn what_does_not_fit_at_all_is_not_kept_and_drives_nothing_out() {
    let limits = Limits { entries: 10, bytes: 2 * LINE_BYTES + 100, ..Limits::default() };
    let lines = Lines::new(limits, Policy::S3Fifo, (1, 2));
    let mut evicted = Vec::new();
    assert!(lines.put(&name(1), line(10), &mut evicted));
    assert!(lines.put(&name(2), line(10), &mut evicted));
    assert!(!lines.put(&name(3), line(10_000), &mut evicted));
    assert!(evicted.is_empty() && lines.size().entries == 2);
    assert!(!lines.put(&name(2), line(10_000), &mut evicted), "an old value must not stay");
    assert!(lines.look(name(2).at()).is_none());
}

#[test]
fn a_line_that_grows_makes_room_by_the_others() {
    let limits = Limits { entries: 10, bytes: 3 * LINE_BYTES + 100, ..Limits::default() };
    for policy in POLICIES {
        let lines = Lines::new(limits, policy, (1, 2));
        let mut evicted = Vec::new();
        for number in 1..=3 {
            lines.put(&name(number), line(10), &mut evicted);
        }
        assert!(lines.put(&name(1), line(LINE_BYTES), &mut evicted));
        assert_eq!(evicted.len(), 1);
        assert!(lines.look(name(1).at()).is_some());
        lines.check();
    }
}

#[test]
fn what_is_pinned_makes_room_for_nothing() {
    for policy in POLICIES {
        let limits = Limits { entries: 8, bytes: usize::MAX, pinned_percent: 25 };
        let lines = Lines::new(limits, policy, (1, 2));
        let mut evicted = Vec::new();
        assert!(lines.put(&name(1), line(3), &mut evicted));
        assert_eq!(lines.pin(&[name(1), name(2), name(1)]), Ok(2), "also what is not there yet");
        assert_eq!(lines.pin(&[name(2)]), Ok(0));
        assert_eq!(lines.pin(&[name(2), name(3)]), Err(TooManyPins));
        lines.put(&name(2), line(3), &mut evicted);
        for number in 10..50 {
            get(&lines, &name(number), &mut evicted);
            lines.check();
        }
        assert!([1, 2].iter().all(|number| lines.look(name(*number).at()).is_some()));
        assert_eq!(lines.size().entries, 8);
        assert_eq!(lines.unpin([&name(1), &name(3)]), 1);
        assert_eq!(lines.pinned(), [name(2)]);
        for number in 50..100 {
            get(&lines, &name(number), &mut evicted);
        }
        assert!(lines.look(name(1).at()).is_none());
        // What is dropped is pinned when it comes back.
        lines.remove(name(2).at());
        lines.put(&name(2), line(3), &mut evicted);
        for number in 100..150 {
            get(&lines, &name(number), &mut evicted);
        }
        assert!(lines.look(name(2).at()).is_some());
        lines.check();
    }
}

#[test]
fn a_pinned_line_that_grows_beyond_its_share_is_one_like_others() {
    let limits = Limits { entries: 100, bytes: 100 * LINE_BYTES, pinned_percent: 10 };
    let lines = Lines::new(limits, Policy::S3Fifo, (1, 2));
    let mut evicted = Vec::new();
    lines.pin(&[name(1)]).unwrap();
    assert!(lines.put(&name(1), line(5 * LINE_BYTES), &mut evicted));
    assert_eq!(lines.pinned(), [name(1)]);
    assert!(lines.put(&name(1), line(20 * LINE_BYTES), &mut evicted));
    assert!(lines.pinned().is_empty());
    lines.check();
    lines.put(&name(2), line(5 * LINE_BYTES), &mut evicted);
    assert_eq!(lines.pin(&[name(1), name(2)]), Err(TooManyPins));
    assert_eq!(lines.pin(&[name(2)]), Ok(1));
    lines.set_limits(Limits { pinned_percent: 0, ..limits }, &mut evicted);
    assert!(lines.pinned().is_empty());
    lines.check();
}
