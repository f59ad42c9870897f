//! How fast the queues are, without a server around them, and how much memory a message
//! takes.
//!
//! `cargo run --release -p lockstep-core --example queues_bench [cycles]`

#![allow(clippy::disallowed_methods, reason = "it measures")]

use std::hint::black_box;

use lockstep_core::queues::{Form, Grouping, Manner, Op, Receipt, Setting, Table, Visible, Want};
use lockstep_core::{Effects, NodeId, Origin, Outcome, Stamp, Wait};

const BODY: [u8; 1024] = [7; 1024];

fn main() {
    let cycles = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(500_000);
    memory();
    let mut bench = Bench { table: Table::new(), at: Stamp::default(), fx: Effects::default() };
    for behind in [0, 1_000_000] {
        if behind > 0 {
            bench.fill(behind);
        }
        let what = format!("push, pop, ack behind {behind} messages");
        bench.time(&what, cycles, |bench, at| bench.cycle(at, 1));
        bench.time("the same, ten to a pop", cycles / 10, |bench, at| bench.cycle(at, 10));
        bench.freezing(behind);
        let before = processor_ns();
        bench.apply(&Op::purge(b"q"));
        println!("purge of {behind} messages: {} us", (processor_ns() - before) / 1000);
    }
    bench.time("push to one that waits, ack", cycles, Bench::hand_over);
    bench.endings(1_000_000);
    let settings = vec![Setting::Groups { how: Grouping::Required {} }];
    bench.apply(&Op::Create { queue: b"g", part: 0, settings, if_new: false });
    bench.time("push, pop, ack in one of 1000 groups", cycles, Bench::group_cycle);
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
        println!("{what}: {} ns", (processor_ns() - before) / cycles.max(1));
    }

    fn apply(&mut self, op: &Op<'_>) -> Outcome {
        self.at.seq += 1;
        self.at.now_ms = self.at.seq / 1000;
        self.table.expire(&self.at, 64, &mut self.fx);
        self.table.apply(&self.at, op, &mut self.fx)
    }

    fn fill(&mut self, count: u64) {
        self.time("push", count, |bench, _| drop(bench.apply(&Op::push(b"q", b"small"))));
    }

    fn cycle(&mut self, _: u64, count: u64) {
        for _ in 0..count {
            black_box(self.apply(&Op::push(b"q", &BODY)));
        }
        let want = Want::some((count > 1).then_some(count), None, false);
        let popped = self.apply(&Op::pop(b"q", want, None));
        let mut receipts = Vec::new();
        gather(&popped, &mut receipts);
        assert_eq!(receipts.len() as u64, count);
        black_box(self.apply(&Op::ack(b"q", receipts)));
    }

    fn hand_over(&mut self, at: u64) {
        let origin = Origin { node: NodeId(1), boot: 1, conn: at % 100 };
        let wait = Some(Wait::For { origin, request: at, block_ms: 60_000 });
        black_box(self.apply(&Op::pop(b"w", Want::ONE, wait)));
        let Outcome::Bytes(id) = self.apply(&Op::push(b"w", &BODY)) else { panic!("no id") };
        black_box(self.fx.take());
        let seq = std::str::from_utf8(&id[2..]).ok().and_then(|text| text.parse().ok());
        let receipt = Receipt::Of { part: 0, seq: seq.expect("an id"), attempt: 1 };
        black_box(self.apply(&Op::ack(b"w", vec![receipt])));
    }

    fn group_cycle(&mut self, at: u64) {
        let group = format!("group-{:04}", at % 1000);
        let Manner::Of { visible, ttl_ms, priority, lease_ms, fails_max, headers, dedup, .. } =
            Manner::PLAIN;
        let group = Some(group.as_bytes());
        let manner =
            Manner::Of { visible, ttl_ms, priority, group, lease_ms, fails_max, headers, dedup };
        let (queue, bodies, form) = (&b"g"[..], vec![&BODY[..]], Form::Id {});
        let (part, length_max, create, atomic) = (0, None, true, false);
        let push = Op::Push { queue, part, bodies, manner, length_max, create, atomic, form };
        black_box(self.apply(&push));
        let mut receipts = Vec::new();
        gather(&self.apply(&Op::pop(b"g", Want::ONE, None)), &mut receipts);
        black_box(self.apply(&Op::ack(b"g", receipts)));
    }

    /// What is done with many messages in one step.
    fn endings(&mut self, count: u64) {
        let push = Op::push_at(b"d", b"small", Visible::In { ms: 3_600_000 });
        (0..count).for_each(|_| drop(self.apply(&push)));
        let before = processor_ns();
        self.apply(&Op::Destroy { queue: b"d", part: 0, if_empty: false });
        println!("end of {count} delayed messages: {} us", (processor_ns() - before) / 1000);
        (0..count).for_each(|_| drop(self.apply(&Op::push(b"d", b"small"))));
        let (queue, part, group, older_ms) = (&b"d"[..], 0, None, Some(0));
        let before = processor_ns();
        self.apply(&Op::Purge { queue, part, which: Vec::new(), group, older_ms });
        println!("purge of {count} messages by age: {} us", (processor_ns() - before) / 1000);
    }

    fn freezing(&mut self, count: u64) {
        let before = processor_ns();
        let frozen = self.table.freeze();
        println!("freeze {count} messages: {} us", (processor_ns() - before) / 1000);
        let before = processor_ns();
        (0..1000).for_each(|at| self.cycle(at, 1));
        println!("a cycle while it is frozen: {} ns", (processor_ns() - before) / 1000);
        drop(frozen);
    }
}

/// Plain messages: what is kept of each besides its body, while that is in memory and
/// while it is on disk only.
fn memory() {
    let mut bench = Bench { table: Table::new(), at: Stamp::default(), fx: Effects::default() };
    let (before, count) = (resident_bytes(), 2_000_000);
    for _ in 0..count {
        bench.apply(&Op::push(b"m", &[7; 32]));
    }
    // A body in memory has two counters before it.
    let bodies = count * (32 + 16);
    println!("{} bytes per message in memory", (resident_bytes() - before - bodies) / count);
    loop {
        let some = bench.table.to_store(1 << 20, u64::MAX, None);
        if some.is_empty() {
            break;
        }
        let keys: Vec<_> = some.into_iter().map(|(key, _)| key).collect();
        bench.table.stored(&keys);
        bench.table.release(usize::MAX);
    }
    println!("{} bytes per message on disk", (resident_bytes() - before) / count);
}

fn gather(outcome: &Outcome, receipts: &mut Vec<Receipt>) {
    let Outcome::List(parts) = outcome else { return };
    match &parts[..] {
        [Outcome::Bytes(receipt), Outcome::Body(_)] => receipts.extend(Receipt::parse(receipt)),
        parts => parts.iter().for_each(|part| gather(part, receipts)),
    }
}

/// How long this thread has run: the time that others take away does not count.
fn processor_ns() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|number| number.parse::<u64>().ok());
    pages.unwrap_or_default() * 4096
}
