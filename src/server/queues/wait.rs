//! One wait for messages, in one shard.

use std::time::Duration;

use lockstep_commands::{BadArgs, error};
use lockstep_core::queues::{Op, Want};
use lockstep_core::{Op as AnyOp, Origin, Outcome, ShardId, Wait};
use lockstep_raft::Delivery;
use lockstep_raft::many::Expected;
use tokio::time::timeout;

use super::{Answered, Asker, Given, outcome_of};
use crate::Node;
use crate::running::stopped;

/// How long an answer that must have come, or is on its way, is waited for.
const LAST_ANSWER: Duration = Duration::from_millis(500);

/// A name of a request of a connection that no other request has.
pub(crate) fn request_name(origin: Origin, request: u64) -> String {
    format!("~{}-{}-{}-{request}", origin.node.0, origin.boot, origin.conn)
}

/// A request that waits, which may have to be asked again when its answer may have been
/// lost: it gets the same messages then. Where this node has a replica it sees every
/// answer, and the shard need not remember.
pub(crate) fn told_apart<'a>(node: &Node, shard: ShardId, op: &mut Op<'a>, name: &'a [u8]) {
    if node.shards.replica(shard).is_some() {
        return;
    }
    if let Op::Pop { want: Want::Of { request, .. }, .. }
    | Op::Ack { pop: Some(Want::Of { request, .. }), .. } = op
    {
        request.get_or_insert(name);
    }
}

/// Asks again for what waits, as its answer may have been lost. None: it still waits.
pub(crate) async fn ask_again(node: &Node, shard: ShardId, op: &[u8]) -> Option<Delivery> {
    let op = AnyOp::Queue { op: super::read(op) };
    match node.shards.insist(shard, &op).await {
        Delivery::Done(outcomes) if outcomes == [Outcome::Waits] => None,
        delivery => Some(delivery),
    }
}

/// Asks a shard for messages and waits for them. When it is told to stop it takes the
/// request back; what it was given all the same is in the answer.
pub(super) async fn in_shard(mut asker: Asker, shard: ShardId, op: Op<'_>) -> Answered {
    let Wait::For { block_ms, .. } = op.wait().expect("it waits");
    let Some((wait, expected)) = asker.enter(shard, block_ms) else {
        return Err(error::UNCERTAIN);
    };
    let Wait::For { origin, request, .. } = wait;
    let name = request_name(origin, request);
    let mut op = with_wait(op, wait);
    told_apart(&asker.node, shard, &mut op, name.as_bytes());
    let answered = match asker.ask(&op).await {
        Ok(Outcome::Waits) => await_answer(&mut asker, shard, &op, &expected).await,
        other => other,
    };
    asker.leave(wait);
    let outcome = answered?;
    Ok(asker.given(&op, outcome))
}

/// Where several are waited for, the request of each has a number of its own.
fn with_wait<'a>(mut op: Op<'a>, new: Wait) -> Op<'a> {
    if let Op::Pop { wait, .. } = &mut op {
        *wait = Some(new);
    }
    op
}

async fn await_answer(
    asker: &mut Asker,
    shard: ShardId,
    op: &Op<'_>,
    expected: &Expected,
) -> Result<Outcome, BadArgs> {
    loop {
        let delivery = tokio::select! {
            biased;
            delivery = expected.mailbox.take() => delivery,
            _ = stopped(&mut asker.stop) => take_back(&asker.node, shard, op, expected).await,
            () = expected.adrift.notified() => {
                match ask_again(&asker.node, shard, &super::kept(op)).await {
                    Some(delivery) => delivery,
                    None => continue,
                }
            }
        };
        return outcome_of(&asker.node, shard, delivery);
    }
}

/// Takes a request back that waits: nil, or what it was answered before.
pub(super) async fn take_back(
    node: &Node,
    shard: ShardId,
    op: &Op<'_>,
    expected: &Expected,
) -> Delivery {
    let Some(Wait::For { origin, request, .. }) = op.wait() else { return Delivery::Unknown };
    let (queue, part) = (op.name(), op.part());
    let cancel = Op::CancelWait { queue, part, origin, request, error: false };
    let told = node.shards.insist(shard, &AnyOp::Queue { op: cancel }).await;
    let was_answered =
        !matches!(&told, Delivery::Done(outcomes) if outcomes[..] == [Outcome::Int(1)]);
    match expected.mailbox.try_take() {
        Some(delivery) => delivery,
        None if was_answered => {
            timeout(LAST_ANSWER, expected.mailbox.take()).await.unwrap_or(Delivery::Unknown)
        }
        None => Delivery::Done(vec![Outcome::Nil]),
    }
}

/// Gives back what was given to nobody.
pub(super) async fn give_back(given: Given) {
    if let Some(back) = given.back {
        back.give().await;
    }
}
