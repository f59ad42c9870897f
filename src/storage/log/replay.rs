//! The walk over the segments of a log that is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::index::Index;
use super::ledger::Ledger;
use super::record::{self, FORMAT, Header, Kind, Position};
use super::segment::Segment;
use super::shard::{Place, Slot};
use super::{EntryId, LogOptions, safe};
use crate::StorageError;

pub(super) const ADVICE: &str = "records behind it were acknowledged, so it is not cut: \
    empty this node's data directory and let it rejoin from its peers, or restore a backup; \
    a single node can only be restored from a backup or a snapshot";

/// What the segments walked so far say.
pub(super) struct Replay {
    pub(super) index: Index,
    pub(super) ledger: Ledger,
    /// The last segment with records, and where they end.
    pub(super) tail: Option<(Arc<Segment>, u64)>,
    /// Segments in which nothing follows on.
    pub(super) later: Vec<Arc<Segment>>,
    /// Everything before it is safe.
    pub(super) mark: Position,
    /// Where the last thing in the tail ends that looks like a record and is none.
    pub(super) torn_end: Option<u64>,
    pub(super) torn_bytes: u64,
    pub(super) bytes: u64,
    /// The newest format that a segment has.
    pub(super) format: u64,
    dir: PathBuf,
    /// Damage is cut off as if it were a torn tail.
    careless: bool,
    /// The records end, and why they seem to.
    stop: Option<Stop>,
}

/// What was seen where the records end.
struct Stop {
    segment: Arc<Segment>,
    offset: u64,
    what: String,
}

impl Replay {
    /// Begins with what is known to be safe.
    pub(super) fn new(dir: &Path, options: &LogOptions, mark: Position) -> Replay {
        Replay {
            dir: dir.to_path_buf(),
            careless: options.mutants.damage_is_torn_tail,
            index: Index::new(options.cache_bytes_max),
            ledger: Ledger::default(),
            tail: None,
            later: Vec::new(),
            mark,
            format: 0,
            torn_end: None,
            torn_bytes: 0,
            bytes: 0,
            stop: None,
        }
    }

    /// Goes on in the next segment.
    pub(super) fn segment(
        &mut self,
        segment: Arc<Segment>,
        bytes: &[u8],
    ) -> Result<(), StorageError> {
        if self.stop.is_none() {
            self.stop = self.joins(&segment, bytes)?;
        }
        if self.stop.is_some() {
            let beyond = record::look_beyond(bytes, 0, segment.salt);
            self.mark = self.mark.max(beyond.mark);
            self.torn_bytes += beyond.end.unwrap_or(0) as u64;
            self.later.push(segment);
            return Ok(());
        }
        self.walk(segment, bytes)
    }

    /// All segments were walked: refuses the log when safe records are gone.
    pub(super) fn finish(mut self) -> Result<Replay, StorageError> {
        if !self.careless {
            if self.mark > self.end() {
                return Err(self.damage());
            }
            self.check_complete()?;
        }
        if let Some((tail, end)) = &self.tail {
            self.torn_bytes += self.torn_end.map_or(0, |torn| torn.saturating_sub(*end));
            self.index.settled(tail.number);
        }
        Ok(self)
    }

    fn end(&self) -> Position {
        let end = |(segment, end): &(Arc<Segment>, u64)| Position::new(segment.number, *end as u32);
        self.tail.as_ref().map_or(Position::default(), end)
    }

    /// Whether the segment follows on what was walked; says why not.
    fn joins(
        &mut self,
        segment: &Arc<Segment>,
        bytes: &[u8],
    ) -> Result<Option<Stop>, StorageError> {
        let stop = |at: &Arc<Segment>, offset, what: String| {
            Ok(Some(Stop { segment: Arc::clone(at), offset, what }))
        };
        let first = record::read(bytes, 0, segment.salt);
        let Some((start, ledger)) = first.filter(|(header, _)| header.kind == Kind::Start) else {
            return stop(segment, 0, "its first record is not intact".into());
        };
        if start.id.term > u64::from(FORMAT) || start.id.term == 0 {
            let found = u32::try_from(start.id.term).unwrap_or(u32::MAX);
            return Err(StorageError::Version { path: segment.path.clone(), found, known: FORMAT });
        }
        self.format = self.format.max(start.id.term);
        let before = Position(start.id.index);
        match &self.tail {
            None => match Ledger::from_bytes(ledger) {
                Some(ledger) => self.begin(ledger),
                None => return stop(segment, 0, "its first record makes no sense".into()),
            },
            Some(_) if before == self.end() => {}
            Some((tail, end)) if before.segment() == tail.number => {
                return stop(tail, *end, "no intact record is there".into());
            }
            Some(_) => {
                let missing = before.segment();
                return stop(segment, 0, format!("segment {missing:08x} before it is missing"));
            }
        }
        Ok(None)
    }

