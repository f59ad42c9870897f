//! What a hit and a miss cost on the lines of a node, and how often keys drawn by
//! Zipf's law hit, for each policy.
//!
//! `cargo run --release -p lockstep-cache --example lines [threads] [reads per thread]`

use std::thread;
use std::time::Instant;

use bytes::Bytes;
use lockstep_cache::{
    At, Content, Era, Label, Limits, Line, Lines, Name, Named, Policy, State, Store,
};
use lockstep_core::{Db, ShardId};

const KEYS: usize = 10_000;
const LINES: usize = 1_000;

fn main() {
    let mut args = std::env::args().skip(1).filter_map(|text| text.parse().ok());
    let threads = args.next().unwrap_or(2);
    let reads = args.next().unwrap_or(1_000_000);
    println!("{threads} threads, {reads} reads each");
    for policy in [Policy::S3Fifo, Policy::Sieve, Policy::Lru] {
        hits(policy, threads, reads);
        for s in [0.8, 0.99, 1.2] {
            zipf(policy, s, threads, reads);
        }
    }
}

fn hits(policy: Policy, threads: usize, reads: usize) {
    let lines = lines(policy);
    let names: Vec<Name> = (0..LINES / 2).map(name).collect();
    for name in &names {
        lines.put(name, line(), &mut Vec::new());
    }
    let begun = Instant::now();
    thread::scope(|scope| {
        for thread in 0..threads {
            let (lines, names) = (&lines, &names);
            scope.spawn(move || {
                for read in 0..reads {
                    let Name { db, key } = &names[(read * 7 + thread * 31) % names.len()];
                    assert!(lines.copy(At { db: *db, key }).is_some());
                }
            });
        }
    });
    let nanos = begun.elapsed().as_nanos() as f64 / reads as f64;
    println!("{policy:?}: a hit {nanos:.0} ns of each thread");
}

fn zipf(policy: Policy, s: f64, threads: usize, reads: usize) {
    let lines = lines(policy);
    let names: Vec<Name> = (0..KEYS).map(name).collect();
    let draws = draws(s, reads);
    let begun = Instant::now();
    let hits: usize = thread::scope(|scope| {
        let read = |from: usize| {
            let mut evicted = Vec::new();
            let mut hits = 0;
            for read in 0..reads {
                let name = &names[draws[(read + from) % reads]];
                if lines.copy(name.at()).is_some() {
                    hits += 1;
                } else {
                    lines.put(name, line(), &mut evicted);
                    evicted.clear();
                }
            }
            hits
        };
        let begin = |thread| scope.spawn(move || read(thread * reads / threads));
        let running: Vec<_> = (0..threads).map(begin).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or(0)).sum()
    });
    let all = (threads * reads) as f64;
    let nanos = begun.elapsed().as_nanos() as f64 / reads as f64;
    let rate = hits as f64 * 100.0 / all;
    println!("{policy:?}, s = {s}: {rate:.2} % hits, {nanos:.0} ns a read of each thread");
}

fn lines(policy: Policy) -> Lines {
    Lines::new(Limits { entries: LINES, bytes: usize::MAX, ..Limits::default() }, policy, (1, 2))
}

fn name(number: usize) -> Name {
    Name::of(Db(0), format!("key:{number}").as_bytes())
}

fn line() -> Line {
    let content = Content { value: Some(Bytes::from_static(b"value")), version: 1, ends: None };
    Line { shard: ShardId(0), era: Era(1), q: 1, state: State::Readable(Label::Shared, content) }
}

/// Keys drawn by Zipf's law, always the same ones.
fn draws(s: f64, count: usize) -> Vec<usize> {
    let mut sum = 0.0;
    let sums: Vec<f64> = (1..=KEYS)
        .map(|rank| {
            sum += (rank as f64).powf(-s);
            sum
        })
        .collect();
    let mut state = 1u64;
    let mut part = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut draw = || {
        let part = part() * sum;
        sums.partition_point(|below| *below <= part)
    };
    (0..count).map(|_| draw()).collect()
}
