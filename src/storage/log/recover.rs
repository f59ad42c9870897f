//! Reads the log when it is opened.
//!
//! The segments are walked in order, each one named by the next as ending where
//! it does. Where the walk ends, the largest mark found anywhere decides: if it
//! lies further, safe records are gone and the log is refused; otherwise what
//! follows was never promised to anybody and is cut.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::LogOptions;
use super::index::Index;
use super::keeper::{Spare, Stock};
use super::ledger::Ledger;
use super::record::Position;
use super::replay::Replay;
use super::safe::{self, Safe};
use super::segment::{self, Name, Role, Segment};
use super::stats::{Recovered, RecoveredShard};
use crate::disk::read_full;
use crate::{Disk, StorageError};

/// Bytes are read back and written again in pieces of this size.
const PIECE_BYTES: u64 = 1 << 20;

/// Segments of this format and later ones are never without the file that says how
/// far the log is safe.
const SAFE_SINCE: u64 = 2;

/// The log as it was found.
pub(super) struct Restored {
    pub(super) index: Index,
    pub(super) ledger: Ledger,
    /// The last segment and where its records end.
    pub(super) tail: Option<(Arc<Segment>, u64)>,
    pub(super) stock: Stock,
    pub(super) safe: Safe,
    pub(super) report: Recovered,
}

impl Restored {
    pub(super) fn end(&self) -> Position {
        let end = |(segment, end): &(Arc<Segment>, u64)| Position::new(segment.number, *end as u32);
        self.tail.as_ref().map_or(Position::default(), end)
    }
}

/// Reads the log in `dir`, cuts a torn tail, and makes safe what is left.
pub(super) fn recover(
    disk: &dyn Disk,
    dir: &Path,
    options: &LogOptions,
) -> Result<Restored, StorageError> {
    let started = Instant::now();
    let recovery = Recovery { disk, dir };
    disk.create_dir_all(dir).map_err(StorageError::io("making the log's directory", dir))?;
    let names = recovery.clear_temporary(segment::names(disk, dir)?)?;
    let safe = Safe::open(disk, dir)?;
    let mark = safe.as_ref().map_or(Position::default(), Safe::position);
    let mut replay = Replay::new(dir, options, mark);
    for name in names.iter().filter(|name| name.role == Role::Log) {
        let (segment, bytes) = recovery.load(*name)?;
        replay.segment(segment, &bytes)?;
    }
    let mut replay = replay.finish()?;
    let safe = match safe {
        Some(safe) => safe,
        None if replay.format >= SAFE_SINCE && !options.mutants.damage_is_torn_tail => {
            return Err(safe::missing(dir));
        }
        None => Safe::make(disk, dir)?,
    };
    let mut spares = recovery.spares(&names)?;
    for segment in std::mem::take(&mut replay.later) {
        spares.push(recovery.make_spare(&segment)?);
    }
    recovery.make_safe(&replay)?;
    let mut report = report(&replay);
    report.duration = started.elapsed();
    Ok(Restored {
        index: replay.index,
        ledger: replay.ledger,
        tail: replay.tail,
        safe,
        stock: Stock { secret: secret(&names), next_number: next_number(&names), spares },
        report,
    })
}

struct Recovery<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
}

