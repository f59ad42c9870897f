//! What can be asked of the table without changing it.

use super::lock::{Hold, Lock, OwnerKey};
use super::table::Table;
use super::{NO_END_MS, Op, Owner};
use crate::{Outcome, Token};

impl Table {
    /// The outcome of an operation that only reads. A hold whose lease has run
    /// out by `now_ms` counts as ended.
    pub(crate) fn look(&self, now_ms: u64, op: &Op<'_>) -> Outcome {
        match *op {
            Op::Check { name, token, ref owner } => {
                Outcome::Int(self.left_ms(now_ms, name, token, owner.as_ref()))
            }
            Op::Info { name } => {
                self.held_lock(now_ms, name).map_or(Outcome::Nil, |lock| info(now_ms, lock))
            }
            _ => self.stats.outcome(self.locks.len(), self.waiting),
        }
    }

    fn left_ms(&self, now_ms: u64, name: &[u8], token: Token, owner: Option<&Owner<'_>>) -> i64 {
        let hold = self.held_lock(now_ms, name).map(|lock| &lock.hold);
        let valid =
            |hold: &&Hold| hold.token == token && owner.is_none_or(|owner| hold.owner == *owner);
        match hold.filter(valid) {
            Some(hold) => lease_left(now_ms, hold).unwrap_or(NO_END_MS) as i64,
            None => -1,
        }
    }

    fn held_lock(&self, now_ms: u64, name: &[u8]) -> Option<&Lock> {
        self.locks.get(name).filter(|lock| !lock.hold.is_over(now_ms))
    }
}

fn info(now_ms: u64, lock: &Lock) -> Outcome {
    let hold = &lock.hold;
    let (kind, owner) = match &hold.owner {
        OwnerKey::Connection(origin) => {
            let id = format!("{}-{}-{}", origin.node.0, origin.boot, origin.conn);
            ("connection", id.into_bytes())
        }
        OwnerKey::Named(name) => ("named", name.to_vec()),
        OwnerKey::Session(id) => ("session", id.to_vec()),
    };
    let mode = hold.mode.word();
    let lease_ms = lease_left(now_ms, hold).map_or(-1, |left_ms| left_ms as i64);
    let holder = vec![
        Outcome::Word(kind),
        Outcome::Bytes(owner),
        Outcome::Int(hold.since_ms as i64),
        Outcome::Int(lease_ms),
    ];
    Outcome::List(vec![
        Outcome::Word(mode),
        Outcome::Int(hold.token.0 as i64),
        Outcome::List(vec![Outcome::List(holder)]),
        Outcome::Int(lock.waiting as i64),
    ])
}

fn lease_left(now_ms: u64, hold: &Hold) -> Option<u64> {
    hold.deadline_ms.map(|deadline_ms| deadline_ms.saturating_sub(now_ms).min(NO_END_MS))
}
