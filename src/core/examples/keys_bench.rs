//! How fast the key space is and what it takes, without a server around it.
//!
//! `cargo run --release -p lockstep-core --example keys_bench [keys]`

#![allow(clippy::disallowed_methods, reason = "it measures time and memory")]

use std::hint::black_box;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lockstep_core::keys::{Expiry, Keyspace, Op, When};
use lockstep_core::{Db, Outcome, Stamp};

const VALUE: [u8; 64] = [b'v'; 64];

fn main() {
    let keys = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut bench = Bench { space: Keyspace::new(42), keys, seq: 0, now_ms: now_ms() };
    let before = resident_bytes();
    bench.time("SET, new keys", |bench, at| bench.set(at));
    let taken = resident_bytes().saturating_sub(before);
    println!(
        "memory: {} bytes a key resident, {} estimated",
        taken / keys,
        bench.space.memory() / keys
    );
    bench.time("SET, keys that are there", |bench, at| bench.set(spread(at, keys)));
    bench.time("GET, in the order of insertion", |bench, at| bench.get(at));
    bench.time("GET, random", |bench, at| bench.get(spread(at, keys)));
    bench.time("GET, missing", |bench, at| bench.get(keys + at));
    bench.time("SET with a deadline", |bench, at| bench.set_with_deadline(spread(at, keys)));
    bench.images();
    bench.time("DEL", |bench, at| bench.del(at));
}

struct Bench {
    space: Keyspace,
    keys: u64,
    seq: u64,
    now_ms: u64,
}

impl Bench {
    fn time(&mut self, what: &str, work: impl Fn(&mut Bench, u64)) {
        let started = Instant::now();
        for at in 0..self.keys {
            work(self, at);
        }
        let each = started.elapsed().as_nanos() as u64 / self.keys;
        println!("{what}: {each} ns");
    }

    fn stamp(&mut self) -> Stamp {
        self.seq += 1;
        Stamp { now_ms: self.now_ms, seq: self.seq, version: 1 }
    }

    fn put(&mut self, at: u64, expiry: Expiry) {
        let (key, stamp) = (key(at), self.stamp());
        self.space.expire(&stamp, 64);
        let when = When::Always {};
        let op = Op::Set { db: Db(0), key: &key, value: &VALUE, when, expiry, get: false };
        black_box(self.space.apply(&stamp, &op));
    }

    fn set(&mut self, at: u64) {
        self.put(at, Expiry::Never {});
    }

    fn set_with_deadline(&mut self, at: u64) {
        self.put(at, Expiry::In { ms: 1_000_000 + at as i64 });
    }

    fn get(&mut self, at: u64) {
        let key = key(at);
        let op = Op::Get { db: Db(0), key: &key };
        black_box(self.space.read(self.now_ms, self.now_ms, &op));
    }

    fn del(&mut self, at: u64) {
        let (key, stamp) = (key(at), self.stamp());
        let op = Op::Del { db: Db(0), keys: vec![&key] };
        black_box(self.space.apply(&stamp, &op));
    }

    fn images(&mut self) {
        let started = Instant::now();
        let frozen = self.space.freeze();
        println!("freeze: {} us", started.elapsed().as_micros());
        self.time("SET while frozen", |bench, at| bench.set(spread(at, bench.keys)));
        let started = Instant::now();
        let chunks: Vec<_> = frozen.chunks().collect();
        println!("write out: {} ms", started.elapsed().as_millis());
        let started = Instant::now();
        let mut restored = Keyspace::new(0);
        for chunk in &chunks {
            restored.restore(chunk).expect("just written");
        }
        println!("restore: {} ms", started.elapsed().as_millis());
        let size = restored.apply(&Stamp::default(), &Op::DbSize { db: Db(0) });
        assert_eq!(size, Outcome::Int(self.keys as i64));
    }
}

fn key(at: u64) -> [u8; 16] {
    let mut key = *b"key:000000000000";
    let mut rest = at;
    for digit in key[4..].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    key
}

/// Numbers below `count` in an order that caches cannot guess.
fn spread(at: u64, count: u64) -> u64 {
    (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) % count
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("the clock is past 1970").as_millis() as u64
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = status.split(' ').nth(1).and_then(|text| text.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}
