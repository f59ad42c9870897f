//! MLOCK and MUNLOCK over several shards, and MLOCK that waits.
//!
//! The coordinator takes the names in an order that is the same for all, the
//! neighbours in one shard at once where they are free, else one by one with a
//! wait. What it has got has a short lease of its own, which it renews, so that
//! nothing stays behind if it dies. When it has them all, it confirms them, and
//! only then the client hears of it. On any other end it gives back what it got.
//!
//! It runs on a task of its own: the end of the connection does not break it off
//! but makes it give back, and the connection's last words to the shards wait for
//! that.

mod coordinator;
mod line;
mod plan;
mod release;
mod step;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use lockstep_commands::{BadArgs, error};
use lockstep_core::locks::{Mode, Terms};
use lockstep_core::wire::Wire;
use lockstep_core::{Fault, Op, Origin, Outcome, ShardId, locks};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::Node;
use crate::clients::Client;
use coordinator::Coordinator;
pub(crate) use coordinator::is_deadlock;
pub(crate) use line::Line;
pub(crate) use plan::Plan;
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

/// Who asks for several locks, and for what.
pub(crate) struct Asked {
    pub node: Arc<Node>,
    pub origin: Origin,
    pub plan: Plan,
    /// The operations' numbers.
    pub line: Line,
    /// Numbers of requests, for its waits.
    pub requests: Range<u64>,
    terms: Vec<u8>,
}

impl Asked {
    pub(crate) fn new(
        node: Arc<Node>,
        origin: Origin,
        plan: Plan,
        line: Line,
        requests: Range<u64>,
        terms: &Terms<'_>,
    ) -> Self {
        let mut bytes = Vec::new();
        terms.put(&mut bytes);
        Asked { node, origin, plan, line, requests, terms: bytes }
    }

    fn terms(&self) -> Terms<'_> {
        read(&self.terms)
    }
}

fn read(terms: &[u8]) -> Terms<'_> {
    Terms::take(&mut &terms[..]).expect("written by the node itself")
}

/// Why a coordinator is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// CLIENT UNBLOCK; with an error or as if its time had run out.
    Unblocked(bool),
    /// The connection is over.
    Gone,
    /// The node stops.
    GivenUp,
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
pub(crate) fn begin(asked: Asked, client: Arc<Client>) -> (Running, Awaited) {
    let stop = Arc::new(watch::Sender::new(None));
    let (tell, answer) = oneshot::channel();
    let node = asked.node.clone();
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

/// What a client is told whose request was broken off.
fn broken_off(why: Why) -> Answered {
    match why {
        Why::Unblocked(false) => Ok(Outcome::Nil),
        Why::Unblocked(true) | Why::Gone => Ok(Fault::Unblocked.into()),
        Why::GivenUp => Err(error::GIVEN_UP),
    }
}

/// The same terms for a part of several locks: with a lease till they are all
/// there.
fn as_part<'a>(terms: &Terms<'a>, new: u64) -> Terms<'a> {
    let mut terms = terms.clone();
    let Terms::Of { acquiring_ms, full, asynchronous, wait, .. } = &mut terms;
    (*acquiring_ms, *full, *asynchronous, *wait) = (Some(new), false, false, None);
    terms
}

/// The operation that takes several locks of one shard at once, for good.
pub(crate) fn at_once<'a>(
    names: Vec<&'a [u8]>,
    modes: Vec<Mode>,
    terms: &Terms<'a>,
) -> locks::Op<'a> {
    let mut terms = terms.clone();
    let Terms::Of { full, asynchronous, wait, .. } = &mut terms;
    (*full, *asynchronous, *wait) = (false, false, None);
    locks::Op::AcquireMany { names, modes, terms }
}
