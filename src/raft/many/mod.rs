//! Several locks over several shards, taken all or none.
//!
//! The coordinator takes the names in an order that is the same for all, the
//! neighbours in one shard at once where they are free, else one by one with a
//! wait. What it has got has a short lease of its own, which it renews, so that
//! nothing stays behind if it dies. When it has them all, it confirms them, and
//! only then the client hears of it. On any other end it gives back what it got.

mod coordinator;
mod line;
mod plan;
mod step;

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use lockstep_core::locks::{Mode, Op, Terms};
use lockstep_core::wire::Wire;
use lockstep_core::{Origin, Outcome, ShardId};
use tokio::sync::Notify;

use crate::{Delivery, Host, Mailbox};

pub use coordinator::{Coordinator, is_deadlock};
pub use line::Line;
pub use plan::Plan;
pub use step::Steps;

/// What a coordinator needs of its node besides the way to the shards.
pub trait Seat: Send + Sync + 'static {
    /// What a client is told that gets no outcome.
    type Refusal: std::fmt::Debug + Send;

    /// The way to the shards.
    fn host(&self) -> &Host;

    /// Has a shard let requests in the name of a session in.
    fn open(
        &self,
        session: &[u8],
        shard: ShardId,
    ) -> impl Future<Output = Result<(), Self::Refusal>> + Send;

    /// Enters a request that waits with a shard, and says where its answer comes.
    fn enter(&self, request: u64, shard: ShardId) -> Expected;

    /// Forgets a request that did not have to wait, or no longer does.
    fn leave(&self, request: u64);

    /// What to tell the client of such an end.
    fn refusal(&self, end: End<'_>) -> Self::Refusal;
}

/// An end without an outcome.
#[derive(Debug)]
pub enum End<'a> {
    /// Operations of this shard were not applied, or nobody knows.
    Undone(ShardId, &'a Delivery),
    /// What it had got was lost again and again.
    Lost,
    /// Nobody knows what became of it.
    Uncertain,
    /// The node stops.
    GivenUp,
}

/// Where the answer to a request comes.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// The answer.
    pub mailbox: Arc<Mailbox>,
    /// It may have been lost, and does not come any more.
    pub adrift: Arc<Notify>,
}

/// Who asks for several locks, and for what.
pub struct Asked<S> {
    /// The node that is asked.
    pub seat: S,
    /// The connection.
    pub origin: Origin,
    /// Which locks, in which order.
    pub plan: Plan,
    /// The operations' numbers.
    pub line: Line,
    /// Numbers of requests, for its waits.
    pub requests: Range<u64>,
    /// The lease of what is not confirmed, in milliseconds.
    pub part_ms: u64,
    terms: Vec<u8>,
}

impl<S: Seat> Asked<S> {
    /// Names and modes are those of the plan.
    pub fn new(
        seat: S,
        origin: Origin,
        (plan, part_ms): (Plan, u64),
        line: Line,
        requests: Range<u64>,
        terms: &Terms<'_>,
    ) -> Self {
        let mut bytes = Vec::new();
        terms.put(&mut bytes);
        Asked { seat, origin, plan, line, requests, part_ms, terms: bytes }
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
pub enum Why {
    /// CLIENT UNBLOCK; with an error or as if its time had run out.
    Unblocked(bool),
    /// The connection is over.
    Gone,
    /// The node stops.
    GivenUp,
}

/// What comes of it: an outcome, or what to tell the client instead.
pub type Answered<S> = Result<Outcome, <S as Seat>::Refusal>;

/// The same terms for a part of several locks: with a lease till they are all
/// there.
fn as_part<'a>(terms: &Terms<'a>, new: u64) -> Terms<'a> {
    let mut terms = terms.clone();
    let Terms::Of { acquiring_ms, full, asynchronous, wait, .. } = &mut terms;
    (*acquiring_ms, *full, *asynchronous, *wait) = (Some(new), false, false, None);
    terms
}

/// The operation that takes several locks of one shard at once, for good.
pub fn at_once<'a>(names: Vec<&'a [u8]>, modes: Vec<Mode>, terms: &Terms<'a>) -> Op<'a> {
    let mut terms = terms.clone();
    let Terms::Of { full, asynchronous, wait, .. } = &mut terms;
    (*full, *asynchronous, *wait) = (false, false, None);
    Op::AcquireMany { names, modes, terms }
}
