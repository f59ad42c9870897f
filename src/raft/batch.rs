//! Operations on their way into the log.

mod ops;

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use lockstep_core::Origin;
use lockstep_core::wire::{Malformed, Wire};

pub use ops::Ops;

/// What one log entry carries: a stamp and operations.
///
/// Byte form: `NORMAL`, the format, the clock in milliseconds, the behaviour
/// version, the number of operations, the operations.
#[derive(Clone)]
pub struct Batch(Arc<Inner>);

struct Inner {
    payload: Bytes,
    /// Only on the node that proposed it, and never on disk.
    reads: Vec<(u32, Vec<u8>)>,
    /// Whose operations begin where; not on disk either.
    authors: Vec<(u32, Option<Origin>)>,
}

/// The first byte of an entry's payload that is a batch.
pub(crate) const NORMAL: u8 = 1;
/// The only format so far.
const FORMAT: u8 = 1;
/// Room for the header.
const HEADER_BYTES_MAX: usize = 32;

/// What stands before the operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub now_ms: u64,
    pub version: u32,
    pub count: u32,
}

impl Batch {
    /// Joins what several connections handed in into one entry.
    pub(crate) fn join(now_ms: u64, version: u32, parts: &mut [Ops]) -> Self {
        let count = parts.iter().map(Ops::entry_count).sum::<u32>();
        let bytes = parts.iter().map(Ops::entry_bytes_max).sum::<usize>();
        let mut payload = Vec::with_capacity(HEADER_BYTES_MAX + bytes);
        payload.extend_from_slice(&[NORMAL, FORMAT]);
        now_ms.put(&mut payload);
        version.put(&mut payload);
        count.put(&mut payload);
        let mut reads = Vec::new();
        let mut authors = Vec::with_capacity(parts.len());
        let mut before = 0;
        for part in parts {
            authors.push((before, part.by));
            let named = part.put_name(&mut payload);
            payload.extend_from_slice(&part.bytes);
            reads.extend(part.reads.drain(..).map(|(at, read)| (before + named + at, read)));
            before += named + part.count;
        }
        Batch(Arc::new(Inner { payload: payload.into(), reads, authors }))
    }

    /// Reads a payload back from the log.
    pub(crate) fn from_payload(payload: Bytes) -> Result<Self, Malformed> {
        let batch = Batch(Arc::new(Inner { payload, reads: Vec::new(), authors: Vec::new() }));
        batch.open().map(|_| ())?;
        Ok(batch)
    }

    /// The byte form.
    pub(crate) fn payload(&self) -> &Bytes {
        &self.0.payload
    }

    /// The reads that ride along.
    pub(crate) fn reads(&self) -> &[(u32, Vec<u8>)] {
        &self.0.reads
    }

    /// Whose operations begin where, on the node that proposed it; where they have names
    /// those say it everywhere.
    pub(crate) fn authors(&self) -> &[(u32, Option<Origin>)] {
        &self.0.authors
    }

    /// The header and the bytes of the operations.
    pub(crate) fn open(&self) -> Result<(Header, &[u8]), Malformed> {
        let mut rest = &self.0.payload[..];
        if u8::take(&mut rest)? != NORMAL || u8::take(&mut rest)? != FORMAT {
            return Err(Malformed);
        }
        let now_ms = u64::take(&mut rest)?;
        let version = u32::take(&mut rest)?;
        let count = u32::take(&mut rest)?;
        Ok((Header { now_ms, version, count }, rest))
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} bytes, {} reads)", self.0.payload.len(), self.0.reads.len())
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