    /// Takes over what was known before the first segment that is left.
    fn begin(&mut self, ledger: Ledger) {
        for (shard, line) in &ledger.shards {
            let log = self.index.shard_mut(*shard);
            log.purged = line.purged;
            log.vote = line.vote.clone();
            log.forgotten = line.forgotten;
        }
        self.ledger = ledger;
    }

    fn walk(&mut self, segment: Arc<Segment>, bytes: &[u8]) -> Result<(), StorageError> {
        let mut offset = 0;
        while let Some((header, payload)) = record::read(bytes, offset, segment.salt) {
            self.mark = self.mark.max(header.mark);
            self.apply(&segment, offset, header, payload)?;
            offset += header.record_bytes();
        }
        let beyond = record::look_beyond(bytes, offset, segment.salt);
        self.mark = self.mark.max(beyond.mark);
        self.torn_end = beyond.end.map(|end| end as u64);
        self.bytes += offset as u64;
        self.index.segments.insert(segment.number, Arc::clone(&segment));
        self.tail = Some((segment, offset as u64));
        Ok(())
    }

    fn apply(
        &mut self,
        segment: &Segment,
        offset: usize,
        header: Header,
        payload: &[u8],
    ) -> Result<(), StorageError> {
        let Header { shard, id, .. } = header;
        match header.kind {
            Kind::Start | Kind::Mark => {}
            Kind::Append => {
                if !self.follows_on(header) {
                    let what =
                        format!("entry {} of shard {} does not follow on", id.index, shard.0);
                    return Err(damaged(segment, offset as u64, what));
                }
                self.index.truncate(shard, id.index);
                let place = Place::at(Position::new(segment.number, offset as u32));
                let slot = Slot { place, payload_bytes: header.payload_bytes };
                self.index.shard_mut(shard).push(id, slot, None);
                self.ledger.line(shard).append(id.index);
            }
            Kind::Truncate => {
                self.index.truncate(shard, id.index);
                self.ledger.line(shard).truncate(id.index);
            }
            Kind::Purge => {
                self.index.purge(shard, id);
                self.ledger.line(shard).purge(id);
            }
            Kind::Forget => {
                self.index.forget(shard);
                self.ledger.forget(shard);
            }
            Kind::Vote => {
                self.index.shard_mut(shard).vote = Some(payload.to_vec());
                self.ledger.line(shard).vote = Some(payload.to_vec());
            }
        }
        Ok(())
    }

    fn follows_on(&mut self, header: Header) -> bool {
        let line = self.ledger.line(header.shard);
        let EntryId { index, .. } = header.id;
        let purged = line.purged.map(|purged| purged.index);
        match purged {
            // There is no place behind the last index.
            _ if index == u64::MAX => false,
            Some(purged) if index <= purged => false,
            Some(purged) if line.held.is_empty() => index == purged.saturating_add(1),
            _ => line.held.is_empty() || index <= line.held.end,
        }
    }

    /// Whether all the entries that should be there were found.
    fn check_complete(&self) -> Result<(), StorageError> {
        for (shard, line) in &self.ledger.shards {
            let found = self.index.shard(*shard).map_or(0, |log| log.entries());
            let missing = (line.held.end - line.held.start).saturating_sub(found);
            if let Some((_, first)) = self.index.segments.first_key_value()
                && missing > 0
            {
                let what = format!(
                    "{missing} entries of shard {} from index {} on stood in files before this \
                     one, which are missing",
                    shard.0, line.held.start
                );
                return Err(damaged(first, 0, what));
            }
        }
        Ok(())
    }

    /// Says where the records end that should go on.
    fn damage(&self) -> StorageError {
        match (&self.tail, &self.stop) {
            (Some((tail, end)), _) if self.mark.segment() == tail.number => {
                damaged(tail, *end, "no intact record is there".into())
            }
            (_, Some(stop)) => damaged(&stop.segment, stop.offset, stop.what.clone()),
            (Some((tail, end)), None) => {
                damaged(tail, *end, "the segments behind it are missing".into())
            }
            (None, None) => safe::alone(&self.dir),
        }
    }
}

fn damaged(segment: &Segment, offset: u64, what: String) -> StorageError {
    StorageError::Damaged { path: segment.path.clone(), offset, what, advice: ADVICE }
}
