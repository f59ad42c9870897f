//! One question to whoever is at an address.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::assembly::Message;
use super::dialling::connect;
use super::frame::Kind;
use super::handshake::{Accepted, Agreed, Failed, Purpose, dial};
use super::hub::Hub;
use super::inbound::{guarded, guarded_later};
use super::options::PeerLimits;
use super::outbox::{Outbox, Outcome};
use super::service::{CallError, Lane, Served};
use super::wire::{Broken, Wire};

/// How long a served knock may take: who waits longer has gone.
const SERVED_MAX: Duration = Duration::from_secs(30);

/// Knocks, asks, hears, leaves.
pub(super) async fn knock(
    hub: Arc<Hub>,
    address: String,
    request: Bytes,
    time: Duration,
) -> Outcome {
    let mut asked = false;
    let visit = async {
        let (stream, agreed) = enter(&hub, &address).await.map_err(|failed| {
            note(&hub, &address, &failed);
            CallError::NotSent
        })?;
        let mut visit = Visit::new(&hub.options.limits, stream, agreed);
        let call = visit.outbox.call(Lane::Data, request);
        let (_, mut reply) = call.ok_or(CallError::NotSent)?;
        asked = true;
        let heard = visit.until(|message, outbox| {
            match message.kind {
                Kind::Reply => outbox.settle(message.id, Ok(message.body)),
                Kind::Unserved => outbox.settle(message.id, Err(CallError::NotSent)),
                _ => {}
            }
            !outbox.has_calls()
        });
        heard.await.map_err(|_| CallError::Lost)?;
        reply.try_recv().unwrap_or(Err(CallError::Lost))
    };
    match timeout(time, visit).await {
        Ok(outcome) => outcome,
        Err(_) if asked => Err(CallError::Lost),
        Err(_) => Err(CallError::NotSent),
    }
}

async fn enter(hub: &Hub, address: &str) -> Result<(TcpStream, Agreed), Failed> {
    let mut stream = connect(address).await?;
    let (agreed, _) = dial(&mut stream, hub.wanted(Purpose::Knock, NodeId(0))).await?;
    Ok((stream, agreed))
}

fn note(hub: &Hub, address: &str, failed: &Failed) {
    if !hub.rarely.now((address, failed.to_string())) {
        return;
    }
    match failed {
        Failed::Refused(refusal) => tracing::error!(%address, "knock refused: {refusal}"),
        _ => tracing::debug!(%address, "knock not heard: {failed}"),
    }
}

/// Serves the one question of somebody who knocked.
pub(super) async fn serve(hub: &Hub, stream: TcpStream, who: Accepted) {
    let visit = async {
        let mut visit = Visit::new(&hub.options.limits, stream, who.agreed);
        let mut asked = None;
        let heard = visit.until(|message, _| {
            let is_call = message.kind == Kind::Call;
            asked = is_call.then_some(message);
            is_call
        });
        heard.await?;
        let Some(Message { id, stream, body, .. }) = asked else { return Ok(()) };
        let reply = match guarded(|| hub.service.knocked(body))? {
            Served::Now(reply) => reply,
            Served::Later(later) => guarded_later(later).await?,
        };
        visit.outbox.reply(id, stream, reply);
        visit.flush().await
    };
    // Who knocks may leave at any time.
    if let Ok(Err(broken @ (Broken::Panicked | Broken::Damaged(_)))) =
        timeout(SERVED_MAX, visit).await
    {
        tracing::error!("connection of somebody who knocked closed: {broken}");
    }
}

/// A connection for one question.
struct Visit {
    wire: Wire,
    outbox: Outbox,
}

impl Visit {
    fn new(limits: &PeerLimits, stream: TcpStream, agreed: Agreed) -> Self {
        let bytes_max = limits.knock_bytes_max;
        let limits = PeerLimits { message_bytes_max: bytes_max, ..limits.clone() };
        let wire = Wire::new(stream, agreed.seals, bytes_max, Arc::default());
        Visit { wire, outbox: Outbox::new(&limits) }
    }

    /// Sends and receives until `take` has what it waits for.
    async fn until(
        &mut self,
        mut take: impl FnMut(Message, &Outbox) -> bool,
    ) -> Result<(), Broken> {
        poll_fn(|cx| {
            self.wire.begin_turn();
            loop {
                if let Poll::Ready(Err(broken)) = self.wire.poll_send(cx, &self.outbox) {
                    return Poll::Ready(Err(broken));
                }
                while let Some(message) = self.wire.message()? {
                    if take(message, &self.outbox) {
                        return Poll::Ready(Ok(()));
                    }
                }
                std::task::ready!(self.wire.poll_receive(cx))?;
            }
        })
        .await
    }

    async fn flush(&mut self) -> Result<(), Broken> {
        poll_fn(|cx| {
            self.wire.begin_turn();
            self.wire.poll_send(cx, &self.outbox)
        })
        .await
    }
}
