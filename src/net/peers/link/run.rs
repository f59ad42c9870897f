//! The task of a link: dials, runs the connection, dials again.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep, timeout};

use super::Link;
use crate::peers::dialling::connect;
use crate::peers::frame::Kind;
use crate::peers::handshake::{Agreed, Failed, Purpose, dial};
use crate::peers::hub::Hub;
use crate::peers::options::PeerLimits;
use crate::peers::peer::Peer;
use crate::peers::service::CallError;
use crate::peers::status::LinkKind;
use crate::peers::wire::{Broken, Wire};

/// So often, counted in looks at the clock, a link that is well is pinged.
const PING_EVERY: u32 = 10;

/// A connection for messages that may be long may be busy with one of them: as long as
/// the urgent one works it is given up only after so many times the usual silence.
const PATIENCE: u32 = 5;

/// Keeps the link up until the peer is not wanted any more.
pub(in crate::peers) async fn keep_up(hub: Arc<Hub>, peer: Arc<Peer>, kind: LinkKind) {
    let link = Arc::clone(peer.link(kind));
    let limits = &hub.options.limits;
    let mut pause = Pause::new(limits);
    loop {
        wait_for_cluster(&hub, &link).await;
        if link.gone.load(SeqCst) {
            return;
        }
        match attempt(&hub, &peer, kind).await {
            Ok((stream, agreed)) => {
                pause = Pause::new(limits);
                let broken = run(&hub, &peer, kind, stream, agreed).await;
                if matches!(broken, Broken::Unwanted) {
                    return;
                }
                note_break(&hub, &peer, kind, &broken);
            }
            Err(failed) => note_failure(&hub, &peer, kind, &failed),
        }
        tokio::select! {
            () = sleep(pause.next()) => {}
            () = link.now.notified() => {}
            () = link.close.notified() => return,
        }
    }
}

/// Within no cluster there are no others.
async fn wait_for_cluster(hub: &Hub, link: &Link) {
    while hub.me().cluster == 0 && !link.gone.load(SeqCst) {
        link.in_cluster(false);
        tokio::select! {
            () = sleep(hub.options.limits.probe) => {}
            () = link.now.notified() => {}
        }
    }
    link.in_cluster(true);
}

async fn attempt(hub: &Hub, peer: &Peer, kind: LinkKind) -> Result<(TcpStream, Agreed), Failed> {
    let address = peer.address().unwrap_or_default();
    let purpose = match kind {
        LinkKind::Urgent => Purpose::Urgent,
        LinkKind::Rest => Purpose::Rest,
    };
    let attempt = async {
        let mut stream = connect(&address).await?;
        let (agreed, _) = dial(&mut stream, hub.wanted(purpose, peer.node)).await?;
        Ok((stream, agreed))
    };
    let late = |_| Err(Failed::Late);
    timeout(hub.options.limits.connect, attempt).await.unwrap_or_else(late)
}

async fn run(hub: &Hub, peer: &Peer, kind: LinkKind, stream: TcpStream, agreed: Agreed) -> Broken {
    let link = peer.link(kind);
    let limits = &hub.options.limits;
    let wire = Wire::new(stream, agreed.seals, limits.message_bytes_max, Arc::clone(&link.meter));
    link.connected();
    peer.connected();
    let address = peer.address().unwrap_or_default();
    tracing::info!(node = peer.node.0, ?kind, %address, version = agreed.version, "peer link up");
    let watch = Watch { ping_waits: true, ..Watch::default() };
    let clock = clock(limits, hub.began);
    let mut connection = Connection { link, peer, limits, wire, clock, watch };
    // The first answer shows that the other side really serves.
    link.outbox.ping(link.now_us());
    let mut closed = pin!(link.close.notified());
    poll_fn(|cx| {
        if let Poll::Ready(broken) = connection.poll(cx) {
            return Poll::Ready(broken);
        }
        closed.as_mut().poll(cx).map(|()| Broken::Unwanted)
    })
    .await
}

fn note_break(hub: &Hub, peer: &Peer, kind: LinkKind, broken: &Broken) {
    let silent = matches!(broken, Broken::Silent);
    peer.link(kind).failed(broken.to_string(), silent);
    tracing::warn!(node = peer.node.0, ?kind, "peer link lost: {broken}");
    peer.disconnected(broken, &*hub.service);
}

fn note_failure(hub: &Hub, peer: &Peer, kind: LinkKind, failed: &Failed) {
    peer.link(kind).failed(failed.to_string(), false);
    let address = peer.address().unwrap_or_default();
    let node = peer.node.0;
    match failed {
        Failed::Refused(refusal) if !refusal.is_passing() => {
            if hub.rarely.now((node, refusal.to_string())) {
                tracing::error!(node, %address, "peer link refused: {refusal}");
            }
        }
        _ => {
            if hub.rarely.now((node, "unreachable")) {
                tracing::warn!(node, %address, "peer can not be reached: {failed}");
            }
        }
    }
}

