//! A connection this node makes to another, and makes again whenever it breaks.

mod run;
mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_core::NodeId;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::options::PeerLimits;
use super::outbox::{Outbox, Outcome};
use super::service::{BoxFuture, CallError, Lane};
use super::status::{LinkKind, LinkState, LinkStatus, Meter};

pub(super) use run::keep_up;

/// So many failures in a row open the circuit.
const FAILURES_MAX: u32 = 3;

/// One direction to one node.
#[derive(Debug)]
pub(super) struct Link {
    node: NodeId,
    kind: LinkKind,
    outbox: Outbox,
    meter: Arc<Meter>,
    standing: Mutex<Standing>,
    /// When the peer last gave a sign, in microseconds since `born`.
    heard_us: AtomicU64,
    born: Instant,
    /// Rung when dialling again should not wait any longer.
    now: Notify,
    /// Rung when the connection has to be closed for good.
    close: Notify,
    gone: AtomicBool,
}

#[derive(Debug)]
struct Standing {
    connected: bool,
    cluster: bool,
    /// Failures in a row.
    failures: u32,
    /// When the state changed last.
    since: Instant,
    trouble: Option<String>,
}

impl Link {
    pub(super) fn new(node: NodeId, kind: LinkKind, limits: &PeerLimits) -> Self {
        let now = Instant::now();
        Link {
            node,
            kind,
            outbox: Outbox::new(limits),
            meter: Arc::default(),
            standing: Mutex::new(Standing {
                connected: false,
                cluster: true,
                failures: 0,
                since: now,
                trouble: None,
            }),
            heard_us: AtomicU64::new(0),
            born: now,
            now: Notify::new(),
            close: Notify::new(),
            gone: AtomicBool::new(false),
        }
    }

    /// Sends a request and waits for its reply.
    pub(super) fn call(
        self: &Arc<Self>,
        lane: Lane,
        request: Bytes,
        timeout: Duration,
    ) -> BoxFuture<Outcome> {
        let Some((id, reply)) = self.outbox.call(lane, request) else {
            return Box::pin(std::future::ready(Err(CallError::NotSent)));
        };
        let ticket = Ticket { link: Arc::clone(self), id, settled: false };
        let since_us = self.now_us();
        Box::pin(async move {
            let mut ticket = ticket;
            match tokio::time::timeout(timeout, reply).await {
                Ok(outcome) => {
                    ticket.settled = true;
                    outcome.unwrap_or(Err(CallError::Lost))
                }
                Err(_) => ticket.out_of_time(since_us, timeout),
            }
        })
    }

    pub(super) fn tell(&self, lane: Lane, message: Bytes) {
        self.outbox.tell(lane, message);
    }

    /// Whether a message would probably arrive.
    pub(super) fn is_up(&self) -> bool {
        self.standing.lock().connected && !self.outbox.is_shut()
    }

    fn is_connected(&self) -> bool {
        self.standing.lock().connected
    }

    /// Dials now, if it is not connected.
    pub(super) fn hurry(&self) {
        if !self.is_connected() {
            self.now.notify_one();
        }
    }

    /// Closes the connection for good and ends all calls.
    pub(super) fn give_up(&self) {
        self.gone.store(true, SeqCst);
        self.outbox.shut();
        self.outbox.broke();
        self.close.notify_one();
    }

    pub(super) fn status(&self, address: &str) -> LinkStatus {
        let standing = self.standing.lock();
        let state = match (standing.cluster, self.outbox.is_shut(), standing.connected) {
            (false, ..) => LinkState::NoCluster,
            (_, true, _) => LinkState::Open,
            (.., true) => LinkState::Up,
            (.., false) => LinkState::Connecting,
        };
        let mut status = self.meter.status(self.node, self.kind, address);
        status.state = state;
        status.since = standing.since.elapsed();
        status.queue_bytes = self.outbox.bytes() as u64;
        status.trouble.clone_from(&standing.trouble);
        status
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn heard(&self) {
        self.heard_us.store(self.now_us(), Relaxed);
    }
}

/// A call under way. It is cancelled when nobody waits for it any more.
struct Ticket {
    link: Arc<Link>,
    id: u64,
    settled: bool,
}

impl Ticket {
    /// The time is over. A peer that gave no sign for most of it is suspect; one that
    /// did is only slow with this call.
    fn out_of_time(&mut self, since_us: u64, timeout: Duration) -> Outcome {
        self.settled = true;
        let Some(error) = self.link.outbox.cancel(self.id) else {
            // Settled in the same moment, and the reply was not looked at.
            return Err(CallError::Lost);
        };
        let first_quarter = u64::try_from(timeout.as_micros() / 4).unwrap_or(u64::MAX);
        if self.link.heard_us.load(Relaxed) < since_us.saturating_add(first_quarter) {
            self.link.suspect();
        }
        Err(error)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.settled {
            self.link.outbox.cancel(self.id);
        }
    }
}
