//! MLOCK and MUNLOCK over several shards, and MLOCK that waits, for the connections of
//! this node.
//!
//! The coordinator runs on a task of its own: the end of the connection does not break
//! it off but makes it give back, and the connection's last words to the shards wait
//! for that.

mod release;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use lockstep_commands::{BadArgs, error};
use lockstep_core::{Op, Outcome, ShardId, locks};
use lockstep_raft::many::{self, Asked, Coordinator, End, Expected, Why};
pub(crate) use lockstep_raft::many::{Line, Plan, at_once, is_deadlock};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::Node;
use crate::clients::Client;
use crate::sessions::ensure_open;
pub(crate) use release::release;

/// How many operations one coordinator may need in one shard, with renewals.
pub(crate) const NUMBERS: u64 = 1 << 32;

/// How many waits one coordinator may begin for each name.
pub(crate) const REQUESTS_PER_NAME: u64 = 16;

/// The shard of a lock.
pub(crate) fn shard_of(node: &Node, name: &[u8]) -> ShardId {
    let op = Op::Lock { op: locks::Op::Info { name } };
    crate::cluster::shard_of(node, &op).expect("it names a lock")
}

/// Where a coordinator sits: a connection of this node.
pub(crate) struct Seat {
    pub node: Arc<Node>,
    /// The connection.
    pub conn: u64,
}

impl many::Seat for Seat {
    type Refusal = BadArgs;

    fn host(&self) -> &lockstep_raft::Host {
        self.node.shards.host()
    }

    async fn open(&self, session: &[u8], shard: ShardId) -> Result<(), BadArgs> {
        ensure_open(&self.node, session, shard).await
    }

    fn enter(&self, request: u64, shard: ShardId) -> Expected {
        self.node.waits.enter(self.conn, request, shard)
    }

    fn leave(&self, request: u64) {
        self.node.waits.leave(self.conn, request);
    }

    fn refusal(&self, end: End<'_>) -> BadArgs {
        match end {
            End::Undone(shard, delivery) => self.node.shards.failure(shard, delivery),
            End::Lost => error::LOCKS_LOST,
            End::Uncertain => error::UNCERTAIN,
            End::GivenUp => error::GIVEN_UP,
        }
    }
}

type Answered = Result<Outcome, BadArgs>;

/// A coordinator at work.
pub(crate) struct Running {
    stop: Arc<watch::Sender<Option<Why>>>,
    over: JoinHandle<()>,
}

/// What comes of a coordinator's work.
pub(crate) struct Awaited {
    node: Arc<Node>,
    client: Arc<Client>,
    stop: Arc<watch::Sender<Option<Why>>>,
    answer: oneshot::Receiver<Answered>,
    /// When its time has been up for so long that some shard cannot have a leader;
    /// none: it waits without end.
    overdue: Option<Instant>,
}

/// How much longer than it may wait a client waits.
const OVERDUE_AFTER: Duration = Duration::from_secs(3);

/// How long a coordinator that was told to stop may take to answer.
const STOP_WAIT: Duration = Duration::from_secs(4);

/// Begins to take several locks for a client.
pub(crate) fn begin(asked: Asked<Seat>, client: Arc<Client>) -> (Running, Awaited) {
    let stop = Arc::new(watch::Sender::new(None));
    let (tell, answer) = oneshot::channel();
    let node = asked.seat.node.clone();
    let coordinator = Coordinator::new(asked, stop.subscribe());
    let overdue = coordinator.deadline().map(|deadline| deadline + OVERDUE_AFTER);
    let over = tokio::spawn(coordinator.run(tell));
    (Running { stop: stop.clone(), over }, Awaited { node, client, stop, answer, overdue })
}

impl Running {
    /// Whether its work is done.
    pub(crate) fn is_over(&self) -> bool {
        self.over.is_finished()
    }

    /// Has it give back what it got, and waits for that.
    pub(crate) async fn end(self) {
        self.stop.send_replace(Some(Why::Gone));
        // Had it panicked, its holds end with their leases.
        let _ = self.over.await;
    }
}

impl Awaited {
    /// Waits for what comes of it, for CLIENT UNBLOCK, or for the end of the node.
    pub(crate) async fn answer(mut self) -> Answered {
        let why = tokio::select! {
            biased;
            answer = &mut self.answer => return told(answer),
            error = self.client.unblocked() => Why::Unblocked(error),
            () = self.node.waits.given_up() => Why::GivenUp,
            () = sleep_until(self.overdue) => Why::Unblocked(false),
        };
        self.stop.send_replace(Some(why));
        match tokio::time::timeout(STOP_WAIT, self.answer).await {
            Ok(answer) => told(answer),
            // It goes on giving back without the client.
            Err(_) => Err(error::UNCERTAIN),
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn told(answer: Result<Answered, oneshot::error::RecvError>) -> Answered {
    answer.unwrap_or(Err(error::UNCERTAIN))
}
