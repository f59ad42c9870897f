//! What a client sent and the handler has not seen yet.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use lockstep_commands::BadArgs;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::chunk::{CHUNK_BYTES, Chunk};
use super::{Closed, Handler, Next};
use crate::request::WordSpace;
use crate::{ConnectionLimits, Decoded, Decoder, Output};

/// A word that lacks at least so many bytes is read straight to its place instead
/// of through the thread's chunk.
const BIG_WORD_BYTES: usize = 32 * 1024;

/// With so many bytes of replies the handler pauses, so that they are written.
const FLUSH_BYTES: usize = 64 * 1024;

/// Why no further command was handed on.
#[derive(Debug)]
pub(super) enum Pause {
    /// There is no further whole command.
    Hungry,
    /// Enough replies to write.
    Full,
    /// The handler said so.
    Handler(Next),
    /// Malformed input.
    Malformed(BadArgs),
}

/// Bytes that were received and not consumed.
#[derive(Default)]
pub(super) struct Input {
    decoder: Decoder,
    words: WordSpace,
    kept: BytesMut,
    /// Invariant: while it is there, `kept` is empty. Never there while the
    /// connection waits.
    chunk: Option<Chunk>,
}

impl Input {
    /// How many bytes are kept while the connection waits.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    /// How many bytes are there, also those that were just read.
    pub(super) fn unread_bytes(&self) -> usize {
        self.kept.len() + self.chunk.as_ref().map_or(0, |chunk| chunk.bytes().len())
    }

    /// Reads once; returns the number of bytes, zero at the end of the stream.
    pub(super) fn poll_receive(
        &mut self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let missing = self.decoder.missing_bytes(&self.kept);
        if missing >= BIG_WORD_BYTES && !self.kept.is_empty() {
            return self.poll_receive_in_place(stream, context, missing);
        }
        let chunk = ready!(Chunk::poll_read(stream, context))?;
        let count = chunk.bytes().len();
        if self.kept.is_empty() {
            self.chunk = Some(chunk);
        } else {
            self.kept.extend_from_slice(chunk.bytes());
        }
        Poll::Ready(Ok(count))
    }

    /// The buffer at most doubles what has arrived: an announced length alone costs
    /// nothing.
    fn poll_receive_in_place(
        &mut self,
        stream: &mut TcpStream,
        context: &mut Context<'_>,
        missing: usize,
    ) -> Poll<io::Result<usize>> {
        if self.kept.capacity() == self.kept.len() {
            self.kept.reserve(missing.min(self.kept.len().max(CHUNK_BYTES)));
        }
        let read = pin!(stream.read_buf(&mut self.kept));
        Future::poll(read as Pin<&mut _>, context)
    }

    /// Hands every whole command to the handler, until one asks for a pause.
    pub(super) fn execute<H: Handler>(
        &mut self,
        handler: &mut H,
        out: &mut Output,
        limits: &ConnectionLimits,
    ) -> Result<Pause, Closed> {
        let bytes = self.chunk.as_ref().map_or(&self.kept[..], Chunk::bytes);
        let mut limits = limits.decoder(false);
        let mut at = 0;
        let pause = loop {
            limits.authenticated = handler.authenticated();
            let rest = &bytes[at..];
            let next = match self.decoder.decode(rest, &limits) {
                Decoded::Command => {
                    self.words.with(&self.decoder, rest, |words| handler.command(words, out))
                }
                Decoded::Ignored => Next::More,
                Decoded::Incomplete => break Pause::Hungry,
                Decoded::Malformed(bad) => break Pause::Malformed(bad),
                Decoded::CrossProtocol => return Err(Closed::CrossProtocol),
                Decoded::TooLong => return Err(Closed::QueryLimit),
            };
            at += self.decoder.consumed();
            if next != Next::More {
                break Pause::Handler(next);
            }
            if out.len() >= FLUSH_BYTES {
                break Pause::Full;
            }
        };
        self.consume(at);
        Ok(pause)
    }

    /// Gives the chunk back and keeps what is left of it.
    pub(super) fn keep(&mut self) {
        if let Some(chunk) = self.chunk.take()
            && !chunk.bytes().is_empty()
        {
            self.kept.extend_from_slice(chunk.bytes());
        }
    }

    fn consume(&mut self, count: usize) {
        match &mut self.chunk {
            Some(chunk) => chunk.consume(count),
            None => self.kept.advance(count),
        }
        self.keep();
        // Consumed bytes do not show in the capacity, but they hold memory until the
        // rest moves. It moves when that is cheap.
        if self.kept.is_empty() {
            self.kept = BytesMut::new();
        } else if self.kept.len() < count / 4 {
            self.kept = BytesMut::from(&self.kept[..]);
        }
    }
}
