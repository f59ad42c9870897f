//! Where a connection waits for the outcomes of what it handed in.

use std::task::{Context, Poll, Waker};

use lockstep_core::Outcome;
use parking_lot::Mutex;

/// What became of operations that were handed in.
#[derive(Debug)]
pub enum Delivery {
    /// Applied; the outcomes in order.
    Done(Vec<Outcome>),
    /// Not applied, and never will be.
    Refused(Refusal),
    /// Proposed, but this node will not learn whether they were applied.
    Unknown,
}

/// Why operations were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This node does not lead the shard.
    NotLeader,
    /// The shard has no leader that could be reached, and had none for long.
    NoLeader,
    /// Too much is waiting already (`inbox-bytes-max`).
    Busy,
    /// The node is stopping or has failed.
    Stopping,
}

/// Takes one delivery at a time from a shard to a connection.
#[derive(Debug, Default)]
pub struct Mailbox {
    slot: Mutex<Slot>,
}

#[derive(Debug, Default)]
struct Slot {
    delivery: Option<Delivery>,
    waker: Option<Waker>,
}

impl Mailbox {
    /// Puts the delivery in and wakes who waits for it.
    pub fn put(&self, delivery: Delivery) {
        let waker = {
            let mut slot = self.slot.lock();
            slot.delivery = Some(delivery);
            slot.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes the delivery, or asks to be woken.
    pub fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Delivery> {
        let mut slot = self.slot.lock();
        match slot.delivery.take() {
            Some(delivery) => Poll::Ready(delivery),
            None => {
                match &mut slot.waker {
                    Some(waker) => waker.clone_from(cx.waker()),
                    empty => *empty = Some(cx.waker().clone()),
                }
                Poll::Pending
            }
        }
    }

    /// Takes the delivery, if there is one.
    pub fn try_take(&self) -> Option<Delivery> {
        self.slot.lock().delivery.take()
    }

    /// Waits for the delivery.
    pub async fn take(&self) -> Delivery {
        std::future::poll_fn(|cx| self.poll_take(cx)).await
    }
}
