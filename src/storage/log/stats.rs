//! Numbers about the log, for metrics and INFO.

use std::time::Duration;

use lockstep_core::ShardId;

use super::EntryId;

/// Upper bounds of the buckets of [`LogStats::fsync_buckets`], in microseconds.
pub const FSYNC_BOUNDS_MICROS: [u64; 14] = [
    50, 100, 200, 400, 800, 1_500, 3_000, 6_000, 12_000, 25_000, 50_000, 100_000, 500_000,
    1_000_000,
];

/// What the log has done since it was opened, and what it holds now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogStats {
    /// Entries held, over all shards.
    pub entries: u64,
    /// Bytes of the records written.
    pub written_bytes: u64,
    /// Writes: each takes all that waits.
    pub writes: u64,
    /// Segment files that hold records.
    pub segments: usize,
    /// Segment files ready for use.
    pub spare_segments: usize,
    /// Bytes of all segment files.
    pub disk_bytes: u64,
    /// Bytes of those that hold records.
    pub held_bytes: u64,
    /// Bytes handed in and not yet written.
    pub in_flight_bytes: usize,
    /// Callers that are held up because too much waits to be written.
    pub callers_held_up: usize,
    /// Bytes written and not yet known to be safe.
    pub unsynced_bytes: u64,
    /// Payload bytes of recent entries kept in memory.
    pub cache_bytes: usize,
    /// Calls of fdatasync.
    pub fsyncs: u64,
    /// The time they took together.
    pub fsync_micros: u64,
    /// The time the last one took.
    pub last_fsync_micros: u64,
    /// How many took at most the bound at the same place of
    /// [`FSYNC_BOUNDS_MICROS`]; the last one counts all.
    pub fsync_buckets: [u64; FSYNC_BOUNDS_MICROS.len() + 1],
    /// No space for the segment after this one: refuse new work now, while the
    /// rest of this segment takes what must still be written.
    pub disk_full: bool,
    /// The shard whose entries keep the oldest segment from being freed.
    pub oldest_needed_by: Option<ShardId>,
}

/// What was found when the log was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The shards that the log knows, in order.
    pub shards: Vec<RecoveredShard>,
    /// Entries over all shards.
    pub entries: u64,
    /// Bytes of the valid records.
    pub bytes: u64,
    /// Bytes of the torn tail that was cut.
    pub torn_bytes: u64,
    /// Segment files read.
    pub segments: usize,
    /// How long it took.
    pub duration: Duration,
}

/// What was found for one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveredShard {
    /// The shard.
    pub shard: ShardId,
    /// Everything up to this one was purged.
    pub purged: Option<EntryId>,
    /// The last entry, or the last purged one.
    pub last: Option<EntryId>,
    /// How many entries are held.
    pub entries: u64,
    /// Whether a vote was saved.
    pub voted: bool,
}
