//! What the engine keeps beside the entries, as keys and values of each shard.
//!
//! The engine knows entries by their index only and cannot drop the last ones, so
//! the terms and a cut at the end are written down in the same batch.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind};

use lockstep_core::ShardId;
use raft_engine::{Command, Engine, LogBatch, Result};

use super::EntryId;
use super::engine::{failed, region, shard};
use super::index::Index;
use super::record::Position;
use super::segment;
use super::shard::{Place, ShardLog, Slot};

/// Everything from this index on is void, until it is appended anew.
const CUT: &[u8] = b"cut";
const PURGED: &[u8] = b"purged";
/// With the index from which on this term and node hold.
const REIGN: &[u8] = b"reign";
const VOTE: &[u8] = b"vote";

/// The writer's side of what is kept for each shard.
#[derive(Default)]
pub(super) struct Ledger {
    lines: BTreeMap<ShardId, Line>,
}

/// One shard.
#[derive(Default)]
pub(super) struct Line {
    reigns: VecDeque<EntryId>,
    cut: Option<u64>,
    purged: Option<EntryId>,
}

impl Ledger {
    /// Reads what the engine holds into the index.
    pub(super) fn recover(engine: &Engine, index: &mut Index) -> io::Result<Ledger> {
        segment::stand_in(index);
        let mut ledger = Ledger::default();
        for shard in engine.raft_groups().into_iter().filter_map(shard) {
            let mut vote = None;
            let line = Line::recover(engine, shard, &mut vote)?;
            let log = index.shard_mut(shard);
            log.vote = vote;
            line.fill(engine, shard, log)?;
            ledger.lines.insert(shard, line);
        }
        Ok(ledger)
    }

    pub(super) fn line(&mut self, shard: ShardId) -> &mut Line {
        self.lines.entry(shard).or_default()
    }
}

impl Line {
    fn recover(engine: &Engine, shard: ShardId, vote: &mut Option<Vec<u8>>) -> io::Result<Line> {
        let mut line = Line::default();
        let each = |key: &[u8], value: &[u8]| {
            match key {
                CUT => line.cut = value.try_into().map(u64::from_be_bytes).ok(),
                PURGED => line.purged = id_from(value),
                VOTE => *vote = Some(value.to_vec()),
                _ => line.reigns.extend(id_from(value)),
            }
            true
        };
        engine.scan_raw_messages(region(shard), None, None, false, each).map_err(failed)?;
        Ok(line)
    }

    /// Puts the entries that count into the shard's map.
    fn fill(&self, engine: &Engine, shard: ShardId, log: &mut ShardLog) -> io::Result<()> {
        if let Some(purged) = self.purged {
            log.purge(purged);
        }
        let (Some(first), Some(last)) =
            (engine.first_index(region(shard)), engine.last_index(region(shard)))
        else {
            return Ok(());
        };
        let first = first.max(self.purged.map_or(0, |purged| purged.index + 1));
        let end = self.cut.unwrap_or(u64::MAX).min(last + 1);
        for index in first..end {
            let after = self.reigns.partition_point(|reign| reign.index <= index);
            let reign = after.checked_sub(1).map(|at| self.reigns[at]).ok_or_else(|| {
                let what = format!("nobody knows the term of entry {index} of shard {}", shard.0);
                io::Error::new(ErrorKind::InvalidData, what)
            })?;
            let slot = Slot { place: Place::at(Position::default()), payload_bytes: 0 };
            log.push(EntryId { index, ..reign }, slot, None);
        }
        Ok(())
    }

    /// These are appended, overwriting what is there from the first one on.
    pub(super) fn append(
        &mut self,
        shard: ShardId,
        ids: impl Iterator<Item = EntryId>,
        batch: &mut LogBatch,
    ) -> Result<()> {
        let mut ids = ids.peekable();
        let Some(first) = ids.peek().copied() else { return Ok(()) };
        if self.cut.take().is_some() {
            batch.delete(region(shard), CUT.to_vec());
        }
        self.end_reigns(shard, first.index, batch);
        for id in ids {
            let same = |reign: &EntryId| (reign.term, reign.node) == (id.term, id.node);
            if !self.reigns.back().is_some_and(same) {
                batch.put(region(shard), reign_key(id), id_bytes(id))?;
                self.reigns.push_back(id);
            }
        }
        Ok(())
    }

    /// The entries from `from` on are dropped.
    pub(super) fn truncate(
        &mut self,
        shard: ShardId,
        from: u64,
        batch: &mut LogBatch,
    ) -> Result<()> {
        self.end_reigns(shard, from, batch);
        let cut = self.cut.unwrap_or(u64::MAX).min(from);
        self.cut = Some(cut);
        batch.put(region(shard), CUT.to_vec(), cut.to_be_bytes().to_vec())
    }

    /// The entries up to `upto` are dropped.
    pub(super) fn purge(
        &mut self,
        shard: ShardId,
        upto: EntryId,
        batch: &mut LogBatch,
    ) -> Result<()> {
        if self.purged.is_some_and(|purged| purged.index >= upto.index) {
            return Ok(());
        }
        self.purged = Some(upto);
        let index = upto.index.saturating_add(1);
        batch.add_command(region(shard), Command::Compact { index });
        batch.put(region(shard), PURGED.to_vec(), id_bytes(upto))?;
        while self.reigns.get(1).is_some_and(|next| next.index <= index) {
            let gone = self.reigns.pop_front().expect("there are two");
            batch.delete(region(shard), reign_key(gone));
        }
        Ok(())
    }

    pub(super) fn vote(shard: ShardId, vote: Vec<u8>, batch: &mut LogBatch) -> Result<()> {
        batch.put(region(shard), VOTE.to_vec(), vote)
    }

    fn end_reigns(&mut self, shard: ShardId, from: u64, batch: &mut LogBatch) {
        while self.reigns.back().is_some_and(|reign| reign.index >= from) {
            let gone = self.reigns.pop_back().expect("looked at just now");
            batch.delete(region(shard), reign_key(gone));
        }
    }
}

fn reign_key(id: EntryId) -> Vec<u8> {
    [REIGN, &id.index.to_be_bytes()].concat()
}

fn id_bytes(id: EntryId) -> Vec<u8> {
    [id.term, id.node, id.index].map(u64::to_be_bytes).concat()
}

fn id_from(bytes: &[u8]) -> Option<EntryId> {
    let (words, rest) = bytes.as_chunks::<8>();
    let [term, node, index] = *words else { return None };
    let [term, node, index] = [term, node, index].map(u64::from_be_bytes);
    rest.is_empty().then_some(EntryId { term, node, index })
}
