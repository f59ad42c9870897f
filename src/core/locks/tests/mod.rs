//! Tests of the lock table.

#![allow(clippy::unwrap_used)]

mod asserted;
mod bounds;
mod deadlocks;
mod histories;
mod images;
mod looked;
mod modes;
mod oracle;
mod stories;
mod watch;
mod words;

use super::deadlock::{CYCLES_PER_WAIT, STEPS_MAX, TEXT_BYTES_MAX};
use super::look::TOLD_MAX;
use super::mutant::Mutant;
use super::owner::OwnerKey;
use super::{AGES_MAX, DEADLOCK_BYTES_MAX, DEADLOCK_LINKS_MAX, DEADLOCKS_MAX, NAME_BYTES_MAX};
use super::{
    Again, Blocked, Edge, Filter, Mode, Op, Owner, Policy, Rule, State, Table, Terms, Which,
};
use crate::effects::{Notice, Reason};
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
        let shown = self.ask_unseen(line);
        if self.table.held() + self.table.waiting() < 100 {
            self.table.check_all();
            self.table.check_image();
        }
        shown
    }

    /// The same without a look at all of the table.
    fn ask_unseen(&mut self, line: &str) -> String {
        let (conn, rest) = line.split_once(": ").unwrap();
        let words: Vec<&str> = rest.split(' ').collect();
        let origin = connection(conn.parse().unwrap());
        self.requests += 1;
        let (op, birth_ms) = words::op(origin, self.requests, &words);
        shown(&self.table.apply(&self.at, &op, birth_ms, &mut self.fx))
    }

    /// A connection ends.
    fn gone(&mut self, conn: u64) {
        self.table.end_connection(&self.at, connection(conn), &mut self.fx);
    }

    /// A session ends.
    fn end_session(&mut self, id: &str, delay_ms: u64) {
        self.table.end_session(&self.at, id.as_bytes(), delay_ms, &mut self.fx);
    }

    /// The lives of a node before this one are over.
    fn end_node(&mut self, node: u64, boot: u64) {
        let floor = Origin { node: NodeId(node), boot, conn: 0 };
        self.table.end_lives(&self.at, floor, &mut self.fx);
    }

    /// The answers since the last look, as `connection: outcome`.
    fn answers(&mut self) -> Vec<String> {
        let effects = self.fx.take().into_iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Answer { origin, outcome, .. } => {
                    Some(format!("{}: {}", origin.conn, shown(&outcome)))
                }
                _ => None,
            })
            .collect()
    }

    /// The notices since the last look, as `connection: what name ...`.
    fn notices(&mut self) -> Vec<String> {
        let effects = self.fx.take().into_iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Notice { to, notice } => Some(format!("{}: {}", to.conn, told_of(&notice))),
                _ => None,
            })
            .collect()
    }
}

fn told_of(notice: &Notice) -> String {
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
    match notice {
        Notice::Lost { name, token, reason } => {
            format!("lost {} {} {}", text(name), token.0, Reason::word(*reason))
        }
        Notice::Granted { owner, name, token } => {
            format!("granted {} {} {}", text(owner), text(name), token.0)
        }
        Notice::Blocking { name, mode } => format!("blocking {} {}", text(name), text(mode)),
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
        Outcome::Refused { text, .. } => String::from_utf8(text.clone()).unwrap(),
        Outcome::Word(word) => (*word).into(),
        Outcome::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Outcome::List(list) => list.iter().map(shown).collect::<Vec<_>>().join(" "),
        other => format!("{other:?}"),
    }
}
