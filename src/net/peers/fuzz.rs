//! What the fuzzers need to see of the links: streams, and what is read of them.

use super::assembly::Assembly;
use super::frame::{Damage, Found, Head, Kind, Seal, Stream};
use super::handshake;

/// The longest message that is allowed.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1 << 12;

/// The number that the frames of these streams begin with.
const SESSION: u32 = 0xC0FFEE;

/// What a stream of frames holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Read {
    /// The bodies of its messages.
    pub(crate) messages: Vec<Vec<u8>>,
    /// What ended it.
    pub(crate) damage: Option<Damage>,
}

/// Reads a stream that comes in pieces.
pub(crate) fn read(pieces: &[&[u8]]) -> Read {
    let mut seal = Seal::new(SESSION);
    let mut assembly = Assembly::new(MESSAGE_BYTES_MAX);
    let mut read = Read { messages: Vec::new(), damage: None };
    let mut buf = Vec::new();
    for piece in pieces {
        buf.extend_from_slice(piece);
        loop {
            let taken = match seal.open(&buf) {
                Ok(Found::Frame(head, body, len)) => {
                    assembly.take(head, body).map(|message| (message, len))
                }
                Ok(Found::Part(len)) => {
                    assert!(len > buf.len(), "it waits for what is there");
                    break;
                }
                Err(damage) => Err(damage),
            };
            match taken {
                Ok((message, len)) => {
                    read.messages.extend(message.map(|message| message.body.to_vec()));
                    buf.drain(..len);
                }
                Err(damage) => {
                    read.damage = Some(damage);
                    return read;
                }
            }
        }
    }
    read
}

/// Some frames with right sums; not all make sense.
pub(crate) fn frames(below: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    const KINDS: [Kind; 7] = [
        Kind::Call,
        Kind::Reply,
        Kind::Tell,
        Kind::Ping,
        Kind::Pong,
        Kind::Unserved,
        Kind::Unsendable,
    ];
    let mut seal = Seal::new(SESSION);
    let mut stream = Vec::new();
    for _ in 0..below(8) {
        let head = Head {
            kind: if below(2) == 0 { Kind::Call } else { KINDS[below(KINDS.len())] },
            stream: Stream::ALL[below(Stream::ALL.len())],
            more: below(3) == 0,
            given_up: below(12) == 0,
            id: below(3) as u64,
        };
        let len = if below(20) == 0 { MESSAGE_BYTES_MAX } else { below(60) };
        let body: Vec<u8> = (0..len).map(|_| below(256) as u8).collect();
        stream.extend_from_slice(&seal.close(head, &body));
        stream.extend_from_slice(&body);
    }
    stream
}

/// A message of the handshake, with fields that mean nothing.
pub(crate) fn handshake(below: &mut impl FnMut(usize) -> usize) -> Vec<u8> {
    let fields: Vec<u8> = (0..below(140)).map(|_| below(256) as u8).collect();
    handshake::any_message(below(7), &fields)
}

/// Reads a message of the handshake, whichever it is.
pub(crate) fn read_handshake(bytes: &[u8]) {
    handshake::read_any(bytes);
}
