//! What a node does for a client in more than one operation.

use std::future::Future;
use std::time::Duration;

use lockstep_core::sessions::Op;
use lockstep_core::{Fault, Op as AnyOp, Outcome, ShardId};
use lockstep_raft::{Delivery, Host};
use tokio::time::{Instant, timeout};

use super::members::Asked;
use super::submit::{OnTheWay, home_of};
use crate::world::node::Node;

/// How long it is tried to find out what became of an operation.
const TRY_MAX: Duration = Duration::from_secs(10);
/// How long the end of a session waits for the shards that know it.
const TELL_WAIT: Duration = Duration::from_secs(5);
/// How often home is asked again when a shard has forgotten what ended there.
const TRIES: usize = 4;

/// Begins something that takes several operations.
pub fn begin(node: &Node, work: impl Future<Output = Delivery> + Send + 'static) -> OnTheWay {
    let mut on_the_way = OnTheWay::new();
    if let Some(process) = node.running() {
        let arrived = on_the_way.arrived();
        on_the_way.waits_for(process.spawn(async move {
            let delivery = work.await;
            *arrived.lock() = Some(delivery);
        }));
    }
    on_the_way
}

/// What is done with a session in several operations. `notes`: home hears of the
/// shards that let requests in its name in.
pub async fn of_session(host: Host, asked: Asked, shards: u16, notes: bool) -> Delivery {
    let done = match &asked {
        Asked::Destroy(id) => destroy(&host, id, shards).await,
        Asked::Open(id, shard) => open(&host, id, *shard, shards, notes).await,
        other => panic!("{other:?} is one operation"),
    };
    done.map_or_else(|undone| undone, |outcome| Delivery::Done(vec![outcome]))
}

async fn ask(host: &Host, shard: ShardId, op: &Op<'_>) -> Result<Outcome, Delivery> {
    let until = Instant::now() + TRY_MAX;
    let op = AnyOp::Session { op: op.clone() };
    loop {
        match host.ask(shard, &op).await {
            Delivery::Done(mut outcomes) => return Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
            Delivery::Unknown if Instant::now() < until => {}
            undone => return Err(undone),
        }
    }
}

async fn destroy(host: &Host, id: &str, shards: u16) -> Result<Outcome, Delivery> {
    let id = id.as_bytes();
    let home = home_of(std::str::from_utf8(id).expect("it is text"), shards);
    let Outcome::List(knows) = ask(host, home, &Op::Destroy { id }).await? else {
        return Ok(Outcome::Int(0));
    };
    let told = async {
        for shard in knows {
            if let Outcome::Int(shard) = shard {
                let shard = ShardId(u16::try_from(shard).expect("a shard"));
                let _ = ask(host, shard, &Op::End { id, delay_ms: 0 }).await;
            }
        }
    };
    // Told again by the leader of home, whatever becomes of this.
    let _ = timeout(TELL_WAIT, told).await;
    Ok(Outcome::Int(1))
}

/// Has a shard let requests in a session's name in.
pub async fn open(
    host: &Host,
    id: &str,
    shard: ShardId,
    shards: u16,
    notes: bool,
) -> Result<Outcome, Delivery> {
    let (home, id) = (home_of(id, shards), id.as_bytes());
    // Home lets in whatever lives there.
    if shard == home {
        return Ok(Outcome::Ok);
    }
    let mut floor = 0;
    for _ in 0..TRIES {
        let touch = if notes { Op::Touch { id, shard } } else { Op::Info { id } };
        let Outcome::List(facts) = ask(host, home, &touch).await? else {
            return Ok(Fault::NoSession.into());
        };
        let (birth_ms, delay_ms) = match facts[..] {
            [Outcome::Int(birth_ms), Outcome::Int(delay_ms)] => (birth_ms as u64, delay_ms as u64),
            [_, _, _, _, Outcome::Int(delay_ms), Outcome::Int(birth_ms), ..] => {
                (birth_ms as u64, delay_ms as u64)
            }
            _ => return Err(Delivery::Unknown),
        };
        match ask(host, shard, &Op::Open { id, birth_ms, delay_ms, floor }).await? {
            Outcome::Int(seq) => floor = seq as u64,
            outcome => return Ok(outcome),
        }
    }
    Err(Delivery::Unknown)
}
