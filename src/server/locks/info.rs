//! What is told about locks that one shard alone does not know.

use std::sync::Arc;

use lockstep_commands::BadArgs;
use lockstep_commands::here::LockCall;
use lockstep_core::locks::{Filter, HOLDER, Op};
use lockstep_core::slot::Slot;
use lockstep_core::wire::Wire;
use lockstep_core::{NodeId, Origin, Outcome, ShardId};

use super::{clients, read, read_all, scan, shard_of};
use crate::Node;
use crate::config::Setting;

/// What is asked, by somebody who does not wait for it in place.
#[derive(Debug)]
pub(crate) enum Call {
    Scan {
        cursor: u64,
        count: u32,
        /// The byte form of the filter.
        filter: Vec<u8>,
    },
    Info(Vec<u8>),
    OfOwner(Vec<u8>),
    Graph {
        shard: Option<u16>,
        dot: bool,
    },
    Deadlocks(u64),
}

impl Call {
    /// What is asked, unless it takes locks or gives them back.
    pub(crate) fn of(call: &LockCall<'_>) -> Option<Call> {
        Some(match call {
            LockCall::Scan { cursor, count, filter } => {
                let mut bytes = Vec::new();
                filter.put(&mut bytes);
                Call::Scan { cursor: *cursor, count: *count, filter: bytes }
            }
            LockCall::Info { name } => Call::Info(name.to_vec()),
            LockCall::OfOwner { text } => Call::OfOwner(text.to_vec()),
            LockCall::Graph { shard, dot } => Call::Graph { shard: *shard, dot: *dot },
            LockCall::Deadlocks { count } => Call::Deadlocks(*count),
            LockCall::AcquireMany { .. } | LockCall::ReleaseMany { .. } => return None,
        })
    }
}

/// Finds out what is asked.
///
/// # Errors
/// A leader cannot be reached, and what to tell the client.
pub(crate) async fn carry_out(node: Arc<Node>, call: Call) -> Result<Outcome, BadArgs> {
    match call {
        Call::Scan { cursor, count, filter } => {
            let filter = Filter::take(&mut &filter[..]).expect("just written");
            scan::scan(&node, cursor, count, &filter).await
        }
        Call::Info(name) => info(&node, &name).await,
        Call::OfOwner(text) => of_owner(&node, &text).await,
        Call::Graph { shard, dot } => graph(&node, shard, dot).await,
        Call::Deadlocks(count) => deadlocks(&node, count).await,
    }
}

async fn info(node: &Node, name: &[u8]) -> Result<Outcome, BadArgs> {
    let shard = shard_of(node, name);
    let Outcome::List(mut facts) = read(node, shard, &Op::Info { name }).await? else {
        return Ok(Outcome::Nil);
    };
    let known = clients::known(node, &holders(&facts)).await;
    facts.push(Outcome::Int(Slot::of(name).0.into()));
    facts.push(Outcome::Int(shard.0.into()));
    facts.push(Outcome::Bytes(leader(node, shard).into_bytes()));
    facts.extend(known.into_iter().map(|client| {
        Outcome::List(vec![Outcome::Bytes(client.address), Outcome::Bytes(client.name)])
    }));
    Ok(Outcome::List(facts))
}

/// Where clients reach the leader of a shard; empty if it is not known.
fn leader(node: &Node, shard: ShardId) -> String {
    if node.shards.leads(shard) {
        return node.identity.me.client_address();
    }
    let leader = crate::cluster::leader_elsewhere(node, shard);
    leader.map_or_else(String::new, |leader| leader.client_address())
}

/// The connections of the holders, in their order.
fn holders(facts: &[Outcome]) -> Vec<Origin> {
    let place = |name| HOLDER.iter().position(|there| *there == name);
    let (Some(node), Some(boot), Some(conn)) = (place("node"), place("boot"), place("conn")) else {
        return Vec::new();
    };
    let number = |holder: &[Outcome], at: usize| match holder.get(at) {
        Some(Outcome::Int(number)) => u64::try_from(*number).unwrap_or(0),
        _ => 0,
    };
    let of = |holder: &Outcome| match holder {
        Outcome::List(parts) => Origin {
            node: NodeId(number(parts, node)),
            boot: number(parts, boot),
            conn: number(parts, conn),
        },
        _ => Origin::default(),
    };
    let lists = facts.iter().find_map(|fact| match fact {
        Outcome::List(holders) => Some(holders),
        _ => None,
    });
    lists.into_iter().flatten().map(of).collect()
}

async fn of_owner(node: &Node, text: &[u8]) -> Result<Outcome, BadArgs> {
    let found = read_all(node, node.shards.ids(), &Op::OfOwner { text }).await?;
    let something = |outcome: &Outcome| match outcome {
        Outcome::List(parts) => {
            parts.iter().any(|part| matches!(part, Outcome::List(list) if !list.is_empty()))
        }
        _ => false,
    };
    Ok(Outcome::List(found.into_iter().map(|(_, outcome)| outcome).filter(something).collect()))
}

async fn graph(node: &Node, shard: Option<u16>, dot: bool) -> Result<Outcome, BadArgs> {
    let min_wait_ms = node.settings.number(Setting::DeadlockDetectDelayMs);
    let wanted = |id: &ShardId| shard.is_none_or(|shard| shard == id.0);
    let shards = node.shards.ids().filter(wanted);
    let found = read_all(node, shards, &Op::Graph { min_wait_ms }).await?;
    let of_shard = |(shard, outcome): (ShardId, Outcome)| {
        let mut parts = vec![Outcome::Int(shard.0.into())];
        parts.extend(items(outcome));
        Outcome::List(parts)
    };
    let word = dot.then_some(Outcome::Word("dot"));
    let found = found.into_iter().map(of_shard).filter(has_locks);
    Ok(Outcome::List(word.into_iter().chain(found).collect()))
}

fn has_locks(of_shard: &Outcome) -> bool {
    matches!(of_shard, Outcome::List(parts) if parts.len() > 1)
}

async fn deadlocks(node: &Node, count: u64) -> Result<Outcome, BadArgs> {
    let found = read_all(node, node.shards.ids(), &Op::Deadlocks { count }).await?;
    let mut all: Vec<Outcome> = found.into_iter().flat_map(|(_, found)| items(found)).collect();
    let time_ms = |deadlock: &Outcome| match deadlock {
        Outcome::List(parts) => match parts.first() {
            Some(Outcome::Int(time_ms)) => *time_ms,
            _ => 0,
        },
        _ => 0,
    };
    all.sort_by_key(|deadlock| std::cmp::Reverse(time_ms(deadlock)));
    all.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    Ok(Outcome::List(all))
}

fn items(outcome: Outcome) -> Vec<Outcome> {
    if let Outcome::List(items) = outcome { items } else { Vec::new() }
}
