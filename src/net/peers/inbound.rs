//! A connection that another node made, and the serving of its requests.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Instant;

use lockstep_core::NodeId;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::assembly::Message;
use super::batch::BATCH_BYTES;
use super::frame::Kind;
use super::handshake::{Accepted, Purpose};
use super::hub::Hub;
use super::outbox::Outbox;
use super::peer::Peer;
use super::service::{BoxFuture, Served, Service};
use super::status::{LinkKind, LinkState, LinkStatus, Meter};
use super::wire::{Broken, Wire};
use bytes::Bytes;

/// The other node pings ten times within this: after so many silences it is gone.
const SILENCES_MAX: u32 = 10;

/// What others see of the connection.
#[derive(Debug)]
pub(super) struct Inbound {
    pub(super) node: NodeId,
    pub(super) boot: u64,
    kind: LinkKind,
    from: SocketAddr,
    since: Instant,
    outbox: Outbox,
    meter: Arc<Meter>,
    /// Requests that are being served on tasks of their own.
    serving: AtomicUsize,
    panicked: AtomicBool,
    close: Notify,
}

impl Inbound {
    /// Ends the connection.
    pub(super) fn close(&self) {
        self.close.notify_one();
    }

    pub(super) fn status(&self) -> LinkStatus {
        let mut status = self.meter.status(self.node, self.kind, &self.from.to_string());
        status.inbound = true;
        status.state = LinkState::Up;
        status.since = self.since.elapsed();
        status.queue_bytes = self.outbox.bytes() as u64;
        status
    }
}

/// Serves a node that was let in, until the connection ends.
pub(super) async fn serve(hub: &Arc<Hub>, stream: TcpStream, from: SocketAddr, who: Accepted) {
    let Some(peer) = hub.peer_or_stranger(who.from.node) else { return };
    let limits = &hub.options.limits;
    let kind = if who.purpose == Purpose::Urgent { LinkKind::Urgent } else { LinkKind::Rest };
    let inbound = Arc::new(Inbound {
        node: who.from.node,
        boot: who.from.boot,
        kind,
        from,
        since: Instant::now(),
        outbox: Outbox::new(limits),
        meter: Arc::default(),
        serving: AtomicUsize::new(0),
        panicked: AtomicBool::new(false),
        close: Notify::new(),
    });
    enter(hub, &peer, &inbound);
    let meter = Arc::clone(&inbound.meter);
    let wire = Wire::new(stream, who.agreed.seals, limits.message_bytes_max, meter);
    let broken = run(hub, &inbound, wire).await;
    inbound.outbox.shut();
    leave(hub, &inbound);
    match broken {
        Broken::Panicked | Broken::Damaged(_) => {
            tracing::error!(node = peer.node.0, ?kind, "connection of a peer closed: {broken}");
        }
        _ => tracing::debug!(node = peer.node.0, ?kind, "connection of a peer ended: {broken}"),
    }
    peer.disconnected(&broken, &*hub.service);
}

/// Takes the place of an older connection, and dials back at once.
fn enter(hub: &Hub, peer: &Peer, inbound: &Arc<Inbound>) {
    let mut all = hub.inbound.lock();
    // Those of an earlier life are dead, also when nothing says so.
    let before = all.len();
    all.retain(|_, old| {
        let dead = old.node == inbound.node && old.boot < inbound.boot;
        if dead {
            old.close();
        }
        !dead
    });
    let reborn = all.len() < before;
    if let Some(old) = all.insert((inbound.node, inbound.kind), Arc::clone(inbound)) {
        old.close();
    }
    drop(all);
    if reborn {
        let error = std::io::ErrorKind::ConnectionReset.into();
        peer.disconnected(&Broken::Reset(error), &*hub.service);
    }
    peer.connected();
    for link in peer.links() {
        link.hurry();
    }
}

fn leave(hub: &Hub, inbound: &Arc<Inbound>) {
    let mut all = hub.inbound.lock();
    let key = (inbound.node, inbound.kind);
    if all.get(&key).is_some_and(|newest| Arc::ptr_eq(newest, inbound)) {
        all.remove(&key);
    }
}

async fn run(hub: &Hub, inbound: &Arc<Inbound>, wire: Wire) -> Broken {
    let mut clock = interval(hub.options.limits.silence);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut connection = Connection { hub, inbound, wire, clock, heard: true, silences: 0 };
    let mut closed = pin!(inbound.close.notified());
    poll_fn(|cx| {
        if let Err(broken) = connection.poll(cx) {
            return Poll::Ready(broken);
        }
        closed.as_mut().poll(cx).map(|()| {
            let panicked = inbound.panicked.load(Relaxed);
            if panicked { Broken::Panicked } else { Broken::Replaced }
        })
    })
    .await
}