/// The pauses between attempts: each about twice as long as the one before.
struct Pause<'a> {
    next: Duration,
    limits: &'a PeerLimits,
}

impl<'a> Pause<'a> {
    fn new(limits: &'a PeerLimits) -> Self {
        Pause { next: limits.pause_min, limits }
    }

    /// Half to three halves of what it should be, so that nodes do not dial in step.
    fn next(&mut self) -> Duration {
        let pause = self.next.mul_f64(rand::random_range(0.5..1.5));
        self.next = (self.next * 2).min(self.limits.pause_max);
        pause.min(self.limits.pause_max)
    }
}

/// Ticks when the clocks of the other links do: the thread wakes up once for all.
fn clock(limits: &PeerLimits, began: Instant) -> Interval {
    let ticks = began.elapsed().as_millis() / limits.probe.as_millis().max(1);
    let next = began + limits.probe.saturating_mul(u32::try_from(ticks + 1).unwrap_or(u32::MAX));
    let mut clock = interval_at(next, limits.probe);
    // Looks that this process was too busy for must not count as silence of the peer.
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    clock
}

struct Connection<'a> {
    link: &'a Link,
    peer: &'a Peer,
    limits: &'a PeerLimits,
    wire: Wire,
    clock: Interval,
    watch: Watch,
}

/// What the looks at the clock have shown.
#[derive(Default)]
struct Watch {
    /// Whether something came since the last look.
    heard: bool,
    /// Looks since a ping was sent.
    since_ping: u32,
    /// Looks without a sign of the peer while a ping waits for its answer.
    silent: u32,
    ping_waits: bool,
}

impl Connection<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Broken> {
        match self.poll_traffic(cx) {
            Ok(()) => Poll::Pending,
            Err(broken) => Poll::Ready(broken),
        }
    }

    fn poll_traffic(&mut self, cx: &mut Context<'_>) -> Result<(), Broken> {
        self.wire.begin_turn();
        while self.clock.poll_tick(cx).is_ready() {
            self.look()?;
        }
        loop {
            let sent = self.wire.poll_send(cx, &self.link.outbox);
            if let Poll::Ready(Err(broken)) = sent {
                return Err(broken);
            }
            match self.wire.poll_receive(cx) {
                Poll::Ready(Ok(())) => self.take_messages()?,
                Poll::Ready(Err(broken)) => return Err(broken),
                Poll::Pending => return Ok(()),
            }
        }
    }

    fn take_messages(&mut self) -> Result<(), Broken> {
        self.watch.heard = true;
        self.link.heard();
        let outbox = &self.link.outbox;
        while let Some(message) = self.wire.message()? {
            match message.kind {
                Kind::Reply => outbox.settle(message.id, Ok(message.body)),
                Kind::Unserved => outbox.settle(message.id, Err(CallError::NotSent)),
                Kind::Unsendable => outbox.settle(message.id, Err(CallError::Lost)),
                Kind::Pong => self.pong(message.id),
                // Requests come on the connections that the peer makes.
                Kind::Call | Kind::Tell | Kind::Ping => {}
            }
        }
        Ok(())
    }

    fn pong(&mut self, sent_us: u64) {
        self.watch.ping_waits = false;
        self.watch.silent = 0;
        let time_us = self.link.now_us().saturating_sub(sent_us);
        self.link.meter.round_trip(Duration::from_micros(time_us));
        self.link.answered();
    }

    /// Looks at the clock: pings, and gives a silent connection up.
    fn look(&mut self) -> Result<(), Broken> {
        let watch = &mut self.watch;
        let heard = std::mem::take(&mut watch.heard);
        watch.silent = if heard || !watch.ping_waits { 0 } else { watch.silent + 1 };
        watch.since_ping += 1;
        let silent = self.limits.probe * watch.silent;
        let patient = self.link.kind == LinkKind::Rest && self.peer.link(LinkKind::Urgent).is_up();
        if silent >= self.limits.silence * if patient { PATIENCE } else { 1 } {
            return Err(Broken::Silent);
        }
        let worried = !heard && self.link.outbox.has_calls();
        let due = watch.since_ping >= PING_EVERY || worried && !watch.ping_waits;
        if due || self.link.outbox.is_shut() {
            watch.since_ping = 0;
            watch.ping_waits = true;
            self.link.outbox.ping(self.link.now_us());
        }
        Ok(())
    }
}
