//! The same under many threads.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

use super::*;
use crate::chance::Chance;

#[test]
fn the_limits_hold_while_64_threads_read_and_write() {
    for policy in POLICIES {
        let limits = Limits { entries: 50, bytes: 40 * LINE_BYTES, ..Limits::default() };
        let lines = Lines::new(limits, policy, (1, 2));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let work: Vec<_> = (0..64)
                .map(|seed| {
                    scope.spawn({
                        let lines = &lines;
                        move || work(lines, seed)
                    })
                })
                .collect();
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    lines.check();
                }
            });
            work.into_iter().for_each(|thread| thread.join().unwrap());
            over.store(true, Relaxed);
        });
        lines.check();
        lines.flush(None, &mut Vec::new());
        assert_eq!(lines.size(), Size::default());
    }
}

fn work(lines: &Lines, seed: u64) {
    let mut chance = Chance(seed);
    let mut evicted = Vec::new();
    for _ in 0..1_000 {
        let name = name(chance.below(100));
        match chance.below(10) {
            0..5 => drop(lines.copy(name.at())),
            5..8 => drop(lines.put(&name, line(chance.below(200)), &mut evicted)),
            8 => lines.alter(name.at(), &mut |line, _| line.state = State::Tag),
            _ => drop(lines.remove(name.at())),
        }
        evicted.clear();
    }
}
