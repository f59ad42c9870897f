//! What is kept of one message.

use std::sync::Arc;

use super::body::{Body, BodyKey};
use super::op::Reason;
use crate::image::Name;

/// A message that was pushed and has not left. What few messages have stands apart, so
/// that millions of plain ones fit into memory.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// The body, if it is in memory; shared with images and answers. Local to this
    /// replica.
    pub body: Option<Arc<[u8]>>,
    /// What the body is checked by.
    pub check: u64,
    pub state: State,
    pub pushed_ms: u64,
    pub extra: Option<Arc<Extra>>,
    /// The length of the body.
    pub bytes: u32,
    /// How often it was delivered; the newest receipt carries this number.
    pub attempts: u32,
    /// How many of the deliveries failed.
    pub fails: u32,
    /// Whether the body is on disk. Local to this replica.
    pub stored: bool,
}

/// Where a message stands: at exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// For the next consumer.
    Ready,
    /// Out of sight for a while.
    Delayed { until_ms: u64 },
    /// Delivered.
    Inflight(Box<Lease>),
    /// Given up; `Extra::death` says more.
    Dead,
}

/// A delivery that is neither settled nor given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lease {
    pub since_ms: u64,
    pub until_ms: u64,
    /// The number of the operation that granted it.
    pub fence: u64,
    /// The consumer that has it; 0: it gave no name.
    pub consumer: u64,
    /// The request with a name of its own that it answers; 0: none.
    pub asked: u64,
    /// The session it ends with.
    pub session: Option<Name>,
}

/// What few messages have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extra {
    /// Its place in the order, if that is not its number.
    pub rank: Option<u64>,
    /// Queue and number of its body, if they are not its own: it was replaced, or the
    /// message was moved.
    pub body: Option<(u64, u64)>,
    /// When it is too old, and after how long it was to be.
    pub expires_ms: Option<u64>,
    pub ttl_ms: u64,
    pub priority: u8,
    pub group: Option<u64>,
    pub lease_ms: Option<u64>,
    pub fails_max: Option<u32>,
    pub headers: Vec<(Name, Name)>,
    /// What is the same for all its copies, and the number of what is known of that.
    pub dedup: Option<(u64, Name)>,
    /// When it was delivered first, if it came back since.
    pub first_ms: Option<u64>,
    /// Deliveries that do not count any more.
    pub attempts_before: u32,
    /// A message of its group that stood before it is missing.
    pub gap: bool,
    /// It was dead once.
    pub redriven: bool,
    /// Why it died last.
    pub reason: Option<Reason>,
    /// What a consumer said was wrong.
    pub error: Option<Name>,
    /// As long as it is dead.
    pub death: Option<Death>,
}

/// When a message died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Death {
    /// Grows from death to death.
    pub number: u64,
    pub at_ms: u64,
    /// When it is dropped.
    pub until_ms: Option<u64>,
}

/// A message that has nothing rare.
static PLAIN: Extra = Extra {
    rank: None,
    body: None,
    expires_ms: None,
    ttl_ms: 0,
    priority: 0,
    group: None,
    lease_ms: None,
    fails_max: None,
    headers: Vec::new(),
    dedup: None,
    first_ms: None,
    attempts_before: 0,
    gap: false,
    redriven: false,
    reason: None,
    error: None,
    death: None,
};

impl Message {
    /// What few messages have, as it is for this one.
    pub fn extra(&self) -> &Extra {
        self.extra.as_deref().unwrap_or(&PLAIN)
    }

    /// The same, to be changed.
    pub fn extra_mut(&mut self) -> &mut Extra {
        Arc::make_mut(self.extra.get_or_insert_default())
    }

    /// When something happens to the message by itself.
    pub fn due_ms(&self) -> Option<u64> {
        let expires_ms = self.extra().expires_ms;
        match &self.state {
            State::Ready => expires_ms,
            State::Delayed { until_ms } => {
                Some(expires_ms.map_or(*until_ms, |ms| ms.min(*until_ms)))
            }
            State::Inflight(lease) => Some(lease.until_ms),
            State::Dead => self.extra().death.and_then(|death| death.until_ms),
        }
    }

    /// Whether its time to live is over.
    pub fn is_expired(&self, now_ms: u64) -> bool {
        self.extra().expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms)
    }

    /// Whether the receipt of delivery `attempt` is its newest.
    pub fn is_at(&self, attempt: u32) -> bool {
        attempt > 0 && attempt == self.attempts
    }

    /// Its lease, if it is in flight.
    pub fn lease(&self) -> Option<&Lease> {
        if let State::Inflight(lease) = &self.state { Some(lease) } else { None }
    }

    /// When it was delivered first.
    pub fn first_ms(&self) -> Option<u64> {
        self.extra().first_ms.or_else(|| self.lease().map(|lease| lease.since_ms))
    }

    /// The key of its body, as the message `seq` of this queue.
    pub fn key(&self, queue: u64, seq: u64) -> BodyKey {
        let (queue, seq) = self.extra().body.unwrap_or((queue, seq));
        BodyKey { queue, seq, bytes: self.bytes, check: self.check }
    }

    /// Its body, as the message `seq` of this queue.
    pub fn body(&self, queue: u64, seq: u64) -> Body {
        Body { key: self.key(queue, seq), here: self.body.clone() }
    }
}