impl Recovery<'_> {
    fn path(&self, name: Name) -> PathBuf {
        self.dir.join(name.to_text())
    }

    fn clear_temporary(&self, names: Vec<Name>) -> Result<Vec<Name>, StorageError> {
        for name in names.iter().filter(|name| name.role == Role::Temporary) {
            let path = self.path(*name);
            self.disk.remove(&path).map_err(StorageError::io("clearing the log", &path))?;
        }
        Ok(names)
    }

    fn load(&self, name: Name) -> Result<(Arc<Segment>, Vec<u8>), StorageError> {
        let path = self.path(name);
        let failed = || StorageError::io("reading the log", &path);
        let file = self.disk.open(&path).map_err(failed())?;
        let len = file.len().map_err(failed())?;
        let mut bytes = vec![0; usize::try_from(len).expect("a file fits into the address space")];
        let got = read_full(file.as_ref(), &mut bytes, 0).map_err(failed())?;
        bytes.truncate(got);
        Ok((Arc::new(Segment::new(name, self.dir, file, len)), bytes))
    }

    fn spares(&self, names: &[Name]) -> Result<Vec<Spare>, StorageError> {
        let mut spares = Vec::new();
        for name in names.iter().filter(|name| name.role == Role::Free) {
            let path = self.path(*name);
            let file = self.disk.open(&path).and_then(|file| file.len());
            let bytes = file.map_err(StorageError::io("reading the log", &path))?;
            spares.push(Spare { name: *name, bytes });
        }
        Ok(spares)
    }

    /// A segment without a safe record can be used again, under another salt.
    fn make_spare(&self, segment: &Segment) -> Result<Spare, StorageError> {
        let name = Name { number: segment.number, salt: segment.salt, role: Role::Free };
        let renamed = self.disk.rename(&segment.path, &self.path(name));
        renamed
            .and_then(|()| self.disk.sync_dir(self.dir))
            .map_err(StorageError::io("cutting the log", &segment.path))?;
        Ok(Spare { name, bytes: segment.bytes() })
    }

    /// Clears what follows the records, and makes the records themselves safe.
    ///
    /// What no mark covers may be in memory only, and after a failed sync the
    /// system takes it for written: it is read and written again, so that the sync
    /// that follows means something.
    fn make_safe(&self, replay: &Replay) -> Result<(), StorageError> {
        let Some((tail, end)) = &replay.tail else { return Ok(()) };
        if let Some(torn) = replay.torn_end {
            rewrite(tail, *end..torn, Rewrite::Zeros)?;
        }
        let unsafe_from = replay.mark.segment();
        for (number, segment) in replay.index.segments.range(unsafe_from..) {
            let from = if *number == unsafe_from { replay.mark.offset() } else { 0 };
            let to = if *number == tail.number { *end } else { segment.bytes() };
            rewrite(segment, u64::from(from)..to, Rewrite::Same)?;
            let synced = segment.file.sync_data();
            synced.map_err(StorageError::io("syncing the log", &segment.path))?;
        }
        self.disk.sync_dir(self.dir).map_err(StorageError::io("syncing the log", self.dir))
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Rewrite {
    Same,
    Zeros,
}

fn rewrite(
    segment: &Segment,
    range: std::ops::Range<u64>,
    with: Rewrite,
) -> Result<(), StorageError> {
    let failed = || StorageError::io("making the log safe", &segment.path);
    let mut at = range.start;
    while at < range.end {
        let mut piece = vec![0; (range.end - at).min(PIECE_BYTES) as usize];
        if with == Rewrite::Same {
            let got = read_full(segment.file.as_ref(), &mut piece, at).map_err(failed())?;
            piece.truncate(got);
        }
        if piece.is_empty() {
            return Ok(());
        }
        segment.file.write_at(&piece, at).map_err(failed())?;
        at += piece.len() as u64;
    }
    Ok(())
}

fn next_number(names: &[Name]) -> u32 {
    names.iter().map(|name| name.number).max().unwrap_or(0) + 1
}

/// What makes the salts of this log: drawn once, kept in every name.
fn secret(names: &[Name]) -> u32 {
    use std::hash::{BuildHasher, RandomState};
    let drawn = || RandomState::new().hash_one("lockstep log") as u32;
    names.first().map_or_else(drawn, |name| name.secret())
}

fn report(replay: &Replay) -> Recovered {
    let shards = replay.index.shards().map(|(shard, log)| RecoveredShard {
        shard,
        purged: log.purged,
        last: log.last(),
        entries: log.entries(),
        voted: log.vote.is_some(),
    });
    let shards: Vec<RecoveredShard> = shards.collect();
    Recovered {
        entries: shards.iter().map(|shard| shard.entries).sum(),
        shards,
        bytes: replay.bytes,
        torn_bytes: replay.torn_bytes,
        segments: replay.index.segments.len(),
        duration: Default::default(),
    }
}
