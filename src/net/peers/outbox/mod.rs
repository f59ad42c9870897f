//! What waits to be written to a link, and the calls that wait for a reply.

mod queues;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::task::{Context, Waker};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use self::queues::{Queues, Waiting};
use super::batch::Batch;
use super::frame::{Head, Kind, Stream};
use super::options::PeerLimits;
use super::service::{CallError, Lane};

/// How many pings may wait for their answer to be written; older ones are forgotten.
const PONGS_MAX: usize = 16;

/// The result of a call.
pub(super) type Outcome = Result<Bytes, CallError>;

/// The queues of a link or of an inbound connection. Anybody puts in; the task of the
/// connection takes out.
#[derive(Debug)]
pub(super) struct Outbox {
    state: Mutex<State>,
    message_bytes_max: usize,
    lane_bytes_max: [usize; 4],
    lane_messages_max: usize,
}

#[derive(Debug, Default)]
struct State {
    /// Whether nothing is taken: the circuit is open, or all is over.
    shut: bool,
    queues: Queues,
    calls: HashMap<u64, Call, BuildHasherDefault<Ids>>,
    last_id: u64,
    ping: Option<u64>,
    pongs: Vec<u64>,
    waker: Option<Waker>,
}

#[derive(Debug)]
struct Call {
    reply: oneshot::Sender<Outcome>,
    stream: Stream,
    /// Whether a part of it has left the queue.
    taken: bool,
}

/// Ids are counted up: they spread well enough as they are.
#[derive(Debug, Default)]
struct Ids(u64);

impl Hasher for Ids {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

impl Outbox {
    /// An empty one that takes messages, with the bounds for a link.
    pub(super) fn new(limits: &PeerLimits) -> Self {
        Outbox {
            state: Mutex::default(),
            message_bytes_max: limits.message_bytes_max,
            lane_bytes_max: limits.lane_bytes_max,
            lane_messages_max: limits.lane_messages_max,
        }
    }

    /// Queues a request. `None`: it is too long, its lane is full, or nothing is taken.
    pub(super) fn call(
        &self,
        lane: Lane,
        body: Bytes,
    ) -> Option<(u64, oneshot::Receiver<Outcome>)> {
        let stream = Stream::of(lane, body.len());
        let mut state = self.state.lock();
        if !self.admits(&state, stream, body.len()) {
            return None;
        }
        let id = state.queue(Kind::Call, stream, None, body);
        let (reply, receiver) = oneshot::channel();
        state.calls.insert(id, Call { reply, stream, taken: false });
        wake(state);
        Some((id, receiver))
    }

    /// Queues a message without a reply, or drops it.
    pub(super) fn tell(&self, lane: Lane, body: Bytes) {
        let stream = Stream::of(lane, body.len());
        let mut state = self.state.lock();
        if self.admits(&state, stream, body.len()) {
            state.queue(Kind::Tell, stream, None, body);
            wake(state);
        }
    }

    /// Queues the reply to a request that came on `stream`.
    pub(super) fn reply(&self, id: u64, stream: Stream, body: Bytes) {
        let mut state = self.state.lock();
        if state.shut {
            return;
        }
        if body.len() > self.message_bytes_max {
            state.queue(Kind::Unsendable, stream, Some(id), Bytes::new());
        } else {
            state.queue(Kind::Reply, Stream::of(stream.lane(), body.len()), Some(id), body);
        }
        wake(state);
    }

    /// Queues the word that a request is not served.
    pub(super) fn turn_back(&self, id: u64, stream: Stream) {
        let mut state = self.state.lock();
        state.queue(Kind::Unserved, stream, Some(id), Bytes::new());
        wake(state);
    }

    /// Asks for a sign of the peer.
    pub(super) fn ping(&self, id: u64) {
        let mut state = self.state.lock();
        state.ping = Some(id);
        wake(state);
    }

    /// Answers a ping.
    pub(super) fn pong(&self, id: u64) {
        let mut state = self.state.lock();
        if state.pongs.len() == PONGS_MAX {
            state.pongs.remove(0);
        }
        state.pongs.push(id);
    }

