//! Entries from the segment files.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use super::index::Found;
use super::record::{self, Kind};
use super::replay::ADVICE;
use super::segment::Segment;
use super::{EntryId, Record};
use crate::StorageError;
use crate::disk::read_full;

/// Entries this close to each other are read together.
const GAP_BYTES_MAX: u64 = 64 << 10;

/// As much is read at once, unless one entry is larger.
const RUN_BYTES_MAX: u64 = 1 << 20;

/// Entries of one segment that are read together.
struct Run {
    segment: Arc<Segment>,
    start: u64,
    end: u64,
    entries: Vec<(EntryId, u64, u32)>,
}

/// Reads what is not in memory, and checks it.
pub(super) fn fetch(found: Vec<Found>) -> io::Result<Vec<Record>> {
    let mut records = Vec::with_capacity(found.len());
    let mut run: Option<Run> = None;
    for entry in found {
        match entry {
            Found::Cached(id, payload) => {
                flush(run.take(), &mut records)?;
                records.push(Record { id, payload });
            }
            Found::OnDisk { id, segment, offset, payload_bytes } => {
                let end = offset + record::record_bytes(payload_bytes as usize) as u64;
                let fits = run.as_ref().is_some_and(|run| run.takes(&segment, offset, end));
                if !fits {
                    flush(run.take(), &mut records)?;
                }
                let open = run.get_or_insert_with(|| Run::new(Arc::clone(&segment), offset));
                open.end = end;
                open.entries.push((id, offset, payload_bytes));
            }
        }
    }
    flush(run, &mut records)?;
    Ok(records)
}

fn flush(run: Option<Run>, records: &mut Vec<Record>) -> io::Result<()> {
    run.map_or(Ok(()), |run| run.read(records))
}

impl Run {
    fn new(segment: Arc<Segment>, start: u64) -> Run {
        Run { segment, start, end: start, entries: Vec::new() }
    }

    fn takes(&self, segment: &Segment, offset: u64, end: u64) -> bool {
        self.segment.number == segment.number
            && offset >= self.end
            && offset - self.end <= GAP_BYTES_MAX
            && end - self.start <= RUN_BYTES_MAX
    }

    fn read(self, records: &mut Vec<Record>) -> io::Result<()> {
        let mut buf = vec![0; (self.end - self.start) as usize];
        let got = read_full(self.segment.file.as_ref(), &mut buf, self.start)?;
        buf.truncate(got);
        let bytes = Bytes::from(buf);
        for (id, offset, payload_bytes) in &self.entries {
            let at = (offset - self.start) as usize;
            self.check(&bytes, at, *id, *payload_bytes)?;
            let start = at + record::HEADER_BYTES;
            let payload = bytes.slice(start..start + *payload_bytes as usize);
            records.push(Record { id: *id, payload });
        }
        Ok(())
    }

    fn check(&self, bytes: &[u8], at: usize, id: EntryId, payload_bytes: u32) -> io::Result<()> {
        let record = record::read(bytes, at, self.segment.salt);
        let intact = record.is_some_and(|(header, _)| {
            header.kind == Kind::Append && header.id == id && header.payload_bytes == payload_bytes
        });
        if intact {
            return Ok(());
        }
        let (path, offset) = (self.segment.path.clone(), self.start + at as u64);
        let what = format!("entry {} is not there", id.index);
        Err(StorageError::Damaged { path, offset, what, advice: ADVICE }.into())
    }
}
