//! Where operations of all connections gather while the entry before is on its
//! way.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};

use lockstep_core::keys::Class;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::batch::Ops;
use crate::mailbox::{Mailbox, Refusal};
use crate::tickets::Ticket;

/// How much may gather, how much goes into one entry, and what is told of it. May
/// be changed at any time.
#[derive(Debug)]
pub struct Limits {
    /// Bytes of one entry, unless one connection's share alone is larger
    /// (`batch-bytes-max`).
    pub batch_bytes_max: AtomicUsize,
    /// Operations of one entry, unless one connection's share alone has more
    /// (`batch-ops-max`).
    pub batch_ops_max: AtomicUsize,
    /// Bytes waiting to be proposed; beyond it operations are refused as busy
    /// (`inbox-bytes-max`).
    pub inbox_bytes_max: AtomicUsize,
    /// Whether the leader gathers what happens to locks (`notify-lock-events`).
    pub lock_events: AtomicBool,
    /// The classes of what happens to keys that the leader gathers, as bits
    /// (`notify-keyspace-events`).
    pub key_events: AtomicU64,
}

impl Limits {
    /// Whether the leader gathers events of keys of this class.
    pub(crate) fn hears(&self, class: Class) -> bool {
        self.key_events.load(Relaxed) & class.bit() != 0
    }
}

/// The operations that wait to be proposed, in the order they came.
#[derive(Debug)]
pub(crate) struct Inbox {
    waiting: Mutex<Waiting>,
    bell: Notify,
    limits: Arc<Limits>,
}

#[derive(Debug, Default)]
struct Waiting {
    ops: Vec<Ops>,
    tickets: Vec<Ticket>,
    bytes: usize,
    count: usize,
    closed: bool,
}

impl Inbox {
    pub(crate) fn new(limits: Arc<Limits>) -> Self {
        Inbox { waiting: Mutex::default(), bell: Notify::new(), limits }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Adds a connection's share, if there is room for it.
    pub(crate) fn put(&self, ops: Ops, mailbox: Arc<Mailbox>) -> Result<(), Refusal> {
        self.add(ops, mailbox, false)
    }

    /// Adds what ends holds and waits, or moves the clock: however much waits
    /// already. It is small, and it is what makes room.
    pub(crate) fn put_always(&self, ops: Ops, mailbox: Arc<Mailbox>) -> Result<(), Refusal> {
        self.add(ops, mailbox, true)
    }

    fn add(&self, ops: Ops, mailbox: Arc<Mailbox>, always: bool) -> Result<(), Refusal> {
        let ticket = Ticket { count: ops.len(), has_ahead: ops.has_ahead, mailbox };
        let bytes = ops.bytes();
        let ticket_count = ticket.count;
        let first = {
            let mut waiting = self.waiting.lock();
            if waiting.closed {
                return Err(Refusal::Stopping);
            }
            let full = waiting.bytes > 0
                && waiting.bytes + bytes > self.limits.inbox_bytes_max.load(Relaxed);
            if full && !always {
                return Err(Refusal::Busy);
            }
            waiting.ops.push(ops);
            waiting.tickets.push(ticket);
            waiting.bytes += bytes;
            waiting.count += ticket_count;
            waiting.ops.len() == 1
        };
        if first {
            self.bell.notify_one();
        }
        Ok(())
    }

    /// Whether nothing is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.lock().ops.is_empty()
    }

    /// Waits until something is there.
    pub(crate) async fn filled(&self) {
        while self.is_empty() {
            self.bell.notified().await;
        }
    }

    /// Takes as much as one entry holds.
    pub(crate) fn take(&self) -> (Vec<Ops>, Vec<Ticket>) {
        let mut waiting = self.waiting.lock();
        let fits = self.fits(&waiting);
        if fits == waiting.ops.len() {
            (waiting.bytes, waiting.count) = (0, 0);
            return (std::mem::take(&mut waiting.ops), std::mem::take(&mut waiting.tickets));
        }
        let ops: Vec<_> = waiting.ops.drain(..fits).collect();
        let tickets = waiting.tickets.drain(..fits).collect();
        waiting.bytes -= ops.iter().map(Ops::bytes).sum::<usize>();
        waiting.count -= ops.iter().map(Ops::len).sum::<usize>();
        (ops, tickets)
    }

    /// How many shares fit into one entry; at least one.
    fn fits(&self, waiting: &Waiting) -> usize {
        let bytes_max = self.limits.batch_bytes_max.load(Relaxed);
        let ops_max = self.limits.batch_ops_max.load(Relaxed);
        if waiting.bytes <= bytes_max && waiting.count <= ops_max {
            return waiting.ops.len();
        }
        let (mut bytes, mut count) = (0, 0);
        let fits = waiting.ops.iter().take_while(|ops| {
            bytes += ops.bytes();
            count += ops.len();
            bytes <= bytes_max && count <= ops_max
        });
        fits.count().max(1)
    }

    /// Refuses everything from now on and what still waits.
    pub(crate) fn close(&self) {
        self.waiting.lock().closed = true;
        self.refuse(Refusal::Stopping);
    }

    /// Refuses what waits.
    pub(crate) fn refuse(&self, why: Refusal) {
        let tickets = {
            let mut waiting = self.waiting.lock();
            waiting.ops.clear();
            (waiting.bytes, waiting.count) = (0, 0);
            std::mem::take(&mut waiting.tickets)
        };
        for ticket in tickets {
            ticket.mailbox.put(crate::Delivery::Refused(why));
        }
    }
}
