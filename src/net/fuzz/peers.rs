//! What may come on a connection between nodes.

use super::Random;
use crate::peers::fuzz as peers;

/// Reads a stream of frames in one piece and in pieces, and compares; then reads the
/// same bytes as a message of the handshake.
///
/// The first byte chooses how the pieces are cut.
///
/// # Panics
/// When the results differ, or a message is longer than allowed.
pub fn peer(bytes: &[u8]) {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let whole = peers::read(&[bytes]);
    let pieces = super::cut(bytes, u32::from(choice));
    assert_eq!(whole, peers::read(&pieces), "cut into {pieces:?}");
    assert!(whole.messages.iter().all(|message| message.len() <= peers::MESSAGE_BYTES_MAX));
    peers::read_handshake(bytes);
}

/// A byte for [`peer`], then frames and messages of the handshake, mostly with some
/// damage.
pub fn peer_stream(random: &mut Random) -> Vec<u8> {
    let choice = random.below(256) as u8;
    let mut stream = match random.below(4) {
        0 => peers::handshake(&mut |bound| random.below(bound)),
        _ => peers::frames(&mut |bound| random.below(bound)),
    };
    stream.insert(0, choice);
    for _ in 0..random.below(3) {
        let at = 1 + random.below(stream.len());
        match random.below(4) {
            0 => stream.insert(at.min(stream.len()), random.below(256) as u8),
            1 if at < stream.len() => stream[at] ^= 1 << random.below(8),
            2 if at < stream.len() => drop(stream.remove(at)),
            _ => stream.truncate(at),
        }
    }
    stream
}
