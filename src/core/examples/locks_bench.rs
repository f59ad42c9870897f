//! How fast the lock table is, without a server around it.
//!
//! `cargo run --release -p lockstep-core --example locks_bench [cycles]`

#![allow(clippy::disallowed_methods, reason = "it measures")]

use std::hint::black_box;

use lockstep_core::locks::{Op, Owner, Table, Terms};
use lockstep_core::{Effects, NodeId, Origin, Outcome, Stamp, Wait};

const NAMES: u64 = 10_000;

fn main() {
    let cycles = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let mut bench = Bench { table: Table::new(), at: Stamp::default(), fx: Effects::default() };
    for _ in 0..3 {
        bench.time("LOCK and UNLOCK by connections", cycles, |bench, at| bench.cycle(at, false));
        bench.time("LOCK and UNLOCK by names, with a lease", cycles, |bench, at| {
            bench.cycle(at, true);
        });
        bench.time("hand-over to one of 100 waiters", cycles, Bench::hand_over);
        bench.clear();
    }
}

struct Bench {
    table: Table,
    at: Stamp,
    fx: Effects,
}

impl Bench {
    fn time(&mut self, what: &str, cycles: u64, work: impl Fn(&mut Bench, u64)) {
        let before = processor_ns();
        (0..cycles).for_each(|at| work(self, at));
        println!("{what}: {} ns", (processor_ns() - before) / cycles);
    }

    fn apply(&mut self, op: &Op<'_>) -> Outcome {
        self.at.seq += 1;
        self.at.now_ms = self.at.seq / 1000;
        self.table.expire(&self.at, 64, &mut self.fx);
        self.table.apply(&self.at, op, None, &mut self.fx)
    }

    /// A hundred clients, each with a lock of its own at a time.
    fn cycle(&mut self, at: u64, named: bool) {
        let client = at % 100;
        let lock = name(at.wrapping_mul(0x9E37_79B9_7F4A_7C15) % NAMES);
        let text = format!("owner-{client:02}");
        let owner = if named { Owner::Named { name: text.as_bytes() } } else { of(client) };
        let terms = Terms::plain(owner, origin(client)).for_ms(named.then_some(30_000));
        black_box(self.apply(&Op::Acquire { name: &lock, terms }));
        self.release(&lock, owner);
    }

    fn hand_over(&mut self, at: u64) {
        let client = at % 100;
        let wait = Some(Wait::For { origin: origin(client), request: at, block_ms: 60_000 });
        let terms = Terms::plain(of(client), origin(client)).waiting(wait);
        black_box(self.apply(&Op::Acquire { name: b"hot", terms }));
        if at >= 99 {
            self.release(b"hot", of((at + 1) % 100));
        }
    }

    fn release(&mut self, name: &[u8], owner: Owner<'_>) {
        let op = Op::Release { name, owner, token: None, all: false, strict: false };
        black_box(self.apply(&op));
        black_box(self.fx.take());
    }

    fn clear(&mut self) {
        for client in 0..100 {
            self.table.end_connection(&self.at, origin(client), &mut self.fx);
        }
    }
}

/// How long this thread has run: the time that others take away does not count.
fn processor_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn name(number: u64) -> Vec<u8> {
    format!("lock:{number:08}").into_bytes()
}

fn origin(conn: u64) -> Origin {
    Origin { node: NodeId(1), boot: 1, conn }
}

fn of(conn: u64) -> Owner<'static> {
    Owner::Connection { origin: origin(conn) }
}
