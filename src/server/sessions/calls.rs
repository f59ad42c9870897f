//! What is asked of sessions that needs more than one operation, or none of a
//! connection's own.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_commands::{BadArgs, here};
use lockstep_core::sessions::Op;
use lockstep_core::{Fault, Outcome, ShardId};
use lockstep_raft::Delivery;
use tokio::time::{Instant, timeout};

use super::{draw_id, home_of};
use crate::Node;
use crate::shards::Walk;

/// How long it is tried to find out what became of an operation.
const TRY_MAX: Duration = Duration::from_secs(10);

/// How long SESSION DESTROY waits for the shards that know the session. Those without
/// a leader say so earlier; they are told later.
const TELL_WAIT: Duration = Duration::from_secs(5);

/// What is asked.
#[derive(Clone, Debug)]
pub enum Call {
    /// SESSION CREATE.
    Create {
        /// How long it lives without a connection.
        ttl_ms: u64,
        /// What people call it.
        name: Vec<u8>,
        /// For how long nobody else gets what it held when it ends.
        delay_ms: u64,
    },
    /// SESSION DESTROY.
    Destroy(Vec<u8>),
    /// SESSION INFO.
    Info(Vec<u8>),
    /// SESSION LIST.
    List {
        /// Where to go on.
        cursor: u64,
        /// About how many.
        count: u64,
    },
}

impl Call {
    /// What is asked, if it is not for the connection's own operations.
    pub fn of(asked: here::Session<'_>) -> Option<Call> {
        Some(match asked {
            here::Session::Create { ttl_ms, name, delay_ms } => {
                Call::Create { ttl_ms, name: name.to_vec(), delay_ms }
            }
            here::Session::Destroy(id) => Call::Destroy(id.to_vec()),
            here::Session::Info(id) => Call::Info(id.to_vec()),
            here::Session::List { cursor, count } => Call::List { cursor, count },
            here::Session::Attach(_) | here::Session::Detach | here::Session::KeepAlive(_) => {
                return None;
            }
        })
    }
}

/// Carries out what is asked.
///
/// # Errors
/// Who has to be asked cannot be reached, and what to tell the client.
pub async fn carry_out(node: Arc<Node>, call: Call) -> Result<Outcome, BadArgs> {
    if node.shards.count() == 0 {
        return Err(node.shards.forming());
    }
    match call {
        Call::Create { ttl_ms, name, delay_ms } => create(&node, ttl_ms, &name, delay_ms).await,
        Call::Destroy(id) => destroy(&node, &id).await,
        Call::Info(id) => info(&node, &id).await,
        Call::List { cursor, count } => list(&node, cursor, count).await,
    }
}

/// Asks a shard for what does no harm when it happens twice, until it is known what
/// came of it.
pub(super) async fn ask(node: &Node, shard: ShardId, op: &Op<'_>) -> Result<Outcome, BadArgs> {
    let until = Instant::now() + TRY_MAX;
    let op = lockstep_core::Op::Session { op: op.clone() };
    loop {
        match node.shards.ask(shard, &op).await {
            Delivery::Done(mut outcomes) => return Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
            Delivery::Unknown if Instant::now() < until && !*node.stop.borrow() => {}
            other => return Err(node.shards.failure(shard, &other)),
        }
    }
}

async fn create(node: &Node, ttl_ms: u64, name: &[u8], delay_ms: u64) -> Result<Outcome, BadArgs> {
    let id = draw_id().into_bytes();
    let op = Op::Create { id: &id, ttl_ms, name, delay_ms };
    Ok(match ask(node, home_of(node, &id), &op).await? {
        Outcome::Ok => Outcome::Bytes(id),
        refused => refused,
    })
}

/// Destroys a session. Behind this no shard that can be reached has anything in its
/// name; the leader of home sees to all others.
async fn destroy(node: &Node, id: &[u8]) -> Result<Outcome, BadArgs> {
    let destroyed = ask(node, home_of(node, id), &Op::Destroy { id }).await?;
    node.sessions.forget(id);
    let Outcome::List(shards) = destroyed else { return Ok(Outcome::Int(0)) };
    let shards = shards.iter().filter_map(|shard| match shard {
        Outcome::Int(shard) => u16::try_from(*shard).ok().map(ShardId),
        _ => None,
    });
    let end = Op::End { id, delay_ms: 0 };
    let told = join_all(shards.map(|shard| ask(node, shard, &end)));
    // Told again by the leader of home, whatever becomes of this.
    let _ = timeout(TELL_WAIT, told).await;
    Ok(Outcome::Int(1))
}

async fn info(node: &Node, id: &[u8]) -> Result<Outcome, BadArgs> {
    let home = home_of(node, id);
    Ok(match ask(node, home, &Op::Info { id }).await? {
        Outcome::List(mut facts) => {
            facts.push(Outcome::Int(home.0.into()));
            Outcome::List(facts)
        }
        _ => Fault::NoSession.into(),
    })
}

/// Walks over the shards.
async fn list(node: &Node, cursor: u64, count: u64) -> Result<Outcome, BadArgs> {
    let mut walk = Walk::at(cursor, node.shards.count());
    let count = count.max(1);
    while let Some((shard, from)) = walk.place() {
        let Some(rest) = count.checked_sub(walk.found_count() as u64).filter(|rest| *rest > 0)
        else {
            break;
        };
        walk.found(ask(node, shard, &Op::List { cursor: from, count: rest }).await?);
    }
    Ok(walk.reply())
}
