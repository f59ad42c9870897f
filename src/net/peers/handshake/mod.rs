//! How two nodes recognise each other before anything else is said.
//!
//! ```text
//! who dials                                   who is dialled
//! Hello: versions, purpose, ids, nonce  ->
//!                                       <-    Challenge: version, nonce
//! Proof: HMAC over both                 ->
//!                                       <-    Welcome: ids, HMAC over everything
//! ```
//!
//! Instead of its next message, who is dialled may send a [`Refusal`]. Its ids are told
//! only to who knows the secret. Without a secret the messages are the same, and the
//! key is empty. Later versions may append fields: what is not known is skipped, and
//! proved all the same.

mod accept;
mod dial;
mod message;
mod proof;
mod refusal;

use std::fmt;
use std::io;

use lockstep_core::NodeId;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(super) use accept::{Accepted, Door, accept};
pub(super) use dial::{Wanted, dial};
pub(super) use message::Purpose;
pub(super) use refusal::Refusal;

use message::{HEAD_BYTES, Part};

/// The versions of the protocol this build can speak, from and to.
pub(super) const VERSIONS: (u16, u16) = (1, 1);

/// Who a node says it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) node: NodeId,
    pub(super) boot: u64,
    /// 0: of no cluster yet.
    pub(super) cluster: u64,
}

/// What two nodes have agreed upon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) version: u16,
    /// The first numbers of the frames this side sends, and receives.
    pub(super) seals: (u32, u32),
}

/// Why a handshake came to nothing.
#[derive(Debug)]
pub(super) enum Failed {
    /// The connection broke, or could not be made.
    Io(io::Error),
    /// It took too long.
    Late,
    /// What came is no handshake.
    Nonsense,
    /// The one side does not want the other.
    Refused(Refusal),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::Io(error) => write!(f, "{error}"),
            Failed::Late => f.write_str("no answer in time"),
            Failed::Nonsense => f.write_str("what answers there is no Lockstep peer port"),
            Failed::Refused(refusal) => write!(f, "{refusal}"),
        }
    }
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Failed::Io(error)
    }
}

/// Reads one message, with its head and sum.
async fn receive(stream: &mut TcpStream) -> Result<(Part, Vec<u8>), Failed> {
    let mut bytes = vec![0; HEAD_BYTES];
    stream.read_exact(&mut bytes).await?;
    let len = message::length(&bytes).ok_or(Failed::Nonsense)?;
    bytes.resize(HEAD_BYTES + len, 0);
    stream.read_exact(&mut bytes[HEAD_BYTES..]).await?;
    let part = message::check(&bytes).ok_or(Failed::Nonsense)?;
    Ok((part, bytes))
}

async fn send(stream: &mut TcpStream, message: &[u8]) -> Result<(), Failed> {
    Ok(stream.write_all(message).await?)
}

/// A message with these fields, for the fuzzer.
pub(super) fn any_message(part: usize, fields: &[u8]) -> Vec<u8> {
    const PARTS: [Part; 5] =
        [Part::Hello, Part::Challenge, Part::Proof, Part::Welcome, Part::Refusal];
    message::Writer::new(PARTS[part % PARTS.len()]).put(fields).end()
}

/// Reads bytes as each of the messages, for the fuzzer.
pub(super) fn read_any(bytes: &[u8]) {
    if message::length(bytes).is_none() || message::check(bytes).is_none() {
        return;
    }
    let fields = || message::Fields::of(bytes);
    if let Some(hello) = fields().hello() {
        let again = message::hello(&hello);
        assert_eq!(message::Fields::of(&again).hello(), Some(hello));
    }
    if let Some(challenge) = fields().challenge() {
        let again = message::challenge(&challenge);
        assert_eq!(message::Fields::of(&again).challenge(), Some(challenge));
    }
    if let Some(refusal) = fields().refusal() {
        assert!(!refusal.to_string().is_empty());
    }
    let _known = (fields().identity(), fields().proof());
}
