//! The socket of a connection, with the replies that it did not take yet.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncWrite, Interest};
use tokio::net::TcpStream;
use tokio::task::unconstrained;

use super::Closed;
use super::backlog::Backlog;
use super::chunk::CHUNK_BYTES;
use super::input::Input;
use crate::limits::UNAUTHENTICATED_OUTPUT_BYTES_MAX;
use crate::link::{CLOSE, STOP, TICK};
use crate::{Connections, Link, Output, OutputClass};

/// Replies waiting for a client that does not read stop its commands here when no
/// hard limit is set.
const PENDING_BYTES_MAX: usize = 256 << 20;

/// While a command blocks, so much is read ahead.
const READ_AHEAD_BYTES_MAX: usize = CHUNK_BYTES;

/// An output buffer of at most so many bytes is kept by a connection that waits.
const OUTPUT_BYTES_KEPT_MAX: usize = 1024;

/// What the handler says of the connection, asked before it is lent out.
#[derive(Clone, Copy)]
pub(super) struct Standing {
    pub(super) class: OutputClass,
    pub(super) authenticated: bool,
    pub(super) idle_exempt: bool,
}

pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) link: Arc<Link>,
    pub(super) connections: Arc<Connections>,
    /// Replies that the socket did not take at once.
    pending: Backlog,
    /// Since when more wait than the soft limit allows.
    soft_since: Option<u64>,
    /// The waker that the link knows.
    waker: Option<Waker>,
}

impl Socket {
    pub(super) fn new(stream: TcpStream, link: Arc<Link>, connections: Arc<Connections>) -> Self {
        Socket {
            stream,
            link,
            connections,
            pending: Backlog::default(),
            soft_since: None,
            waker: None,
        }
    }

    /// Whether all replies were taken.
    pub(super) fn is_flushed(&self) -> bool {
        self.pending.is_empty()
    }

    /// Whether further commands may be executed while replies wait.
    pub(super) fn has_room(&self, standing: Standing) -> bool {
        let hard = self.connections.limits.output(standing.class).hard_bytes.load(Relaxed);
        self.pending.len() < if hard > 0 { hard } else { PENDING_BYTES_MAX }
    }

    /// Writes as much of `out` as the socket takes and keeps the rest. Never waits.
    pub(super) async fn send(
        &mut self,
        out: &mut Output,
        standing: Standing,
    ) -> Result<(), Closed> {
        self.check_hard_limit(out.len(), standing)?;
        if self.pending.is_empty() {
            let written = std::future::poll_fn(|context| {
                Poll::Ready(self.poll_write_all(context, &mut out.bytes))
            });
            // Tokio's budget would look like a client that does not read.
            unconstrained(written).await?;
        }
        if !out.is_empty() {
            self.pending.push(&mut out.bytes);
        }
        if out.bytes.capacity() > OUTPUT_BYTES_KEPT_MAX {
            out.bytes = BytesMut::new();
        }
        self.check_waiting(standing)
    }

