//! The byte form of what stands in a segment.
//!
//! A record is a header of 48 bytes, a payload, and zeros up to the next multiple
//! of 8, all numbers little-endian:
//!
//! | bytes | field |
//! | --- | --- |
//! | 0..4 | crc32c of bytes 4..48, begun with the segment's salt |
//! | 4..8 | crc32c of the payload |
//! | 8..12 | length of the payload |
//! | 12..14 | shard |
//! | 14 | kind |
//! | 15 | magic |
//! | 16..24 | mark: everything before this position is known to be synced |
//! | 24..32, 32..40, 40..48 | term, node, index |
//!
//! Every segment has another salt, so what a recycled file held before never
//! passes for a record. The header is checked on its own, so that the mark of a
//! record counts even when its payload is torn.

use lockstep_core::ShardId;

use super::EntryId;

/// Bytes of a header.
pub(crate) const HEADER_BYTES: usize = 48;

/// The version of this byte form; stands in the first record of each segment.
/// The first one forgot no shard and had no [`Safe`](super::safe::Safe).
pub(crate) const FORMAT: u32 = 2;

const MAGIC: u8 = 0xa7;
const ALIGN: usize = 8;

/// A place in the log: the segment's number and the offset in it. Grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position(pub(crate) u64);

impl Position {
    pub(crate) fn new(segment: u32, offset: u32) -> Position {
        Position(u64::from(segment) << 32 | u64::from(offset))
    }

    pub(crate) fn segment(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(crate) fn offset(self) -> u32 {
        self.0 as u32
    }
}

/// What a record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first of each segment. Index: the position where the segment before
    /// ends. Term: the format. Payload: the shards as they are at this place.
    Start = 1,
    /// An entry.
    Append = 2,
    /// The shard's entries from this index on are dropped.
    Truncate = 3,
    /// The shard's entries up to this one are dropped.
    Purge = 4,
    /// The shard's vote.
    Vote = 5,
    /// Nothing but the mark.
    Mark = 6,
    /// Everything about the shard is dropped.
    Forget = 7,
}

impl Kind {
    fn from_byte(byte: u8) -> Option<Kind> {
        use Kind::*;
        let kinds = [Start, Append, Truncate, Purge, Vote, Mark, Forget];
        kinds.into_iter().find(|kind| *kind as u8 == byte)
    }
}

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    pub(crate) shard: ShardId,
    pub(crate) mark: Position,
    pub(crate) id: EntryId,
    pub(crate) payload_bytes: u32,
    pub(crate) payload_crc: u32,
}

impl Header {
    /// A header for this payload.
    pub(crate) fn of(kind: Kind, shard: ShardId, id: EntryId, payload: &[u8]) -> Header {
        Header {
            kind,
            shard,
            mark: Position::default(),
            id,
            payload_bytes: u32::try_from(payload.len()).expect("payloads are bounded"),
            payload_crc: crc32c::crc32c(payload),
        }
    }

    /// Bytes of the whole record.
    pub(crate) fn record_bytes(&self) -> usize {
        record_bytes(self.payload_bytes as usize)
    }

    /// Reads the header at the front of `bytes`.
    pub(crate) fn read(bytes: &[u8], salt: u32) -> Option<Header> {
        let bytes = bytes.first_chunk::<HEADER_BYTES>()?;
        let kind = Kind::from_byte(bytes[14])?;
        if bytes[15] != MAGIC || u32_at(bytes, 0) != header_crc(bytes, salt) {
            return None;
        }
        Some(Header {
            kind,
            shard: ShardId(u16::from_le_bytes([bytes[12], bytes[13]])),
            mark: Position(u64_at(bytes, 16)),
            id: EntryId {
                term: u64_at(bytes, 24),
                node: u64_at(bytes, 32),
                index: u64_at(bytes, 40),
            },
            payload_bytes: u32_at(bytes, 8),
            payload_crc: u32_at(bytes, 4),
        })
    }

    fn to_bytes(self, salt: u32) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[4..8].copy_from_slice(&self.payload_crc.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.payload_bytes.to_le_bytes());
        bytes[12..14].copy_from_slice(&self.shard.0.to_le_bytes());
        bytes[14] = self.kind as u8;
        bytes[15] = MAGIC;
        bytes[16..24].copy_from_slice(&self.mark.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.id.term.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.id.node.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.id.index.to_le_bytes());
        let crc = header_crc(&bytes, salt);
        bytes[0..4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }
}

