//! How the engine is opened and asked.

use std::io;
use std::ops::Range;
use std::path::Path;

use lockstep_core::ShardId;
use raft_engine::{Config, Engine, Error, ReadableSize};

use super::entry::Entries;
use super::index::Found;
use super::{LogOptions, Record};

/// Set to run the engine with the settings it has when nothing is set: files are
/// not filled beforehand, and batches from 8 KB on are compressed.
const AS_IT_COMES: &str = "RAFT_ENGINE_AS_IT_COMES";

/// The engine's number of a shard. Zero is left for what belongs to none.
pub(super) fn region(shard: ShardId) -> u64 {
    u64::from(shard.0) + 1
}

/// The shard of one of the engine's numbers.
pub(super) fn shard(region: u64) -> Option<ShardId> {
    u16::try_from(region.checked_sub(1)?).ok().map(ShardId)
}

/// Opens the engine with settings that make it do what the own log does: as many
/// files of the same size, filled with zeros beforehand and used again, and
/// nothing compressed.
pub(super) fn open(dir: &Path, options: &LogOptions) -> raft_engine::Result<Engine> {
    let file_bytes = options.segment_bytes.max(1 << 20);
    let spares = options.spare_segments_max as u64;
    let dir = dir.to_str().ok_or_else(|| Error::InvalidArgument("a path not in UTF-8".into()))?;
    let mut config = Config {
        dir: dir.to_owned(),
        target_file_size: ReadableSize(file_bytes),
        purge_threshold: ReadableSize(file_bytes.saturating_mul(spares.max(1))),
        ..Config::default()
    };
    if std::env::var_os(AS_IT_COMES).is_none() && spares > 0 {
        config.batch_compression_threshold = ReadableSize(0);
        config.prefill_for_recycle = true;
        // The engine keeps half as many again as the limit says.
        config.prefill_limit = Some(ReadableSize(file_bytes * (spares * 2).div_ceil(3)));
    }
    Engine::open(config)
}

/// Reads what is not in memory. What is not stands before what is.
pub(super) fn fetch(engine: &Engine, shard: ShardId, found: Vec<Found>) -> io::Result<Vec<Record>> {
    let on_disk = found.iter().filter_map(|entry| match entry {
        Found::OnDisk { id, .. } => Some(id.index),
        Found::Cached(..) => None,
    });
    let range = on_disk.fold(None, |range: Option<Range<u64>>, index| {
        Some(range.map_or(index, |range| range.start)..index + 1)
    });
    let mut entries = Vec::new();
    if let Some(range) = range {
        engine
            .fetch_entries_to::<Entries>(region(shard), range.start, range.end, None, &mut entries)
            .map_err(failed)?;
    }
    let read = entries.into_iter().map(|entry| Record { id: entry.id, payload: entry.payload });
    let cached = found.into_iter().filter_map(|entry| match entry {
        Found::Cached(id, payload) => Some(Record { id, payload }),
        Found::OnDisk { .. } => None,
    });
    Ok(read.chain(cached).collect())
}

/// The engine's error as one of the system.
pub(super) fn failed(error: Error) -> io::Error {
    match error {
        Error::Io(error) => error,
        Error::EntryCompacted | Error::EntryNotFound => {
            io::Error::new(io::ErrorKind::NotFound, error.to_string())
        }
        Error::Corruption(what) => io::Error::new(io::ErrorKind::InvalidData, what),
        other => io::Error::other(other.to_string()),
    }
}
