//! The newest request of each connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Recall, RequestId};
use crate::image::Paged;
use crate::lives::Lives;
use crate::wire::Wire;
use crate::{Effect, Origin, Outcome};

/// Of how many connections a request is remembered.
pub const REQUESTS_MAX: usize = 65_536;

/// How many bytes all that is remembered may take.
pub const REQUESTS_BYTES_MAX: usize = 64 * 1024 * 1024;

/// How many bytes the outcomes of one request may take to be kept.
pub const OUTCOMES_BYTES_MAX: usize = 64 * 1024;

/// What a request takes besides its outcomes, its place in all containers
/// counted.
pub(super) const RECORD_BYTES: usize = 192;

/// The newest request of each connection, with what it gave.
#[derive(Debug)]
pub struct Table {
    /// In the order they were applied. The number is that of the operation, or
    /// the next free one.
    pub(super) records: Paged<Record>,
    /// Where the record of each connection is.
    pub(super) places: BTreeMap<Origin, u64>,
    pub(super) bytes: usize,
    /// The highest number of an operation whose record had to make room.
    pub(super) evicted_seq: u64,
    pub(super) lives: Lives,
    pub(super) limits: Limits,
}

/// What the table may grow to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub records: usize,
    pub bytes: usize,
}

/// The newest request of a connection.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub id: RequestId,
    /// The number of the operation it was applied as.
    pub seq: u64,
    /// The bytes of what it gave; none when they are not kept.
    pub outcomes: Option<Arc<[u8]>>,
}

impl Record {
    pub(super) fn bytes(&self) -> usize {
        RECORD_BYTES + self.outcomes.as_ref().map_or(0, |bytes| bytes.len())
    }

    fn recall(&self) -> Recall {
        self.list().map_or(Recall::Forgotten, Recall::Done)
    }

    fn list(&self) -> Option<Vec<Outcome>> {
        let bytes = self.outcomes.as_deref()?;
        let list = Vec::take(&mut &bytes[..]);
        Some(list.expect("encoded by us, or looked through when it was restored"))
    }
}

impl Table {
    /// A table in which nothing is remembered.
    pub fn new() -> Self {
        Table::limited(Limits { records: REQUESTS_MAX, bytes: REQUESTS_BYTES_MAX })
    }

    pub(super) fn limited(limits: Limits) -> Self {
        Table {
            records: Paged::new(),
            places: BTreeMap::new(),
            bytes: 0,
            evicted_seq: 0,
            lives: Lives::default(),
            limits,
        }
    }

    /// Of how many connections a request is remembered.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Bytes of memory, estimated.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The highest number of an operation whose record had to make room.
    pub fn evicted_seq(&self) -> u64 {
        self.evicted_seq
    }

    /// What is remembered of a request. `floor`: the number of an operation that
    /// was applied before the request was made; `retry`: whether it may have been
    /// proposed before.
    pub fn recall(&self, id: &RequestId, floor: u64, retry: bool) -> Recall {
        if self.lives.is_over(id.origin) {
            return Recall::Forgotten;
        }
        let record = self.record(id.origin);
        match record {
            Some(record) if id.number == record.id.number => return record.recall(),
            Some(record) if id.number < record.id.number => return Recall::Forgotten,
            _ => {}
        }
        // A record that was there before the request was made would have been
        // replaced by that of the request.
        let unbroken = record.is_some_and(|record| record.seq <= floor);
        let lost = self.evicted_seq > floor && !unbroken;
        if retry && lost { Recall::Forgotten } else { Recall::Fresh }
    }

    /// A request was applied, its last operation as number `seq` of the shard,
    /// and gave this.
    pub fn remember(&mut self, seq: u64, id: &RequestId, outcomes: &[Outcome]) {
        let newer = self.record(id.origin).is_some_and(|record| record.id.number > id.number);
        if newer || self.lives.is_over(id.origin) {
            return;
        }
        self.remove(id.origin);
        self.insert(Record { id: *id, seq, outcomes: encoded(outcomes) });
        self.make_room();
    }

