//! The table as bytes: snapshots and digests.

use std::sync::Arc;

use super::table::{Record, Table};
use super::{OUTCOMES_BYTES_MAX, RequestId};
use crate::image::{Paged, digest, pack};
use crate::lives::Lives;
use crate::wire::{Malformed, Wire};
use crate::{Origin, Outcome, wire_enum};

/// No shard ever has so many operations.
const PLACE_MAX: u64 = i64::MAX as u64;

wire_enum! {
    /// A piece of the table.
    pub enum Piece<'a> {
        /// What there is once; always the first.
        1 => Head {
            /// The highest number of an operation whose record had to make room.
            evicted_seq: u64,
            /// The newest life of each node.
            lives: Vec<Origin>,
        },
        /// What is remembered of a connection.
        2 => Request {
            /// Its newest request.
            id: RequestId,
            /// The number of the operation it was applied as.
            seq: u64,
            /// Its place in the order of records.
            place: u64,
            /// The bytes of what it gave; none when they are not kept.
            outcomes: Option<&'a [u8]>,
        },
    }
}

/// The table as it was at one moment.
#[derive(Debug)]
pub struct Frozen {
    records: Paged<Record>,
    evicted_seq: u64,
    lives: Lives,
}

impl Table {
    /// The table as it is now, for a snapshot. Cheap: what is not changed
    /// afterwards is shared.
    pub fn freeze(&self) -> Frozen {
        Frozen {
            records: self.records.clone(),
            evicted_seq: self.evicted_seq,
            lives: self.lives.clone(),
        }
    }

    /// A digest of the state: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        digest(self.freeze().pieces())
    }

    /// Adds what a chunk of a snapshot holds. The chunks come in order, into a
    /// new table.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn restore(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        while !chunk.is_empty() {
            match Piece::take(&mut chunk)? {
                Piece::Head { evicted_seq, lives } => {
                    self.evicted_seq = evicted_seq;
                    lives.into_iter().for_each(|floor| self.lives.begin(floor));
                }
                Piece::Request { id, seq, place, outcomes } => {
                    check_outcomes(outcomes)?;
                    self.restore_record(
                        place,
                        Record { id, seq, outcomes: outcomes.map(Arc::from) },
                    )?;
                }
            }
        }
        Ok(())
    }

    fn restore_record(&mut self, place: u64, record: Record) -> Result<(), Malformed> {
        let in_order = self.records.last_number().is_none_or(|last| last < place);
        let new = !self.places.contains_key(&record.id.origin);
        let bytes = self.bytes + record.bytes();
        let fits = self.places.len() < self.limits.records && bytes <= self.limits.bytes;
        let in_range = (record.seq..=PLACE_MAX).contains(&place);
        if !in_order || !new || !fits || !in_range {
            return Err(Malformed);
        }
        self.bytes = bytes;
        self.places.insert(record.id.origin, place);
        self.records.insert(place, record);
        Ok(())
    }
}

fn check_outcomes(outcomes: Option<&[u8]>) -> Result<(), Malformed> {
    let Some(mut bytes) = outcomes else { return Ok(()) };
    if bytes.len() > OUTCOMES_BYTES_MAX {
        return Err(Malformed);
    }
    Vec::<Outcome>::take(&mut bytes)?;
    if bytes.is_empty() { Ok(()) } else { Err(Malformed) }
}

impl Frozen {
    /// The chunks of the snapshot, in order.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        pack(self.pieces())
    }

    fn pieces(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let head = Piece::Head { evicted_seq: self.evicted_seq, lives: self.lives.list() };
        let pages = self.records.into_pages().flat_map(|(base, page)| {
            page.iter().map(|(slot, record)| piece(base + slot, record)).collect::<Vec<_>>()
        });
        std::iter::once(bytes(&head)).chain(pages)
    }
}

fn piece(place: u64, record: &Record) -> Vec<u8> {
    bytes(&Piece::Request {
        id: record.id,
        seq: record.seq,
        place,
        outcomes: record.outcomes.as_deref(),
    })
}

fn bytes(piece: &Piece<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    piece.put(&mut out);
    out
}