struct Connection<'a> {
    hub: &'a Hub,
    inbound: &'a Arc<Inbound>,
    wire: Wire,
    clock: Interval,
    heard: bool,
    silences: u32,
}

impl Connection<'_> {
    /// Reads, serves and replies as long as there is something to do.
    fn poll(&mut self, cx: &mut Context<'_>) -> Result<(), Broken> {
        self.wire.begin_turn();
        while self.clock.poll_tick(cx).is_ready() {
            self.look()?;
        }
        loop {
            let served_all = self.serve_messages()?;
            let sent = self.wire.poll_send(cx, &self.inbound.outbox);
            if let Poll::Ready(Err(broken)) = sent {
                return Err(broken);
            }
            // The socket wakes the task when it takes some of what waits.
            if sent.is_pending() && self.is_behind() {
                return Ok(());
            }
            if !served_all {
                continue;
            }
            match self.wire.poll_receive(cx) {
                Poll::Ready(Ok(())) => self.heard = true,
                Poll::Ready(Err(broken)) => return Err(broken),
                Poll::Pending => return Ok(()),
            }
        }
    }

    /// Whether so many replies wait to be taken that no more requests are served.
    fn is_behind(&self) -> bool {
        let waiting = self.inbound.outbox.bytes() + self.wire.unsent_bytes();
        waiting > self.hub.options.limits.reply_bytes_max
    }

    /// Serves what was read, up to a good batch of replies. True: that was all.
    fn serve_messages(&mut self) -> Result<bool, Broken> {
        let mut replied_bytes = 0;
        while replied_bytes < BATCH_BYTES {
            let Some(message) = self.wire.message()? else { return Ok(true) };
            match message.kind {
                Kind::Call => replied_bytes += self.call(message)?,
                Kind::Tell => {
                    let service = &*self.hub.service;
                    guarded(|| service.told(self.inbound.node, message.body))?;
                }
                Kind::Ping => self.inbound.outbox.pong(message.id),
                // Replies come on the connections that this node makes.
                Kind::Reply | Kind::Pong | Kind::Unserved | Kind::Unsendable => {}
            }
        }
        Ok(false)
    }

    /// Serves a request; says how long the reply is that is there at once.
    fn call(&mut self, message: Message) -> Result<usize, Broken> {
        let Message { id, stream, body, .. } = message;
        let inbound = self.inbound;
        if inbound.serving.load(Relaxed) >= self.hub.options.limits.serving_max {
            inbound.outbox.turn_back(id, stream);
            return Ok(0);
        }
        let service: &dyn Service = &*self.hub.service;
        match guarded(|| service.serve(inbound.node, body))? {
            Served::Now(reply) => {
                let bytes = reply.len();
                inbound.outbox.reply(id, stream, reply);
                Ok(bytes)
            }
            Served::Later(later) => {
                inbound.serving.fetch_add(1, Relaxed);
                let inbound = Arc::clone(inbound);
                self.hub.runtime.spawn(async move {
                    let reply = guarded_later(later).await;
                    inbound.serving.fetch_sub(1, Relaxed);
                    match reply {
                        Ok(reply) => inbound.outbox.reply(id, stream, reply),
                        Err(_) => {
                            inbound.panicked.store(true, Relaxed);
                            inbound.close();
                        }
                    }
                });
                Ok(0)
            }
        }
    }

    fn look(&mut self) -> Result<(), Broken> {
        let heard = std::mem::take(&mut self.heard);
        self.silences = if heard { 0 } else { self.silences + 1 };
        if self.silences > SILENCES_MAX { Err(Broken::Silent) } else { Ok(()) }
    }
}

/// Runs a part of the service; its panic ends only this connection.
pub(super) fn guarded<T>(part: impl FnOnce() -> T) -> Result<T, Broken> {
    // What a panic may leave half done belongs to the service, which has to cope.
    catch_unwind(AssertUnwindSafe(part)).map_err(|_| Broken::Panicked)
}

/// The same for a part that takes its time.
pub(super) async fn guarded_later(mut later: BoxFuture<Bytes>) -> Result<Bytes, Broken> {
    poll_fn(|cx| match guarded(|| later.as_mut().poll(cx)) {
        Ok(poll) => poll.map(Ok),
        Err(broken) => Poll::Ready(Err(broken)),
    })
    .await
}
