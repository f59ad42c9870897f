//! What is kept of one message, and of one consumer that waits.

use std::sync::Arc;

use crate::Origin;

/// A message that was pushed and is not settled.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Shared with the images of the queue.
    pub body: Arc<[u8]>,
    pub state: State,
    /// How often it was delivered; the newest receipt carries this number.
    pub attempts: u32,
    /// How many of the deliveries failed.
    pub fails: u32,
    pub pushed_ms: u64,
}

/// Where a message stands: at exactly one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// For the next consumer.
    Ready,
    /// Out of sight for a while.
    Delayed { until_ms: u64 },
    /// Delivered, under a lease.
    Inflight { since_ms: u64, until_ms: u64 },
    /// Failed too often.
    Dead,
}

/// What a consumer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Want {
    /// At most so many messages; none: a single one, answered in the short form.
    pub count: Option<u64>,
    /// The lease; none: the queue's own.
    pub lease_ms: Option<u64>,
    /// Whether the messages are settled right away.
    pub settle: bool,
}

/// A request that waits for messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Consumer {
    pub origin: Origin,
    pub request: u64,
    /// When it gives up.
    pub deadline_ms: Option<u64>,
    pub want: Want,
}

impl State {
    /// When something happens to the message by itself.
    pub fn deadline_ms(&self) -> Option<u64> {
        match *self {
            State::Ready | State::Dead => None,
            State::Delayed { until_ms } | State::Inflight { until_ms, .. } => Some(until_ms),
        }
    }
}

impl Message {
    /// Whether the receipt of delivery `attempt` is its newest.
    pub fn is_at(&self, attempt: u32) -> bool {
        attempt > 0 && attempt == self.attempts
    }
}

impl Consumer {
    /// Whether it has waited long enough.
    pub fn is_late(&self, now_ms: u64) -> bool {
        self.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms)
    }
}
