//! What the table should do, said as simply as possible.

use super::{RequestId, Table};
use crate::requests::table::{Limits, RECORD_BYTES};
use crate::requests::{OUTCOMES_BYTES_MAX, Recall};
use crate::wire::Wire;
use crate::{NodeId, Origin, Outcome};

#[derive(Clone, Debug)]
struct Entry {
    id: RequestId,
    seq: u64,
    kept: Option<Vec<Outcome>>,
}

/// All entries, the oldest first.
#[derive(Clone, Debug)]
pub(super) struct Model {
    entries: Vec<Entry>,
    evicted_seq: u64,
    /// The newest life of each of a few nodes.
    boots: Vec<u64>,
    limits: Limits,
}

fn size(outcomes: &[Outcome]) -> usize {
    let mut bytes = Vec::new();
    outcomes.to_vec().put(&mut bytes);
    bytes.len()
}

impl Model {
    pub(super) fn new(limits: Limits) -> Self {
        Model { entries: Vec::new(), evicted_seq: 0, boots: vec![0; 8], limits }
    }

    fn is_over(&self, origin: Origin) -> bool {
        origin.boot < self.boots[origin.node.0 as usize]
    }

    pub(super) fn recall(&self, id: &RequestId, floor: u64, retry: bool) -> Recall {
        if self.is_over(id.origin) {
            return Recall::Forgotten;
        }
        let entry = self.entries.iter().find(|entry| entry.id.origin == id.origin);
        let number = entry.map(|entry| entry.id.number);
        if number == Some(id.number) {
            let kept = entry.and_then(|entry| entry.kept.clone());
            return kept.map_or(Recall::Forgotten, Recall::Done);
        }
        let older = number.is_some_and(|number| number > id.number);
        let always_there = entry.is_some_and(|entry| entry.seq <= floor);
        let may_be_lost = retry && self.evicted_seq > floor && !always_there;
        if older || may_be_lost { Recall::Forgotten } else { Recall::Fresh }
    }

    pub(super) fn remember(&mut self, seq: u64, id: &RequestId, outcomes: &[Outcome]) {
        if self.is_over(id.origin) {
            return;
        }
        let newer = |entry: &Entry| entry.id.origin == id.origin && entry.id.number > id.number;
        if self.entries.iter().any(newer) {
            return;
        }
        self.entries.retain(|entry| entry.id.origin != id.origin);
        let kept = (size(outcomes) <= OUTCOMES_BYTES_MAX).then(|| outcomes.to_vec());
        self.entries.push(Entry { id: *id, seq, kept });
        while self.entries.len() > self.limits.records || self.bytes() > self.limits.bytes {
            self.evicted_seq = self.entries.remove(0).seq;
        }
    }

    pub(super) fn end_connection(&mut self, origin: Origin) {
        for entry in self.entries.iter_mut().filter(|entry| entry.id.origin == origin) {
            entry.kept = None;
        }
    }

    pub(super) fn end_lives(&mut self, node: NodeId, boot: u64) {
        let newest = &mut self.boots[node.0 as usize];
        *newest = boot.max(*newest);
        self.entries.retain(|entry| entry.id.origin.node != node || entry.id.origin.boot >= boot);
    }

    fn bytes(&self) -> usize {
        let kept = |entry: &Entry| entry.kept.as_ref().map_or(0, |kept| size(kept));
        self.entries.iter().map(|entry| RECORD_BYTES + kept(entry)).sum()
    }

    pub(super) fn check(&self, table: &Table) {
        assert_eq!(table.len(), self.entries.len());
        assert_eq!(table.bytes(), self.bytes());
        assert_eq!(table.evicted_seq(), self.evicted_seq);
    }
}
