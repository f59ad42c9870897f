//! Entry points for fuzzing: each must come through any input.

mod peers;
mod stream;

use crate::request::WordSpace;
use crate::{Decoded, Decoder, Limits};
pub use peers::{peer, peer_stream};
pub use stream::{Random, stream};

/// What a stream of requests decodes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// The words of every command.
    pub commands: Vec<Vec<Vec<u8>>>,
    /// What ended the stream: an error, or nothing more being there.
    pub end: Option<Decoded>,
}

/// Decodes requests in one piece and in pieces, and compares.
///
/// The first byte chooses the limits and how the pieces are cut.
///
/// # Panics
/// When the results differ.
pub fn request(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let limits = Limits {
        authenticated: choice & 1 == 0,
        word_bytes_max: if choice & 2 == 0 { 1 << 20 } else { 16 },
        query_bytes_max: if choice & 4 == 0 { 1 << 20 } else { 64 },
    };
    let whole = decode(&[bytes], &limits);
    let pieces = cut(bytes, u32::from(choice >> 3));
    assert_eq!(whole, decode(&pieces, &limits), "cut into {pieces:?}");
}

/// Decodes a stream that arrives in `pieces`.
pub fn decode(pieces: &[&[u8]], limits: &Limits) -> Requests {
    let mut decoder = Decoder::new();
    let mut space = WordSpace::new();
    let mut buf = Vec::new();
    let mut at = 0;
    let mut requests = Requests::default();
    for piece in pieces {
        buf.extend_from_slice(piece);
        loop {
            match decoder.decode(&buf[at..], limits) {
                Decoded::Incomplete => break,
                Decoded::Ignored => {}
                Decoded::Command => {
                    let words = |words: &[&[u8]]| words.iter().map(|word| word.to_vec()).collect();
                    requests.commands.push(space.with(&decoder, &buf[at..], words));
                }
                end => {
                    requests.end = Some(end);
                    return requests;
                }
            }
            at += decoder.consumed();
        }
        buf.drain(..std::mem::take(&mut at));
    }
    requests
}

/// Cuts into pieces of 1 to 32 bytes, differently for every seed; seed 0 cuts
/// after every byte.
fn cut(mut bytes: &[u8], seed: u32) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut state = seed;
    while !bytes.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let len = if seed == 0 { 1 } else { 1 + (state >> 27) as usize };
        let (piece, rest) = bytes.split_at(len.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}
