//! What the first byte of a message between nodes says.

use bytes::Bytes;
use lockstep_core::ShardId;
use lockstep_core::wire::{Malformed, Wire};

/// For one group: its shard and the request follow.
const GROUP: u8 = 1;
/// The heartbeats of many groups at once.
const HEARTBEATS: u8 = 2;
/// Tags from here on belong to whoever uses the groups.
pub const OTHERS_FROM: u8 = 16;

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressed<'a> {
    /// For [`Group::serve`](crate::Group::serve) of the group of a shard.
    Group {
        /// Which shard.
        shard: ShardId,
        /// What it is asked.
        rpc: &'a [u8],
    },
    /// For [`Pulse::serve`](crate::Pulse::serve).
    Heartbeats(&'a [u8]),
    /// For whoever uses the groups: the whole message.
    Other(&'a [u8]),
}

/// Reads whom a message is for.
///
/// # Errors
/// It is empty, or its tag is none that is known.
pub fn open(message: &[u8]) -> Result<Addressed<'_>, Malformed> {
    let mut rest = message;
    match u8::take(&mut rest)? {
        GROUP => {
            let shard = u16::try_from(u32::take(&mut rest)?).map_err(|_| Malformed)?;
            Ok(Addressed::Group { shard: ShardId(shard), rpc: rest })
        }
        HEARTBEATS => Ok(Addressed::Heartbeats(rest)),
        tag if tag >= OTHERS_FROM => Ok(Addressed::Other(message)),
        _ => Err(Malformed),
    }
}

/// Begins a message for the group of a shard; the request is to follow.
pub(crate) fn group(shard: ShardId, room: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(room + 8);
    out.push(GROUP);
    u32::from(shard.0).put(&mut out);
    out
}

/// Begins a message of heartbeats.
pub(crate) fn heartbeats(room: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(room + 1);
    out.push(HEARTBEATS);
    out
}

/// The answer to a request for a group that is not here: nobody is there to
/// answer, and the asker treats it like a lost link.
pub fn nobody_here() -> Bytes {
    Bytes::new()
}
