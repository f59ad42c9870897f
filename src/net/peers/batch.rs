//! Bytes on their way into a socket.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

use super::frame::{Head, Seal};

/// A batch takes frames until it holds so many bytes.
pub(super) const BATCH_BYTES: usize = 256 << 10;

/// Bodies up to this length are copied together; longer ones are written from where
/// they are.
const COPIED_BYTES_MAX: usize = 4 << 10;

/// How many pieces one write hands over.
const PIECES_MAX: usize = 64;

/// A buffer of at most so many bytes is kept between batches.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// All frames that one write takes along.
#[derive(Debug)]
pub(super) struct Batch {
    seal: Seal,
    pieces: VecDeque<Bytes>,
    /// Behind the pieces: short frames, one after the other.
    tail: BytesMut,
    bytes: usize,
    frames: u64,
}

impl Batch {
    pub(super) fn new(seal: Seal) -> Self {
        Batch { seal, pieces: VecDeque::new(), tail: BytesMut::new(), bytes: 0, frames: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    pub(super) fn has_room(&self) -> bool {
        self.bytes < BATCH_BYTES
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// How many frames were put in since this was asked.
    pub(super) fn take_frames(&mut self) -> u64 {
        std::mem::take(&mut self.frames)
    }

    pub(super) fn push(&mut self, head: Head, body: Bytes) {
        let sealed = self.seal.close(head, &body);
        self.bytes += sealed.len() + body.len();
        self.frames += 1;
        self.tail.extend_from_slice(&sealed);
        if body.len() <= COPIED_BYTES_MAX {
            self.tail.extend_from_slice(&body);
        } else {
            self.pieces.push_back(self.tail.split().freeze());
            self.pieces.push_back(body);
        }
    }

    /// Writes until nothing is left or the socket takes no more; says how much it took.
    pub(super) fn poll_write(
        &mut self,
        stream: &mut TcpStream,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let written = if self.pieces.is_empty() {
            ready!(Pin::new(stream).poll_write(cx, &self.tail))?
        } else {
            let mut slices = [IoSlice::new(&[]); PIECES_MAX];
            let pieces = self.pieces.iter().map(|piece| &piece[..]).chain([&self.tail[..]]);
            let mut count = 0;
            for (slice, piece) in slices.iter_mut().zip(pieces) {
                *slice = IoSlice::new(piece);
                count += 1;
            }
            ready!(Pin::new(stream).poll_write_vectored(cx, &slices[..count]))?
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.drop_front(written);
        Poll::Ready(Ok(written))
    }

    fn drop_front(&mut self, mut written: usize) {
        self.bytes -= written;
        while let Some(piece) = self.pieces.front_mut() {
            if written < piece.len() {
                piece.advance(written);
                return;
            }
            written -= piece.len();
            self.pieces.pop_front();
        }
        self.tail.advance(written);
        if self.tail.is_empty() {
            if self.tail.capacity() > KEPT_BYTES_MAX {
                self.tail = BytesMut::new();
            } else {
                // Gives the room before it back to the buffer.
                self.tail.clear();
            }
        }
    }
}
