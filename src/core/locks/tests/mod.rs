//! Tests of the lock table.

#![allow(clippy::unwrap_used)]

mod histories;
mod images;
mod model;
mod stories;

use super::{Mode, Op, Owner, Table};
use crate::{Effect, Effects, Fault, NodeId, Origin, Outcome, Stamp, Token, Wait};

/// A connection of node 1 in its first life.
fn connection(conn: u64) -> Origin {
    Origin { node: NodeId(1), boot: 1, conn }
}

/// A table that is told stories. Requests are lines such as
/// `1: lock a owner x px 50 block 0`: the connection, then what it asks.
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
        let origin = connection(conn.parse().unwrap());
        self.requests += 1;
        let op = op(origin, self.requests, &words);
        shown(&self.table.apply(&self.at, &op, &mut self.fx))
    }

    /// A connection ends.
    fn gone(&mut self, conn: u64) {
        self.table.end_connection(&self.at, connection(conn), &mut self.fx);
    }

    /// The answers since the last look, as `connection: outcome`.
    fn answers(&mut self) -> Vec<String> {
        let effects = self.fx.take().into_iter();
        effects
            .map(|Effect::Answer { origin, outcome, .. }| {
                format!("{}: {}", origin.conn, shown(&outcome))
            })
            .collect()
    }
}

fn op<'a>(origin: Origin, request: u64, words: &[&'a str]) -> Op<'a> {
    let name = words[1].as_bytes();
    let after = |word: &str| {
        let at = words.iter().position(|other| *other == word)?;
        Some(words[at + 1])
    };
    let number = |word: &str| after(word).map(|number| number.parse::<u64>().unwrap());
    let named = after("owner").map(|name| Owner::Named { name: name.as_bytes() });
    let owner = named.unwrap_or(Owner::Connection { origin });
    let token = number("token").map(Token);
    match words[0] {
        "lock" => Op::Acquire {
            name,
            owner,
            mode: Mode::Exclusive {},
            lease_ms: number("px"),
            wait: number("block").map(|block_ms| Wait::For { origin, request, block_ms }),
        },
        "unlock" => Op::Release { name, owner, token, strict: words.contains(&"strict") },
        "renew" => Op::Renew { name, owner, token, lease_ms: number("px").unwrap() },
        "check" => Op::Check { name, token: token.unwrap(), owner: named },
        "info" => Op::Info { name },
        "unblock" => Op::CancelWait {
            name,
            origin: connection(number("connection").unwrap()),
            request: number("request").unwrap(),
            error: words.contains(&"error"),
        },
        other => panic!("no such word: {other}"),
    }
}

fn shown(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Int(number) => number.to_string(),
        Outcome::Nil => "nil".into(),
        Outcome::Waits => "waits".into(),
        Outcome::Fault(Fault::NotHeld) => "not held".into(),
        Outcome::Fault(Fault::Limit) => "limit".into(),
        Outcome::Fault(Fault::Unblocked) => "unblocked".into(),
        Outcome::Word(word) => (*word).into(),
        Outcome::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Outcome::List(list) => list.iter().map(shown).collect::<Vec<_>>().join(" "),
        other => format!("{other:?}"),
    }
}
