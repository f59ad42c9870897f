//! The byte form of a snapshot file.
//!
//! Numbers are little-endian. The file begins with a head of 20 bytes (magic,
//! format, shard, two zeros, length of the meta bytes) and the meta bytes; then
//! come frames: length, checksum, bytes. The head is closed by an empty frame
//! of its own, each chunk is one frame, and the end is a frame of length
//! [`END`] that holds the number of chunks. Every checksum is a crc32c over the
//! whole file up to there, without the checksums themselves: chunks cannot be
//! lost, doubled or moved, and the last one speaks for the file.

use lockstep_core::ShardId;

/// The largest chunk.
pub const CHUNK_BYTES_MAX: usize = 256 << 20;

pub(super) const FORMAT: u32 = 1;
pub(super) const HEAD_BYTES: usize = 20;
pub(super) const FRAME_BYTES: usize = 8;
/// The length that says: no chunk, but the end.
pub(super) const END: u32 = u32::MAX;
pub(super) const END_BYTES: usize = 8;

const MAGIC: [u8; 8] = *b"lockstSN";

/// The name of a snapshot file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) shard: ShardId,
    /// Grows; the highest one of a shard is the newest.
    pub(super) number: u64,
    pub(super) temporary: bool,
}

impl Name {
    pub(super) fn to_text(self) -> String {
        let suffix = if self.temporary { "tmp" } else { "snapshot" };
        format!("{:05}-{:016x}.{suffix}", self.shard.0, self.number)
    }

    pub(super) fn from_text(text: &str) -> Option<Name> {
        let (stem, suffix) = text.split_once('.')?;
        let (shard, number) = stem.split_once('-')?;
        let name = Name {
            shard: ShardId(shard.parse().ok()?),
            number: u64::from_str_radix(number, 16).ok()?,
            temporary: suffix == "tmp",
        };
        (name.to_text() == text).then_some(name)
    }
}

/// The first bytes of a file.
pub(super) struct Head {
    pub(super) format: u32,
    pub(super) shard: ShardId,
    pub(super) meta_bytes: u32,
}

impl Head {
    pub(super) fn to_bytes(&self) -> [u8; HEAD_BYTES] {
        let mut bytes = [0; HEAD_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.format.to_le_bytes());
        bytes[12..14].copy_from_slice(&self.shard.0.to_le_bytes());
        bytes[16..20].copy_from_slice(&self.meta_bytes.to_le_bytes());
        bytes
    }

    /// `None` when this is not the head of a snapshot.
    pub(super) fn from_bytes(bytes: &[u8; HEAD_BYTES]) -> Option<Head> {
        let head = Head {
            format: u32::from_le_bytes(*bytes[8..].first_chunk()?),
            shard: ShardId(u16::from_le_bytes(*bytes[12..].first_chunk()?)),
            meta_bytes: u32::from_le_bytes(*bytes[16..].first_chunk()?),
        };
        (head.to_bytes() == *bytes).then_some(head)
    }
}

/// The length and the checksum in front of a frame, given the checksum so far.
pub(super) fn frame(length: u32, bytes: &[u8], before: u32) -> (u32, [u8; FRAME_BYTES]) {
    let crc = crc32c::crc32c_append(before, &length.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, bytes);
    let mut out = [0; FRAME_BYTES];
    out[..4].copy_from_slice(&length.to_le_bytes());
    out[4..].copy_from_slice(&crc.to_le_bytes());
    (crc, out)
}
