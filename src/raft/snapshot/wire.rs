//! What the two ends of a transfer say to each other.

use lockstep_core::wire::{Malformed, Wire};
use lockstep_storage::snapshots::Digest;

use crate::codec;
use crate::types::Vote;

/// Which snapshot it is: one of the same content has the same key on every node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The digest of its file.
    pub(super) digest: Digest,
    /// What it says about itself.
    pub(super) meta: Vec<u8>,
}

/// Some bytes of a snapshot file; none: only the question which ones are wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// The leader's.
    pub(super) vote: Vote,
    pub(super) key: Key,
    /// Where the bytes stand in the file.
    pub(super) offset: u64,
    pub(super) bytes: &'a [u8],
}

/// What became of a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The next bytes are to be these.
    Want(u64),
    /// Ask again a little later.
    Wait,
    /// The snapshot is installed. The vote of the receiver.
    Done(Vote),
    /// The receiver has seen a later leader.
    Stale(Vote),
    /// It cannot be taken, for this reason.
    Refused(String),
}

const WANT: u8 = 0;
const WAIT: u8 = 1;
const DONE: u8 = 2;
const STALE: u8 = 3;
const REFUSED: u8 = 4;

impl Piece<'_> {
    /// The piece, closed by the checksum of all of it.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + self.key.meta.len() + 64);
        codec::vote_bytes(&self.vote).as_slice().put(&mut out);
        self.key.meta.as_slice().put(&mut out);
        self.key.digest.bytes.put(&mut out);
        self.key.digest.crc.put(&mut out);
        self.offset.put(&mut out);
        self.bytes.put(&mut out);
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Piece<'_>, Malformed> {
        let (mut rest, crc) = bytes.split_last_chunk().ok_or(Malformed)?;
        if crc32c::crc32c(rest) != u32::from_le_bytes(*crc) {
            return Err(Malformed);
        }
        let vote = codec::vote(<&[u8]>::take(&mut rest)?)?;
        let meta = <&[u8]>::take(&mut rest)?.to_vec();
        let digest = Digest { bytes: u64::take(&mut rest)?, crc: u32::take(&mut rest)? };
        let offset = u64::take(&mut rest)?;
        let bytes = <&[u8]>::take(&mut rest)?;
        if !rest.is_empty() {
            return Err(Malformed);
        }
        Ok(Piece { vote, key: Key { digest, meta }, offset, bytes })
    }
}

impl Reply {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Reply::Want(offset) => {
                out.push(WANT);
                offset.put(&mut out);
            }
            Reply::Wait => out.push(WAIT),
            Reply::Done(vote) => {
                out.push(DONE);
                out.extend(codec::vote_bytes(vote));
            }
            Reply::Stale(vote) => {
                out.push(STALE);
                out.extend(codec::vote_bytes(vote));
            }
            Reply::Refused(why) => {
                out.push(REFUSED);
                why.as_bytes().put(&mut out);
            }
        }
        out
    }

    pub(super) fn from_bytes(mut bytes: &[u8]) -> Result<Reply, Malformed> {
        Ok(match u8::take(&mut bytes)? {
            WANT => Reply::Want(u64::take(&mut bytes)?),
            WAIT => Reply::Wait,
            DONE => Reply::Done(codec::vote(bytes)?),
            STALE => Reply::Stale(codec::vote(bytes)?),
            REFUSED => {
                let why = <&[u8]>::take(&mut bytes)?;
                Reply::Refused(String::from_utf8_lossy(why).into_owned())
            }
            _ => return Err(Malformed),
        })
    }
}
