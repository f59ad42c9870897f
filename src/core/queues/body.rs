//! Where bodies are: in memory, on disk, or both.
//!
//! That is local to a replica and no part of the replicated state: digests, and what
//! images mean, do not depend on it.

use std::hash::Hasher;
use std::sync::Arc;

use siphasher::sip::SipHasher13;

use crate::wire::{Malformed, Wire};

/// Which body: of all that a shard ever has, just this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyKey {
    /// The number of its queue, given when that was made and never used again in the
    /// shard.
    pub queue: u64,
    /// The message's number in it.
    pub seq: u64,
    /// How long it is.
    pub bytes: u32,
    /// SipHash-1-3 of it.
    pub check: u64,
}

/// A body, which may be here or has to be fetched by its key.
#[derive(Clone, Debug)]
pub struct Body {
    /// Which it is.
    pub key: BodyKey,
    /// The bytes, if they are in memory.
    pub here: Option<Arc<[u8]>>,
}

/// Bodies with the same key are the same, wherever they are.
impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

/// What a body is checked by.
pub fn check_of(body: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new();
    hasher.write(body);
    hasher.finish()
}

impl BodyKey {
    /// Whether these bytes are the body with this key.
    pub fn fits(&self, body: &[u8]) -> bool {
        body.len() as u64 == u64::from(self.bytes) && check_of(body) == self.check
    }
}

impl<'a> Wire<'a> for BodyKey {
    fn put(&self, out: &mut Vec<u8>) {
        self.queue.put(out);
        self.seq.put(out);
        self.bytes.put(out);
        self.check.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(BodyKey {
            queue: u64::take(input)?,
            seq: u64::take(input)?,
            bytes: u32::take(input)?,
            check: u64::take(input)?,
        })
    }
}

/// The key only: where a body is, is nobody else's concern.
impl<'a> Wire<'a> for Body {
    fn put(&self, out: &mut Vec<u8>) {
        self.key.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Body { key: BodyKey::take(input)?, here: None })
    }
}
