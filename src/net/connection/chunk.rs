//! Bytes fresh from a socket, in memory that all connections of a thread share.
//!
//! A connection that waits holds no buffer: with ten thousand of them, buffers
//! would be most of the memory.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

/// The most that is read at once.
pub(super) const CHUNK_BYTES: usize = 64 * 1024;

thread_local! {
    static SPARE: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// What one read returned. Its memory goes back to the thread when it is dropped.
pub(super) struct Chunk {
    memory: Box<[u8]>,
    at: usize,
    len: usize,
}

impl Chunk {
    /// Reads once. An empty chunk is the end of the stream.
    pub(super) fn poll_read(
        stream: &mut TcpStream,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<Self>> {
        let memory = SPARE.take().unwrap_or_else(|| vec![0; CHUNK_BYTES].into_boxed_slice());
        let mut chunk = Chunk { memory, at: 0, len: 0 };
        let mut buf = ReadBuf::new(&mut chunk.memory);
        ready!(Pin::new(stream).poll_read(context, &mut buf))?;
        chunk.len = buf.filled().len();
        Poll::Ready(Ok(chunk))
    }

    /// What was not consumed yet.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.memory[self.at..self.len]
    }

    /// Passes over `count` bytes.
    pub(super) fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        SPARE.set(Some(std::mem::take(&mut self.memory)));
    }
}
