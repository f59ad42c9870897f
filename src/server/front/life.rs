//! What a connection leaves with the shards, and how it is given back.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_core::{Op, Origin, ShardId};
use lockstep_raft::{Delivery, Ops};

use super::Front;
use super::pending::Blocked;
use crate::Node;
use crate::clients::Flag;
use crate::queues::Back;

/// How long a coordinator has to give back what it got before the shards are told
/// that the connection is over.
const GIVE_BACK_MAX: Duration = Duration::from_secs(1);

impl Front {
    /// From now on the end of the connection matters to a shard.
    pub(super) fn bind_to(&mut self, shard: ShardId) {
        if !self.bound_to.contains(&shard) {
            self.bound_to.push(shard);
            self.session.client.set(Flag::Bound, true);
            // Those that held something when nobody answered any more were closed then.
            // This one would hold what the cluster may give to others any moment.
            if self.node.shards.host().life().cut_off {
                self.session.client.kill();
            }
        }
    }

    /// Ends what the connection holds and waits for; none if there is nothing.
    pub(super) fn unbind(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let (node, origin) = (self.node.clone(), self.origin);
        let bound_to = std::mem::take(&mut self.bound_to);
        self.session.client.set(Flag::Bound, false);
        let blocked = self.blocked.take();
        let running = self.running.take().filter(|running| !running.is_over());
        let gone = Op::Gone { origin };
        let word = |shard| (shard, self.parts.last_word(shard, origin, &gone));
        let last_words: Vec<_> = bound_to.into_iter().map(word).collect();
        (!last_words.is_empty() || running.is_some()).then_some(async move {
            if let Some(running) = running {
                // First, as its operations have the smaller numbers: what comes behind
                // the last words is not carried out any more. Where it cannot, it goes
                // on by itself, and others are not held up.
                let _ = tokio::time::timeout(GIVE_BACK_MAX, running.end()).await;
            }
            tell_shards(node, origin, last_words, blocked).await;
        })
    }

    /// Gives back what the connection has here; the future tells the shards. None
    /// if they need not be told, or were.
    pub(super) fn end_of_life(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        if std::mem::replace(&mut self.over, true) {
            return None;
        }
        self.session.close(&self.node);
        self.handed.end(self.session.client.link());
        let (node, undelivered) = (self.node.clone(), self.undelivered());
        let told = self.unbind();
        if undelivered.is_empty() && told.is_none() {
            return None;
        }
        Some(async move {
            if let Some(told) = told {
                told.await;
            }
            // Behind the last words nothing of it is carried out any more.
            for outcomes in undelivered {
                outcomes.give_back(&node).await;
            }
        })
    }
}

/// Tells the shards that a connection is over, and gives back what its wait was
/// answered with. What it handed in and nobody has carried out yet is not tried
/// again; what arrives late is not carried out, since the last words have a higher
/// number.
async fn tell_shards(
    node: Arc<Node>,
    origin: Origin,
    last_words: Vec<(ShardId, Ops)>,
    blocked: Option<Blocked>,
) {
    // All at once: one that has no leader must not hold up the others.
    join_all(last_words.into_iter().map(async |(shard, ops)| {
        // A shard that cannot be told now is stopping and learns of it with this
        // node's next life.
        let told = node.shards.insist_on(shard, ops).await;
        // Of a former life of the node it knows without.
        if matches!(told, Delivery::Unknown) && node.shards.host().life().boot == origin.boot {
            // The shard has forgotten whether it was told.
            let _ = node.shards.insist(shard, &Op::Gone { origin }).await;
        }
    }))
    .await;
    if let Some(blocked) = blocked {
        give_back(&node, origin.conn, &blocked).await;
    }
}

/// Gives back the messages that a wait was answered with when nobody was there
/// any more. The shard knows by now that the connection is gone: no answer comes
/// after this.
async fn give_back(node: &Arc<Node>, conn: u64, blocked: &Blocked) {
    node.waits.leave(conn, blocked.request);
    if let Some(answer) = blocked.expected.mailbox.try_take() {
        give_back_answer(node, blocked, answer).await;
    }
}

/// Gives back the messages in the answer to a wait, or what was popped for it.
pub(super) async fn give_back_answer(node: &Arc<Node>, blocked: &Blocked, answer: Delivery) {
    let Delivery::Done(outcomes) = answer else { return };
    let Some(op) = &blocked.queue_op else {
        for outcome in &outcomes {
            blocked.put_back(node, outcome).await;
        }
        return;
    };
    for outcome in &outcomes {
        if let Some(back) = Back::of(node, &crate::queues::read(op), outcome) {
            back.give().await;
        }
    }
}
