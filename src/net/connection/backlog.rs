//! Replies that a socket did not take yet.

use std::collections::VecDeque;

use bytes::{Buf, BytesMut};

/// Pieces smaller than this are joined.
const PIECE_BYTES: usize = 64 * 1024;

/// Replies that a socket did not take yet, in the pieces they came in: one large
/// buffer would be copied whenever it grows, and keep what was sent already.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    pieces: VecDeque<BytesMut>,
    bytes: usize,
}

impl Backlog {
    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// Whether none wait.
    pub(super) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Adds what is to be sent behind the rest.
    pub(super) fn push(&mut self, more: &mut BytesMut) {
        self.bytes += more.len();
        if let Some(last) = self.pieces.back_mut()
            && last.len() + more.len() <= PIECE_BYTES
        {
            last.extend_from_slice(more);
            more.clear();
            return;
        }
        let piece = std::mem::take(more);
        // A buffer that has grown by doubling holds up to twice what is in it.
        let roomy = piece.capacity() / 4 > piece.len() / 3;
        self.pieces.push_back(if roomy { BytesMut::from(&piece[..]) } else { piece });
    }

    /// What is to be sent next; nothing: all is sent.
    pub(super) fn next(&self) -> Option<&[u8]> {
        self.pieces.front().map(|piece| &piece[..])
    }

    /// So many bytes of what was to be sent next were sent.
    pub(super) fn sent(&mut self, count: usize) {
        let Some(first) = self.pieces.front_mut() else { return };
        self.bytes -= count;
        if first.len() == count {
            self.pieces.pop_front();
        } else {
            first.advance(count);
        }
        if self.pieces.is_empty() {
            self.pieces = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(backlog: &mut Backlog, text: &[u8]) {
        let mut more = BytesMut::from(text);
        backlog.push(&mut more);
        assert!(more.is_empty());
    }

    #[test]
    fn what_is_pushed_comes_out_in_order_however_it_is_taken() {
        let all: Vec<u8> = (0..400_000_u32).map(|number| number as u8).collect();
        for (put, take) in [(1, 7), (1000, 3000), (70_000, 1000), (100_000, 400_000)] {
            let mut backlog = Backlog::default();
            all.chunks(put).for_each(|chunk| push(&mut backlog, chunk));
            assert_eq!(backlog.len(), all.len());
            let mut out = Vec::new();
            while let Some(next) = backlog.next() {
                let count = next.len().min(take);
                out.extend_from_slice(&next[..count]);
                backlog.sent(count);
                assert_eq!(backlog.len(), all.len() - out.len());
            }
            assert!(out == all && backlog.is_empty());
        }
    }

    #[test]
    fn it_holds_little_more_than_what_waits() {
        let mut backlog = Backlog::default();
        for _ in 0..100 {
            let mut more = BytesMut::with_capacity(1 << 20);
            more.extend_from_slice(&[7; 100_000]);
            backlog.push(&mut more);
        }
        let held: usize = backlog.pieces.iter().map(BytesMut::capacity).sum();
        assert!(held < backlog.len() * 3 / 2, "{held}");
    }
}
