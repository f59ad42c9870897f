//! Tests of the queues.

#![allow(clippy::unwrap_used)]

mod any;
mod bodies;
mod histories;
mod images;
mod rules;
mod stories;
mod world;

use super::{Blame, Op, Receipt, Table, Visible, Want, Which};
use crate::{Effect, Effects, Fault, NodeId, Origin, Outcome, Stamp, Wait};

/// A connection of node 1 in its first life.
fn connection(conn: u64) -> Origin {
    Origin { node: NodeId(1), boot: 1, conn }
}

/// A table that is told stories. Requests are lines such as
/// `1: pop q count 2 block 0`: the connection, then what it asks.
struct Scene {
    table: Table,
    at: Stamp,
    fx: Effects,
    requests: u64,
}

impl Scene {
    fn new() -> Self {
        Scene { table: Table::new(), at: Stamp::default(), fx: Effects::default(), requests: 0 }
    }

    /// A table where this has happened already, at time 0.
    fn after<const N: usize>(lines: [&str; N]) -> Self {
        let mut scene = Scene::new();
        for line in lines {
            scene.ask(line);
        }
        scene
    }

    /// The clock moves on, and what is due ends.
    fn at(&mut self, now_ms: u64) {
        self.at.now_ms = now_ms;
        self.table.expire(&self.at, usize::MAX, &mut self.fx);
    }

    fn ask(&mut self, line: &str) -> String {
        let (conn, rest) = line.split_once(": ").unwrap();
        let words: Vec<&str> = rest.split(' ').collect();
        self.requests += 1;
        let op = op(connection(conn.parse().unwrap()), self.requests, &words);
        self.apply(&op)
    }

    fn apply(&mut self, op: &Op<'_>) -> String {
        self.at.seq += 1;
        shown(&self.table.apply(&self.at, op, &mut self.fx))
    }

    /// How many messages are ready, delayed, in flight and dead.
    fn states(&mut self) -> [String; 4] {
        ["ready", "delayed", "inflight", "dead"].map(|state| self.ask(&format!("0: len q {state}")))
    }

    /// The answers since the last look, as `connection: outcome`.
    fn answers(&mut self) -> Vec<String> {
        let effects = self.fx.take().into_iter();
        effects
            .map(|effect| {
                let Effect::Answer { origin, outcome, .. } = effect else { panic!("{effect:?}") };
                format!("{}: {}", origin.conn, shown(&outcome))
            })
            .collect()
    }
}

fn op<'a>(origin: Origin, request: u64, words: &[&'a str]) -> Op<'a> {
    let queue = words[1].as_bytes();
    let number = |word: &str| {
        let at = words.iter().position(|other| *other == word)?;
        Some(words[at + 1].parse::<u64>().unwrap())
    };
    let receipts = words.iter().filter_map(|word| Receipt::parse(word.as_bytes())).collect();
    match words[0] {
        "push" => {
            let visible = match (number("delay"), number("at")) {
                (Some(ms), _) => Visible::In { ms },
                (_, Some(ms)) => Visible::At { ms },
                _ => Visible::Now {},
            };
            Op::push_at(queue, words[2].as_bytes(), visible)
        }
        "pop" => {
            let want = Want::some(number("count"), number("vt"), words.contains(&"noack"));
            let wait = number("block").map(|block_ms| Wait::For { origin, request, block_ms });
            Op::pop(queue, want, wait)
        }
        "ack" => Op::ack(queue, receipts),
        "nack" => {
            let blame = match words[2] {
                "silent" => Blame::Silent {},
                "fatal" => Blame::Fatal {},
                _ => Blame::Fail {},
            };
            Op::nack(queue, receipts, blame, number("delay"))
        }
        "extend" => Op::Extend { queue, part: 0, receipts, lease_ms: number("ms").unwrap() },
        "purge" => Op::purge(queue),
        "destroy" => Op::Destroy { queue, part: 0, if_empty: false },
        "unblock" => Op::CancelWait {
            queue,
            part: 0,
            origin: connection(number("connection").unwrap()),
            request: number("request").unwrap(),
            error: words.contains(&"error"),
        },
        "len" => Op::Len {
            queue,
            part: 0,
            which: match words[2] {
                "ready" => Some(Which::Ready {}),
                "delayed" => Some(Which::Delayed {}),
                "inflight" => Some(Which::Inflight {}),
                "dead" => Some(Which::Dead {}),
                _ => None,
            },
        },
        "peek" => {
            let (count, newest) = (number("count").unwrap(), words.contains(&"newest"));
            let (part, which, from, meta) = (0, Which::Ready {}, None, false);
            Op::Peek { queue, part, which, count, newest, from, meta }
        }
        "info" => Op::Info { queue, part: 0 },
        other => panic!("no such word: {other}"),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Int(number) => number.to_string(),
        Outcome::Nil => "nil".into(),
        Outcome::Waits => "waits".into(),
        Outcome::Fault(Fault::TooBig) => "too big".into(),
        Outcome::Fault(Fault::NoSuchQueue) => "no such queue".into(),
        Outcome::Fault(Fault::Limit) => "limit".into(),
        Outcome::Fault(Fault::Unblocked) => "unblocked".into(),
        Outcome::Fault(Fault::StaleReceipt) => "stale".into(),
        Outcome::Body(body) => text(body.here.as_deref().unwrap_or(b"elsewhere")),
        Outcome::Word(word) => (*word).into(),
        Outcome::Ok => "ok".into(),
        Outcome::Refused { text: why, .. } => text(why),
        Outcome::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Outcome::List(list) => list.iter().map(shown).collect::<Vec<_>>().join(" "),
        other => format!("{other:?}"),
    }
}
