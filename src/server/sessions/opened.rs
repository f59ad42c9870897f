//! Where sessions were let in.

use dashmap::DashMap;
use lockstep_commands::{BadArgs, error};
use lockstep_core::sessions::Op;
use lockstep_core::{Fault, Outcome, ShardId};

use super::calls::ask;
use super::home_of;
use crate::Node;

/// Of so many sessions it is known where they were let in. Of more it is asked
/// again, which costs two operations and changes nothing.
const SESSIONS_MAX: usize = 65_536;

/// How often home is asked again when a shard has forgotten what ended there.
const TRIES: usize = 4;

/// The shards that are known to let requests in a session's name in.
#[derive(Debug, Default)]
pub(super) struct Opened {
    shards: DashMap<Box<[u8]>, Vec<ShardId>>,
    /// For each shard a number of an operation that it has applied
    /// ([`Op::Open`]).
    floors: DashMap<ShardId, u64>,
}

impl Opened {
    pub fn has(&self, id: &[u8], shard: ShardId) -> bool {
        self.shards.get(id).is_some_and(|shards| shards.contains(&shard))
    }

    pub fn remove(&self, id: &[u8]) {
        self.shards.remove(id);
    }

    fn add(&self, id: &[u8], shard: ShardId) {
        if self.shards.len() >= SESSIONS_MAX {
            self.shards.clear();
        }
        let mut shards = self.shards.entry(id.into()).or_default();
        if !shards.contains(&shard) {
            shards.push(shard);
        }
    }

    fn floor(&self, shard: ShardId) -> u64 {
        self.floors.get(&shard).map_or(0, |floor| *floor)
    }
}

/// Has a shard let requests in a session's name in, if it does not yet.
///
/// # Errors
/// What to tell the client: there is no such session, or who has to be asked cannot
/// be reached.
pub async fn ensure_open(node: &Node, id: &[u8], shard: ShardId) -> Result<(), BadArgs> {
    let opened = &node.sessions.opened;
    let home = home_of(node, id);
    // Home lets in whatever lives there.
    if shard == home || opened.has(id, shard) {
        return Ok(());
    }
    for _ in 0..TRIES {
        // Before home is asked: what home says is of a later time.
        let floor = opened.floor(shard);
        let touched = ask(node, home, &Op::Touch { id, shard }).await?;
        let (birth_ms, delay_ms) = numbers(&touched)?;
        let open = Op::Open { id, birth_ms, delay_ms, floor };
        match ask(node, shard, &open).await? {
            Outcome::Ok => {
                opened.add(id, shard);
                return Ok(());
            }
            Outcome::Int(floor) => {
                opened.floors.insert(shard, u64::try_from(floor).unwrap_or(0));
            }
            other => return Err(refusal(&other)),
        }
    }
    Err(error::UNCERTAIN)
}

/// The two numbers that home gives of a session that lives.
fn numbers(touched: &Outcome) -> Result<(u64, u64), BadArgs> {
    match touched {
        Outcome::List(numbers) => match numbers[..] {
            [Outcome::Int(birth_ms), Outcome::Int(delay_ms)] => {
                let natural = |number: i64| u64::try_from(number).unwrap_or(0);
                Ok((natural(birth_ms), natural(delay_ms)))
            }
            _ => Err(error::UNCERTAIN),
        },
        other => Err(refusal(other)),
    }
}

fn refusal(outcome: &Outcome) -> BadArgs {
    match outcome {
        Outcome::Fault(fault) => error::of_fault(*fault, "session"),
        _ => error::of_fault(Fault::NoSession, "session"),
    }
}
