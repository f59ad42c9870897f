//! What others may see of a connection and ask of it, and the register of all.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use crate::connection::Turns;
use crate::weight::Weight;
use crate::{Closed, ConnectionLimits};

/// Look at the clock: a second has passed.
pub(crate) const TICK: u8 = 1;
/// Finish the batch and close.
pub(crate) const STOP: u8 = 2;
/// Close at once.
pub(crate) const CLOSE: u8 = 4;

/// Bytes read and written.
#[derive(Debug, Default)]
pub struct Traffic {
    /// From clients.
    pub bytes_in: AtomicU64,
    /// To clients.
    pub bytes_out: AtomicU64,
}

/// What the server counts of its connections since it started.
#[derive(Debug, Default)]
pub struct Counters {
    /// Accepted (`total_connections_received`).
    pub accepted: AtomicU64,
    /// Turned away because of `maxclients` (`rejected_connections`).
    pub rejected: AtomicU64,
    /// Turned away by protected mode.
    pub denied: AtomicU64,
    /// Closed because a browser was on the other side (`POST`, `Host:`).
    pub cross_protocol: AtomicU64,
    /// Closed because of malformed input.
    pub protocol_errors: AtomicU64,
    /// Closed because the query buffer limit was passed.
    pub query_buffer_limit: AtomicU64,
    /// Closed because the output buffer limit was passed.
    pub output_buffer_limit: AtomicU64,
    /// Closed because all clients together held too much (`evicted_clients`).
    pub evicted: AtomicU64,
    /// Closed because nothing came for too long.
    pub idle: AtomicU64,
    /// Accepting failed.
    pub accept_errors: AtomicU64,
}

/// All connections of a server, their settings and what is counted of them.
#[derive(Debug, Default)]
pub struct Connections {
    /// The settings.
    pub limits: ConnectionLimits,
    /// Bytes of all connections.
    pub traffic: Traffic,
    /// Events of all connections.
    pub counters: Counters,
    pub(crate) turns: Turns,
    /// What the clients hold together, as far as it was counted.
    pub(crate) clients_bytes: AtomicIsize,
    links: Mutex<HashMap<u64, Arc<Link>>>,
    last_id: AtomicU64,
    /// Seconds since the start, moved by [`Connections::tick`].
    now_seconds: AtomicU64,
}

/// One connection, as others see it.
#[derive(Debug)]
pub struct Link {
    /// The client id: unique on this node, growing.
    pub id: u64,
    /// The client's address.
    pub peer: SocketAddr,
    /// The address it connected to.
    pub local: SocketAddr,
    /// Its bytes.
    pub traffic: Traffic,
    /// Bytes received and not executed yet (`qbuf`).
    pub query_bytes: AtomicUsize,
    /// Bytes of replies the client has not taken yet (`omem`).
    pub output_bytes: AtomicUsize,
    /// When it was opened, in seconds of its register's clock.
    pub opened_seconds: u64,
    active_seconds: AtomicU64,
    pub(crate) weight: Weight,
    /// Whether the connection wants to be rung every second.
    pub(crate) ticking: AtomicBool,
    bell: AtomicU8,
    waker: Mutex<Option<Waker>>,
}

impl Counters {
    pub(crate) fn count(&self, why: Closed) {
        let counter = match why {
            Closed::ProtocolError => &self.protocol_errors,
            Closed::CrossProtocol => &self.cross_protocol,
            Closed::QueryLimit => &self.query_buffer_limit,
            Closed::OutputLimit => &self.output_buffer_limit,
            Closed::Idle => &self.idle,
            Closed::ByClient | Closed::ByHandler | Closed::Killed | Closed::Stopping => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Connections {
    /// An empty register with these settings.
    pub fn new(limits: ConnectionLimits) -> Arc<Self> {
        Arc::new(Connections { limits, ..Connections::default() })
    }

    /// How many connections are open.
    pub fn len(&self) -> usize {
        self.links().len()
    }

    /// Whether none is open.
    pub fn is_empty(&self) -> bool {
        self.links().is_empty()
    }

    /// The connection with this id.
    pub fn get(&self, id: u64) -> Option<Arc<Link>> {
        self.links().get(&id).cloned()
    }

    /// Seconds on the register's clock.
    pub fn now_seconds(&self) -> u64 {
        self.now_seconds.load(Ordering::Relaxed)
    }

    /// Moves the clock by `seconds` and wakes the connections that have to look
    /// at it. The listener calls it once a second.
    pub fn tick(&self, seconds: u64) {
        let now = self.now_seconds.fetch_add(seconds, Ordering::Relaxed).saturating_add(seconds);
        let timeout = self.limits.timeout_seconds.load(Ordering::Relaxed);
        for link in self.links().values() {
            let idle = timeout > 0 && link.idle_seconds(now) >= timeout;
            if idle || link.ticking.load(Ordering::Relaxed) {
                link.ring(TICK);
            }
        }
    }

    /// Lets every connection finish its batch and then close.
    pub fn stop(&self) {
        for link in self.links().values() {
            link.ring(STOP);
        }
    }

    /// Enters a connection that was just accepted. The register forgets it when
    /// [`connection::serve`](crate::connection::serve) ends.
    pub fn open(&self, peer: SocketAddr, local: SocketAddr) -> Arc<Link> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let now = self.now_seconds();
        let link = Arc::new(Link {
            id,
            peer,
            local,
            traffic: Traffic::default(),
            query_bytes: AtomicUsize::new(0),
            output_bytes: AtomicUsize::new(0),
            opened_seconds: now,
            active_seconds: AtomicU64::new(now),
            weight: Weight::default(),
            ticking: AtomicBool::new(false),
            bell: AtomicU8::new(0),
            waker: Mutex::new(None),
        });
        self.links().insert(id, Arc::clone(&link));
        link
    }

    pub(crate) fn forget(&self, id: u64) {
        let link = self.links().remove(&id);
        if let Some(link) = link {
            self.part_with(&link);
        }
    }

    pub(crate) fn links(&self) -> MutexGuard<'_, HashMap<u64, Arc<Link>>> {
        // A map of handles is whole after every single operation, so a panic
        // elsewhere while it was locked has not damaged it.
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// Closes the connection at once, whatever it is doing (CLIENT KILL).
    pub fn close(&self) {
        self.ring(CLOSE);
    }

    /// How long nothing was read or written, at `now` of the register's clock.
    pub fn idle_seconds(&self, now: u64) -> u64 {
        now.saturating_sub(self.active_seconds.load(Ordering::Relaxed))
    }

    pub(crate) fn touch(&self, now: u64) {
        self.active_seconds.store(now, Ordering::Relaxed);
    }

    /// What was rung.
    pub(crate) fn rung(&self) -> u8 {
        self.bell.load(Ordering::Acquire)
    }

    /// Whether somebody wants the connection closed at once.
    pub(crate) fn is_closed(&self) -> bool {
        self.rung() & CLOSE != 0
    }

    pub(crate) fn answer(&self, bits: u8) {
        self.bell.fetch_and(!bits, Ordering::AcqRel);
    }

    /// Says which task to wake. Look at [`Link::rung`] afterwards.
    pub(crate) fn listen(&self, waker: &Waker) {
        *self.waker() = Some(waker.clone());
    }

    fn ring(&self, bits: u8) {
        self.bell.fetch_or(bits, Ordering::AcqRel);
        if let Some(waker) = self.waker().as_ref() {
            waker.wake_by_ref();
        }
    }

    fn waker(&self) -> MutexGuard<'_, Option<Waker>> {
        self.waker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
