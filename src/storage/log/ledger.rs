//! What must be known about the shards at a place of the log when everything
//! before it is gone: the payload of a segment's first record.

use std::collections::BTreeMap;
use std::ops::Range;

use lockstep_core::ShardId;

use super::EntryId;

/// The shards as they are behind the last record written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ledger {
    pub(super) shards: BTreeMap<ShardId, Line>,
}

/// One shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) purged: Option<EntryId>,
    /// The indexes held.
    pub(super) held: Range<u64>,
    pub(super) vote: Option<Vec<u8>>,
    /// Nothing came since the shard was forgotten.
    pub(super) forgotten: bool,
}

impl Ledger {
    /// The line of a shard, which is not forgotten any more.
    pub(super) fn line(&mut self, shard: ShardId) -> &mut Line {
        let line = self.shards.entry(shard).or_default();
        line.forgotten = false;
        line
    }

    pub(super) fn forget(&mut self, shard: ShardId) {
        self.shards.insert(shard, Line { forgotten: true, ..Line::default() });
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (shard, line) in &self.shards {
            out.extend_from_slice(&shard.0.to_le_bytes());
            let flags = [line.purged.is_some(), line.vote.is_some(), line.forgotten];
            out.push(flags.iter().rev().fold(0, |byte, flag| byte << 1 | u8::from(*flag)));
            if let Some(id) = line.purged {
                put_numbers(&mut out, [id.term, id.node, id.index]);
            }
            put_numbers(&mut out, [line.held.start, line.held.end]);
            if let Some(vote) = &line.vote {
                let len = u16::try_from(vote.len()).expect("votes are bounded");
                out.extend_from_slice(&len.to_le_bytes());
                out.extend_from_slice(vote);
            }
        }
        out
    }

    /// `None` when these are not the bytes of a ledger.
    pub(super) fn from_bytes(mut bytes: &[u8]) -> Option<Ledger> {
        let mut ledger = Ledger::default();
        while !bytes.is_empty() {
            let shard = ShardId(u16::from_le_bytes(take(&mut bytes)?));
            let [flags] = take(&mut bytes)?;
            let mut line = Line { forgotten: flags & 4 != 0, ..Line::default() };
            if flags & 1 != 0 {
                let [term, node, index] = take_numbers(&mut bytes)?;
                line.purged = Some(EntryId { term, node, index });
            }
            let [start, end] = take_numbers(&mut bytes)?;
            if start > end {
                return None;
            }
            line.held = start..end;
            if flags & 2 != 0 {
                let len = u16::from_le_bytes(take(&mut bytes)?);
                let (vote, rest) = bytes.split_at_checked(usize::from(len))?;
                line.vote = Some(vote.to_vec());
                bytes = rest;
            }
            ledger.shards.insert(shard, line);
        }
        Some(ledger)
    }
}

impl Line {
    /// Entry `index` was appended, over what was there from it on.
    pub(super) fn append(&mut self, index: u64) {
        if self.held.is_empty() || index < self.held.start {
            self.held.start = index;
        }
        self.held.end = index + 1;
    }

    pub(super) fn truncate(&mut self, from: u64) {
        self.held.end = self.held.end.min(from).max(self.held.start);
    }

    pub(super) fn purge(&mut self, upto: EntryId) {
        if self.purged.is_none_or(|before| before.index < upto.index) {
            self.purged = Some(upto);
        }
        self.held.start = self.held.start.max(upto.index.saturating_add(1));
        self.held.end = self.held.end.max(self.held.start);
    }
}

fn put_numbers<const N: usize>(out: &mut Vec<u8>, numbers: [u64; N]) {
    for number in numbers {
        out.extend_from_slice(&number.to_le_bytes());
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (front, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*front)
}

fn take_numbers<const N: usize>(bytes: &mut &[u8]) -> Option<[u64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = u64::from_le_bytes(take(bytes)?);
    }
    Some(numbers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_reads_back_as_it_was_written() {
        let mut ledger = Ledger::default();
        let upto = EntryId { term: 1, node: 2, index: 30 };
        ledger.line(ShardId(1)).purge(upto);
        ledger.line(ShardId(1)).append(31);
        ledger.line(ShardId(9)).vote = Some(b"vote".to_vec());
        ledger.forget(ShardId(10));
        assert_eq!(Ledger::from_bytes(&ledger.to_bytes()).unwrap(), ledger);
    }

    #[test]
    fn a_cut_ledger_is_none() {
        let mut ledger = Ledger::default();
        ledger.line(ShardId(9)).vote = Some(b"vote".to_vec());
        let bytes = ledger.to_bytes();
        for len in 1..bytes.len() {
            assert!(Ledger::from_bytes(&bytes[..len]).is_none());
        }
    }
}
