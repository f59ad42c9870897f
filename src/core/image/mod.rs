//! State whose image can be taken at any moment: containers that share with
//! the image what was not changed since, and the chunks a snapshot is made of.

pub mod named;
pub mod paged;
pub mod seqset;

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

pub use named::{Name, Named};
pub use paged::Paged;
pub use seqset::SeqSet;

/// From this size on a chunk is full.
pub const CHUNK_BYTES: usize = 64 * 1024;

/// Packs records into chunks. A record is never split.
pub fn pack(records: impl Iterator<Item = Vec<u8>> + Send) -> impl Iterator<Item = Vec<u8>> + Send {
    let mut records = records;
    std::iter::from_fn(move || {
        let mut chunk = records.next()?;
        while chunk.len() < CHUNK_BYTES
            && let Some(record) = records.next()
        {
            chunk.extend_from_slice(&record);
        }
        Some(chunk)
    })
}

/// The digest of a state that is written as these records, in this order.
pub fn digest(records: impl Iterator<Item = Vec<u8>>) -> u64 {
    let mut hasher = SipHasher13::new();
    for record in records {
        hasher.write(&record);
    }
    hasher.finish()
}
