//! Keys that are filled.

mod histories;
mod model;
mod stories;

use super::story::{Story, bytes, key, origin};
use super::{DB, NOW, encoded, set, transaction};
use crate::keys::fills::FILLS_MAX;
use crate::keys::waits::Want;
use crate::keys::{self, Expiry};
use crate::shard::Shard;
use crate::{Db, Fault, Op, Outcome, Wait};

/// For how long tokens are given.
const TTL: u64 = 100;

fn fill(db: Db, name: &[u8], ttl_ms: u64, wait: Option<(u64, u64)>) -> Op<'_> {
    let wait =
        wait.map(|(conn, block_ms)| Wait::For { origin: origin(conn), request: 1, block_ms });
    let (keys, want) = (vec![name], Want::Fill { ttl_ms });
    key(keys::Op::PopOrWait { db, keys, want, wait, keep: false })
}

/// The token in an outcome.
fn token(outcome: &Outcome) -> Option<u64> {
    match outcome {
        Outcome::List(parts) => match parts[..] {
            [Outcome::Bytes(_), Outcome::Int(token)] => Some(token.unsigned_abs()),
            _ => None,
        },
        _ => None,
    }
}

impl Story {
    fn key(&mut self, op: keys::Op<'_>) -> Outcome {
        self.run(&key(op))
    }

    /// Asks for a key without waiting.
    fn ask(&mut self, name: &[u8]) -> Outcome {
        self.run(&fill(DB, name, TTL, None))
    }

    /// The same, and a token is given.
    fn token(&mut self, name: &[u8]) -> u64 {
        token(&self.ask(name)).unwrap()
    }

    /// Asks for a key, and waits.
    fn wait(&mut self, name: &[u8], conn: u64, block_ms: u64) {
        assert_eq!(self.run(&fill(DB, name, TTL, Some((conn, block_ms)))), Outcome::Waits);
    }

    fn hand_in(&mut self, name: &[u8], token: u64, value: &[u8]) -> Outcome {
        let expiry = Expiry::Never {};
        self.key(keys::Op::FillSet { db: DB, key: name, token, value, expiry })
    }

    fn get(&mut self, name: &[u8]) -> Outcome {
        self.key(keys::Op::Get { db: DB, key: name })
    }
}
