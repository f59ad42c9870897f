//! Adding entries, and taking away the oldest.

use super::{Id, NewId, Trim};
use crate::keys::store::{ENTRY_BYTES_MAX, Keep, Layout, Pair, Stream};
use crate::{Fault, Outcome};

/// XADD.
pub(super) fn add(
    stream: &mut Stream,
    now_ms: u64,
    id: NewId,
    fields: &[Pair<'_>],
    trim_to: Trim,
    layout: Layout,
) -> Result<Outcome, Fault> {
    let id = new_id(stream.last_id, now_ms, id)?;
    let bytes: usize = fields.iter().map(|(field, value)| field.len() + value.len()).sum();
    if bytes > ENTRY_BYTES_MAX || fields.is_empty() {
        return Err(Fault::EntryTooBig);
    }
    stream.add(id, fields, layout);
    trim(stream, trim_to);
    Ok(Outcome::Bytes(id.text()))
}

/// Trims a stream, and says how many entries went.
pub(super) fn trim(stream: &mut Stream, to: Trim) -> u64 {
    match to {
        Trim::Never {} => 0,
        Trim::MaxLen { count, blocks, limit } => stream.trim(Keep::Count(count), blocks, limit),
        Trim::MinId { id, blocks, limit } => stream.trim(Keep::From(id), blocks, limit),
    }
}

fn new_id(last: Id, now_ms: u64, id: NewId) -> Result<Id, Fault> {
    let behind = last.next().ok_or(Fault::NoIdLeft)?;
    let id = match id {
        NewId::Auto {} if now_ms > last.ms => Id { ms: now_ms, seq: 0 },
        NewId::Auto {} => behind,
        // The number does not run over into the next millisecond.
        NewId::Of { ms } if ms == last.ms && behind.ms == ms => behind,
        NewId::Of { ms } => Id { ms, seq: 0 },
        NewId::Is { id } => id,
    };
    if id > last { Ok(id) } else { Err(Fault::IdTooSmall) }
}