/// Bytes of a record with a payload of that size.
pub(crate) fn record_bytes(payload_bytes: usize) -> usize {
    (HEADER_BYTES + payload_bytes).next_multiple_of(ALIGN)
}

/// Appends a record to `out`, which is as long as a multiple of 8.
pub(crate) fn write(out: &mut Vec<u8>, header: Header, payload: &[u8], salt: u32) {
    debug_assert_eq!(header.payload_bytes as usize, payload.len());
    let end = out.len() + header.record_bytes();
    out.extend_from_slice(&header.to_bytes(salt));
    out.extend_from_slice(payload);
    out.resize(end, 0);
}

/// Reads the record at `offset`; `None` when there is no intact one.
pub(crate) fn read(bytes: &[u8], offset: usize, salt: u32) -> Option<(Header, &[u8])> {
    let bytes = bytes.get(offset..)?;
    let header = Header::read(bytes, salt)?;
    let record = bytes.get(HEADER_BYTES..header.record_bytes())?;
    let (payload, padding) = record.split_at(header.payload_bytes as usize);
    let intact =
        crc32c::crc32c(payload) == header.payload_crc && padding.iter().all(|byte| *byte == 0);
    intact.then_some((header, payload))
}

/// What can still be recognised behind the place where the records end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beyond {
    /// The largest mark.
    pub(crate) mark: Position,
    /// Where the last record ends whose header is intact.
    pub(crate) end: Option<usize>,
}

/// Looks for headers from `offset` on.
pub(crate) fn look_beyond(bytes: &[u8], offset: usize, salt: u32) -> Beyond {
    let mut found = Beyond::default();
    let mut at = offset.next_multiple_of(ALIGN);
    while at + HEADER_BYTES <= bytes.len() {
        // The magic first: most places are zeros or foreign bytes.
        if bytes[at + 15] == MAGIC
            && let Some(header) = Header::read(&bytes[at..], salt)
        {
            let end = at.saturating_add(header.record_bytes()).min(bytes.len());
            found.mark = found.mark.max(header.mark);
            found.end = found.end.max(Some(end));
        }
        at += ALIGN;
    }
    found
}

fn header_crc(bytes: &[u8; HEADER_BYTES], salt: u32) -> u32 {
    crc32c::crc32c_append(salt, &bytes[4..])
}

fn u32_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes(*bytes[at..].first_chunk().expect("inside the header"))
}

fn u64_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u64 {
    u64::from_le_bytes(*bytes[at..].first_chunk().expect("inside the header"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SALT: u32 = 0x1234_5678;

    fn sample(payload: &[u8]) -> Vec<u8> {
        let id = EntryId { term: 3, node: 2, index: 99 };
        let mut header = Header::of(Kind::Append, ShardId(7), id, payload);
        header.mark = Position::new(4, 4096);
        let mut out = Vec::new();
        write(&mut out, header, payload, SALT);
        out
    }

    #[test]
    fn a_record_reads_back_as_it_was_written() {
        let bytes = sample(b"hello");
        let (header, payload) = read(&bytes, 0, SALT).unwrap();
        assert_eq!(payload, b"hello");
        assert_eq!(header.shard, ShardId(7));
        assert_eq!(header.id, EntryId { term: 3, node: 2, index: 99 });
        assert_eq!(header.mark, Position::new(4, 4096));
    }

    #[test]
    fn a_record_of_another_segment_is_not_one() {
        assert!(read(&sample(b"hello"), 0, SALT ^ 1).is_none());
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let bytes = sample(b"hello");
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                assert!(read(&changed, 0, SALT).is_none(), "byte {at} bit {bit}");
            }
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let bytes = sample(b"hello");
        for len in 0..bytes.len() {
            assert!(read(&bytes[..len], 0, SALT).is_none(), "cut at {len}");
        }
    }

    #[test]
    fn a_mark_counts_though_the_payload_is_torn() {
        let mut bytes = sample(&[1; 100]);
        bytes[60] = 0;
        let beyond = look_beyond(&bytes, 0, SALT);
        assert_eq!(beyond.mark, Position::new(4, 4096));
        assert_eq!(beyond.end, Some(bytes.len()));
    }
}