    /// Writes what waits, as far as the socket takes it.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Result<(), Closed> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let mut pending = std::mem::take(&mut self.pending);
        let written = self.poll_write_pieces(context, &mut pending);
        self.pending = pending;
        self.link.output_bytes.store(self.pending.len(), Relaxed);
        self.connections.weigh(&self.link);
        written
    }

    fn poll_write_pieces(
        &mut self,
        context: &mut Context<'_>,
        pending: &mut Backlog,
    ) -> Result<(), Closed> {
        while let Some(piece) = pending.next() {
            let (whole, written) = (piece.len(), self.poll_write(context, piece)?);
            pending.sent(written);
            if written < whole {
                break;
            }
        }
        Ok(())
    }

    /// Writes as much as the socket takes; says how much that was.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Result<usize, Closed> {
        let mut written = 0;
        while written < bytes.len() {
            match Pin::new(&mut self.stream).poll_write(context, &bytes[written..]) {
                Poll::Pending => break,
                Poll::Ready(Ok(0) | Err(_)) => return Err(Closed::ByClient),
                Poll::Ready(Ok(count)) => written += count,
            }
        }
        self.count_written(written as u64);
        Ok(written)
    }

    fn poll_write_all(
        &mut self,
        context: &mut Context<'_>,
        bytes: &mut BytesMut,
    ) -> Result<(), Closed> {
        let written = self.poll_write(context, bytes)?;
        if written == bytes.len() {
            // Unlike advancing, this leaves the whole memory to the next replies.
            bytes.clear();
        } else {
            bytes.advance(written);
        }
        Ok(())
    }

    fn count_written(&self, count: u64) {
        self.link.traffic.bytes_out.fetch_add(count, Relaxed);
        self.connections.traffic.bytes_out.fetch_add(count, Relaxed);
        if count > 0 {
            self.link.touch(self.connections.now_seconds());
        }
    }

    /// Reads once.
    pub(super) fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        input: &mut Input,
    ) -> Poll<Result<(), Closed>> {
        let Poll::Ready(received) = input.poll_receive(&mut self.stream, context) else {
            return Poll::Pending;
        };
        let count = match received {
            Ok(0) => return Poll::Ready(Err(Closed::ByClient)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(_) => return Poll::Ready(Err(Closed::ByClient)),
            Ok(count) => count as u64,
        };
        self.link.traffic.bytes_in.fetch_add(count, Relaxed);
        self.connections.traffic.bytes_in.fetch_add(count, Relaxed);
        self.link.touch(self.connections.now_seconds());
        Poll::Ready(Ok(()))
    }

    /// Reads ahead while a command blocks: the end of the stream has to be noticed.
    pub(super) fn poll_read_ahead(
        &mut self,
        context: &mut Context<'_>,
        input: &mut Input,
    ) -> Result<(), Closed> {
        while input.len() < READ_AHEAD_BYTES_MAX {
            match self.poll_receive(context, input) {
                Poll::Pending => return Ok(()),
                Poll::Ready(received) => received?,
            }
            input.keep();
        }
        // With bytes left unread the end of the stream shows only when looked for.
        self.link.ticking.store(true, Relaxed);
        match pin!(self.stream.ready(Interest::READABLE)).poll(context) {
            Poll::Ready(Ok(ready)) if ready.is_read_closed() => Err(Closed::ByClient),
            Poll::Ready(Err(_)) => Err(Closed::ByClient),
            _ => Ok(()),
        }
    }

    /// Whether somebody wants this connection closed, or its time is over.
    /// `waits` is said by a connection that could be closed without breaking a
    /// command off.
    pub(super) fn poll_bell(
        &mut self,
        context: &mut Context<'_>,
        standing: Standing,
        waits: bool,
    ) -> Result<(), Closed> {
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            self.waker = Some(context.waker().clone());
            self.link.listen(context.waker());
        }
        match self.link.rung() {
            0 => Ok(()),
            rung if rung & CLOSE != 0 => Err(Closed::Killed),
            rung if rung & STOP != 0 && waits && self.is_flushed() => Err(Closed::Stopping),
            rung if rung & TICK != 0 => self.tick(standing, waits),
            _ => Ok(()),
        }
    }

    /// Whether the server stops.
    pub(super) fn is_stopping(&self) -> bool {
        self.link.rung() & STOP != 0
    }

    /// A second has passed.
    fn tick(&mut self, standing: Standing, waits: bool) -> Result<(), Closed> {
        self.link.answer(TICK);
        if self.soft_since.is_none() {
            self.link.ticking.store(false, Relaxed);
        }
        let now = self.connections.now_seconds();
        let timeout = self.connections.limits.timeout_seconds.load(Relaxed);
        let idle = timeout > 0 && self.link.idle_seconds(now) >= timeout;
        if idle && waits && !standing.idle_exempt {
            return Err(Closed::Idle);
        }
        self.check_waiting(standing)
    }

    fn check_hard_limit(&self, more: usize, standing: Standing) -> Result<(), Closed> {
        let hard = self.connections.limits.output(standing.class).hard_bytes.load(Relaxed);
        let passed = hard > 0 && self.pending.len() + more > hard;
        if passed { Err(Closed::OutputLimit) } else { Ok(()) }
    }

    /// The limits for what the socket does not take.
    fn check_waiting(&mut self, standing: Standing) -> Result<(), Closed> {
        let waiting = self.pending.len();
        self.link.output_bytes.store(waiting, Relaxed);
        if waiting > UNAUTHENTICATED_OUTPUT_BYTES_MAX && !standing.authenticated {
            return Err(Closed::OutputLimit);
        }
        let limit = self.connections.limits.output(standing.class);
        let soft = limit.soft_bytes.load(Relaxed);
        if soft == 0 || waiting <= soft {
            if self.soft_since.take().is_some() {
                self.link.ticking.store(false, Relaxed);
            }
            return Ok(());
        }
        let now = self.connections.now_seconds();
        let since = *self.soft_since.get_or_insert(now);
        self.link.ticking.store(true, Relaxed);
        // Both are cut to whole seconds: equal to the limit may be almost a second less.
        let passed = now.saturating_sub(since) > limit.soft_seconds.load(Relaxed);
        if passed { Err(Closed::OutputLimit) } else { Ok(()) }
    }
}