    /// The requests that waited and were answered: from now on the answer is what
    /// they gave.
    pub fn answered(&mut self, effects: &[Effect]) {
        if self.is_empty() {
            return;
        }
        for effect in effects {
            if let Effect::Answer { origin, outcome, .. } = effect {
                self.answer(*origin, outcome);
            }
        }
    }

    /// A connection ended, or let go of all it had. What its newest request gave
    /// will not be asked for; that it was applied must not be forgotten.
    pub fn end_connection(&mut self, origin: Origin) {
        self.replace_outcomes(origin, None);
    }

    /// Connections of a node are over, those below `floor` by life and number: they
    /// send nothing any more, and what still arrives of them is refused.
    pub fn end_lives(&mut self, floor: Origin) {
        self.lives.begin(floor);
        let over = self.places.range(Origin { boot: 0, conn: 0, ..floor }..floor);
        let over: Vec<Origin> = over.map(|(origin, _)| *origin).collect();
        over.into_iter().for_each(|origin| self.remove(origin));
    }

    /// Adds the record of a connection that has none, as the newest.
    pub(super) fn insert(&mut self, record: Record) {
        let next = self.records.last_number().map_or(0, |last| last.saturating_add(1));
        let place = record.seq.max(next);
        self.bytes += record.bytes();
        self.places.insert(record.id.origin, place);
        self.records.insert(place, record);
    }

    fn record(&self, origin: Origin) -> Option<&Record> {
        self.records.get(*self.places.get(&origin)?)
    }

    fn remove(&mut self, origin: Origin) {
        let Some(place) = self.places.remove(&origin) else { return };
        if let Some(record) = self.records.remove(place) {
            self.bytes -= record.bytes();
        }
    }

    fn make_room(&mut self) {
        while self.records.len() > self.limits.records || self.bytes > self.limits.bytes {
            let Some((_, oldest)) = self.records.first() else { return };
            let (origin, seq) = (oldest.id.origin, oldest.seq);
            self.evicted_seq = seq.max(self.evicted_seq);
            self.remove(origin);
        }
    }

    /// A connection waits with its newest request, if with any.
    fn answer(&mut self, origin: Origin, answer: &Outcome) {
        let Some(mut outcomes) = self.record(origin).and_then(Record::list) else { return };
        let Some(waits) = outcomes.iter_mut().find(|outcome| **outcome == Outcome::Waits) else {
            return;
        };
        *waits = answer.clone();
        self.replace_outcomes(origin, encoded(&outcomes));
        self.make_room();
    }

    fn replace_outcomes(&mut self, origin: Origin, outcomes: Option<Arc<[u8]>>) {
        let Some(place) = self.places.get(&origin) else { return };
        let Some(record) = self.records.get_mut(*place) else { return };
        self.bytes -= record.bytes();
        record.outcomes = outcomes;
        self.bytes += record.bytes();
    }
}

impl Default for Table {
    fn default() -> Self {
        Table::new()
    }
}

/// The bytes of outcomes that are not too much to keep.
fn encoded(outcomes: &[Outcome]) -> Option<Arc<[u8]>> {
    let mut room = OUTCOMES_BYTES_MAX;
    // Found out before they are written: some are half a gigabyte.
    if !outcomes.iter().all(|outcome| fits(outcome, &mut room)) {
        return None;
    }
    let mut bytes = Vec::with_capacity(8);
    outcomes.len().put(&mut bytes);
    outcomes.iter().for_each(|outcome| outcome.put(&mut bytes));
    (bytes.len() <= OUTCOMES_BYTES_MAX).then(|| bytes.into())
}

/// Takes from the room what the outcome needs at least.
fn fits(outcome: &Outcome, room: &mut usize) -> bool {
    let bytes = match outcome {
        Outcome::Bytes(bytes) => bytes.len(),
        _ => 1,
    };
    let Some(left) = room.checked_sub(bytes) else { return false };
    *room = left;
    match outcome {
        Outcome::List(items) => items.iter().all(|item| fits(item, room)),
        _ => true,
    }
}
