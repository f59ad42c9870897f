//! One connection: frames in, frames out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use super::assembly::{Assembly, Message};
use super::batch::Batch;
use super::frame::{Damage, Found, Seal};
use super::outbox::Outbox;
use super::status::Meter;

/// How much room there is for what comes, as long as no frame is longer.
const INPUT_BYTES: usize = 64 << 10;

/// When no more than this comes at once, a buffer that has grown shrinks.
const SMALL_BYTES: usize = 4 << 10;

/// A connection lets other tasks run after so many bytes in and out.
const TURN_BYTES: usize = 512 << 10;

/// Why a connection has ended.
#[derive(Debug)]
pub(super) enum Broken {
    /// The other side ended it, or the network did.
    Reset(io::Error),
    /// What came is not what was sent.
    Damaged(Damage),
    /// Nothing has come for too long.
    Silent,
    /// The service panicked.
    Panicked,
    /// There is a newer connection.
    Replaced,
    /// It is not wanted any more.
    Unwanted,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Broken::Reset(error) => write!(f, "the connection broke: {error}"),
            Broken::Damaged(damage) => write!(f, "{damage}"),
            Broken::Silent => f.write_str("nothing has come for too long"),
            Broken::Panicked => f.write_str("the service of this node panicked"),
            Broken::Replaced => f.write_str("a newer connection has taken its place"),
            Broken::Unwanted => f.write_str("it is not wanted any more"),
        }
    }
}

/// A connection behind its handshake.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    input: Vec<u8>,
    /// What of the input is there and not taken.
    range: std::ops::Range<usize>,
    last_read: usize,
    /// Bytes that may still be moved before other tasks get their turn.
    turn: usize,
    seal: Seal,
    assembly: Assembly,
    batch: Batch,
    meter: Arc<Meter>,
}

impl Wire {
    /// With the numbers of the two directions that the handshake drew.
    pub(super) fn new(
        stream: TcpStream,
        (outgoing, incoming): (u32, u32),
        message_bytes_max: usize,
        meter: Arc<Meter>,
    ) -> Self {
        Wire {
            stream,
            input: vec![0; INPUT_BYTES],
            range: 0..0,
            last_read: 0,
            turn: TURN_BYTES,
            seal: Seal::new(incoming),
            assembly: Assembly::new(message_bytes_max),
            batch: Batch::new(Seal::new(outgoing)),
            meter,
        }
    }

    /// To be called whenever the task is polled.
    pub(super) fn begin_turn(&mut self) {
        self.turn = TURN_BYTES;
    }

    /// Whether it is the turn of others; the task is woken after them.
    fn turn_is_over(&self, cx: &Context<'_>) -> bool {
        let over = self.turn == 0;
        if over {
            cx.waker().wake_by_ref();
        }
        over
    }

    /// Writes what waits. Ready: nothing is left, and the task is woken when there is
    /// more.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        outbox: &Outbox,
    ) -> Poll<Result<(), Broken>> {
        loop {
            outbox.fill(&mut self.batch, cx);
            if self.batch.is_empty() {
                return Poll::Ready(Ok(()));
            }
            if self.turn_is_over(cx) {
                return Poll::Pending;
            }
            self.meter.sent_frames.fetch_add(self.batch.take_frames(), Relaxed);
            let written = ready!(self.batch.poll_write(&mut self.stream, cx));
            let written = written.map_err(Broken::Reset)?;
            self.meter.sent_bytes.fetch_add(written as u64, Relaxed);
            self.turn = self.turn.saturating_sub(written);
        }
    }

    /// How many bytes wait for the socket.
    pub(super) fn unsent_bytes(&self) -> usize {
        self.batch.len()
    }

    /// Reads what is there, once.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        if self.turn_is_over(cx) {
            return Poll::Pending;
        }
        self.make_room();
        let mut buf = ReadBuf::new(&mut self.input[self.range.end..]);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf)).map_err(Broken::Reset)?;
        let read = buf.filled().len();
        if read == 0 {
            return Poll::Ready(Err(Broken::Reset(io::ErrorKind::UnexpectedEof.into())));
        }
        self.range.end += read;
        self.last_read = read;
        self.turn = self.turn.saturating_sub(read);
        self.meter.received_bytes.fetch_add(read as u64, Relaxed);
        Poll::Ready(Ok(()))
    }

    /// The next whole message of what was read.
    pub(super) fn message(&mut self) -> Result<Option<Message>, Broken> {
        loop {
            let found = self.seal.open(&self.input[self.range.clone()]).map_err(Broken::Damaged)?;
            let Found::Frame(head, body, len) = found else { return Ok(None) };
            let message = self.assembly.take(head, body).map_err(Broken::Damaged)?;
            self.range.start += len;
            self.meter.received_frames.fetch_add(1, Relaxed);
            if message.is_some() {
                return Ok(message);
            }
        }
    }

    /// Makes room for at least one more byte. The buffer grows to what has come, not
    /// to what was announced.
    fn make_room(&mut self) {
        if self.range.is_empty() {
            self.range = 0..0;
            if self.last_read <= SMALL_BYTES && self.input.len() > INPUT_BYTES {
                self.input = vec![0; INPUT_BYTES];
            }
        } else if self.input.len() - self.range.end < self.input.len() / 4 {
            self.input.copy_within(self.range.clone(), 0);
            self.range = 0..self.range.len();
            if self.range.end > self.input.len() / 2 {
                self.input.resize(self.input.len() * 2, 0);
            }
        }
    }
}
