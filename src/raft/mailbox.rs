//! Where a connection waits for the outcomes of what it handed in.

use std::fmt;
use std::task::{Context, Poll, Waker};

use lockstep_core::Outcome;
use parking_lot::Mutex;

use crate::peers::Later;

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

#[derive(Default)]
struct Slot {
    delivery: Option<Delivery>,
    waker: Option<Waker>,
    /// What brings the delivery, carried on by whoever waits for it.
    errand: Option<Later<Delivery>>,
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, errand: {}", self.delivery, self.errand.is_some())
    }
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

    /// Leaves it to an errand to bring the delivery. It is begun at once, and
    /// carried on while somebody waits for the delivery; it ends unfinished when
    /// the mailbox is dropped.
    pub(crate) fn send(&self, mut errand: Later<Delivery>) {
        match errand.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(delivery) => self.put(delivery),
            Poll::Pending => {
                let waker = {
                    let mut slot = self.slot.lock();
                    slot.errand = Some(errand);
                    slot.waker.take()
                };
                // Whoever waits already has to carry it on.
                if let Some(waker) = waker {
                    waker.wake();
                }
            }
        }
    }

    /// Takes the delivery, or asks to be woken.
    pub fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Delivery> {
        let mut slot = self.slot.lock();
        if let Some(errand) = slot.errand.take() {
            drop(slot);
            return self.poll_errand(errand, cx);
        }
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

    /// Carries an errand on without the lock: it does whatever it likes.
    fn poll_errand(&self, mut errand: Later<Delivery>, cx: &mut Context<'_>) -> Poll<Delivery> {
        let polled = errand.as_mut().poll(cx);
        if polled.is_pending() {
            self.slot.lock().errand = Some(errand);
        }
        polled
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