    /// The reply to a call has come.
    pub(super) fn settle(&self, id: u64, outcome: Outcome) {
        let call = self.state.lock().calls.remove(&id);
        if let Some(call) = call {
            // Who asked may have gone in this moment.
            let _ = call.reply.send(outcome);
        }
    }

    /// The caller waits no longer. `None`: the call was settled before.
    pub(super) fn cancel(&self, id: u64) -> Option<CallError> {
        let mut state = self.state.lock();
        let call = state.calls.remove(&id)?;
        state.queues.give_up(call.stream, id);
        Some(if call.taken { CallError::Lost } else { CallError::NotSent })
    }

    /// Moves what waits into the batch, as much as it takes; remembers whom to wake
    /// when there is more.
    pub(super) fn fill(&self, batch: &mut Batch, cx: &Context<'_>) {
        let mut state = self.state.lock();
        state.fill(batch);
        match &mut state.waker {
            Some(waker) if waker.will_wake(cx.waker()) => {}
            waker => *waker = Some(cx.waker().clone()),
        }
    }

    /// How many bytes wait.
    pub(super) fn bytes(&self) -> usize {
        self.state.lock().queues.bytes()
    }

    /// Whether somebody waits for a reply.
    pub(super) fn has_calls(&self) -> bool {
        !self.state.lock().calls.is_empty()
    }

    /// The connection has broken: what was written, even in part, is lost.
    pub(super) fn broke(&self) {
        let mut state = self.state.lock();
        state.queues.drop_begun();
        state.ping = None;
        let lost: Vec<u64> =
            state.calls.iter().filter(|(_, call)| call.taken).map(|(id, _)| *id).collect();
        for id in lost {
            state.end(id, CallError::Lost);
        }
    }

    /// Takes nothing more and turns back what was not written.
    pub(super) fn shut(&self) {
        let mut state = self.state.lock();
        state.shut = true;
        state.queues.drop_unbegun();
        let unsent: Vec<u64> =
            state.calls.iter().filter(|(_, call)| !call.taken).map(|(id, _)| *id).collect();
        for id in unsent {
            state.end(id, CallError::NotSent);
        }
    }

    /// Takes messages again.
    pub(super) fn open(&self) {
        self.state.lock().shut = false;
    }

    /// Whether nothing is taken.
    pub(super) fn is_shut(&self) -> bool {
        self.state.lock().shut
    }

    /// Whether there is room in the lane. One message always fits into an empty one.
    fn admits(&self, state: &State, stream: Stream, bytes: usize) -> bool {
        let lane = stream.lane();
        let (waiting, messages) = state.queues.of_lane(lane);
        let fits = waiting == 0
            || waiting.saturating_add(bytes) <= self.lane_bytes_max[lane as usize]
                && messages < self.lane_messages_max;
        !state.shut && bytes <= self.message_bytes_max && fits
    }
}

impl State {
    fn queue(&mut self, kind: Kind, stream: Stream, id: Option<u64>, body: Bytes) -> u64 {
        let id = id.unwrap_or_else(|| {
            self.last_id += 1;
            self.last_id
        });
        self.queues.push(stream, Waiting::new(kind, id, body));
        id
    }

    fn fill(&mut self, batch: &mut Batch) {
        let whole =
            |kind, id| Head { kind, stream: Stream::Urgent, more: false, given_up: false, id };
        for id in self.pongs.drain(..) {
            batch.push(whole(Kind::Pong, id), Bytes::new());
        }
        if let Some(id) = self.ping.take() {
            batch.push(whole(Kind::Ping, id), Bytes::new());
        }
        while batch.has_room() {
            let Some((head, body, first)) = self.queues.next() else { return };
            if first
                && head.kind == Kind::Call
                && let Some(call) = self.calls.get_mut(&head.id)
            {
                call.taken = true;
            }
            batch.push(head, body);
        }
    }

    fn end(&mut self, id: u64, why: CallError) {
        if let Some(call) = self.calls.remove(&id) {
            // Who asked may have gone in this moment.
            let _ = call.reply.send(Err(why));
        }
    }
}

/// Unlocks, then wakes the task of the connection.
fn wake(mut state: parking_lot::MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}
