//! Hashes with fields that end by themselves.

use std::sync::Arc;

use super::{Collection, Garbage, Hasher, Scored, Value};
use crate::Fault;

/// What stands beside the two collections: the counts, and themselves.
const SHARED_BYTES: usize = 16 + size_of::<Timed>();

/// A hash, and when which of its fields end.
///
/// Invariant: some field has a deadline, and only fields have one.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Timed {
    /// All fields.
    pub fields: Collection,
    /// Those with a deadline, as a sorted set with the deadlines for scores.
    pub ends: Collection,
}

impl Timed {
    /// When a field ends; none: never, or there is no such field.
    pub(in crate::keys) fn end_of(&self, hasher: Hasher, field: &[u8]) -> Option<u64> {
        self.ends.score(hasher, field).map(|score| score as u64)
    }

    /// The nearest deadline.
    fn next(&self) -> Option<u64> {
        self.ends.ranks(0, 1).first().map(|first| first.score as u64)
    }

    /// Whether every field is past its deadline.
    fn is_over(&self, now_ms: u64) -> bool {
        let last = || self.ends.ranks(self.ends.len().saturating_sub(1), 1);
        self.ends.len() == self.fields.len()
            && last().first().is_none_or(|last| last.score as u64 <= now_ms)
    }

    /// Removes fields that are past their deadline, the longest due first and at most so
    /// many; how many it were.
    pub(in crate::keys) fn end_due(&mut self, hasher: Hasher, now_ms: u64, max: usize) -> usize {
        let due = self.ends.below_score(now_ms as f64, true).min(max);
        for one in self.ends.ranks(0, due) {
            self.fields.remove(hasher, one.member);
        }
        self.ends.remove_ranks(hasher, 0, due);
        due
    }

    /// Gives a field that is there a deadline, or takes it away.
    pub(in crate::keys) fn set_end(&mut self, hasher: Hasher, field: &[u8], end: Option<u64>) {
        match end {
            Some(end) => {
                self.ends.set_score(hasher, Scored { member: field, score: end as f64 });
            }
            None => {
                self.ends.remove_scored(hasher, field);
            }
        }
    }

    pub(super) fn heap_bytes(&self) -> usize {
        SHARED_BYTES + self.fields.heap_bytes() + self.ends.heap_bytes()
    }

    fn discard(self, garbage: &mut Garbage) {
        self.fields.discard(garbage);
        self.ends.discard(garbage);
    }
}

impl Value {
    /// A hash of which some fields may have a deadline.
    pub(in crate::keys) fn of_timed(fields: Collection, ends: Collection) -> Self {
        match ends.len() {
            0 => Value::Hash(fields),
            _ => Value::Timed(Arc::new(Timed { fields, ends })),
        }
    }

    /// When the next of its fields ends.
    pub(in crate::keys) fn next_end(&self) -> Option<u64> {
        match self {
            Value::Timed(hash) => hash.next(),
            _ => None,
        }
    }

    /// Whether all that is in it is past its deadline.
    pub(in crate::keys) fn is_over(&self, now_ms: u64) -> bool {
        matches!(self, Value::Timed(hash) if hash.is_over(now_ms))
    }

    /// Whether one of its fields ends behind the one time and not behind the other.
    pub(in crate::keys) fn ends_between(&self, from: u64, to: u64) -> bool {
        from < to && self.due(from) < self.due(to)
    }

    /// When a field of a hash ends; none: never, or there is no such field.
    pub(in crate::keys) fn end_of(&self, hasher: Hasher, field: &[u8]) -> Option<u64> {
        match self {
            Value::Timed(hash) => hash.end_of(hasher, field),
            _ => None,
        }
    }

    /// Whether a field of a hash is not past its deadline.
    pub(in crate::keys) fn lives(&self, hasher: Hasher, field: &[u8], now_ms: u64) -> bool {
        self.end_of(hasher, field).is_none_or(|end| end > now_ms)
    }

    /// The value of a field of a hash, as it is at that time.
    pub(in crate::keys) fn field(
        &self,
        hasher: Hasher,
        field: &[u8],
        now_ms: u64,
    ) -> Result<Option<&[u8]>, Fault> {
        let value = self.hash()?.get(hasher, field);
        Ok(value.filter(|_| self.lives(hasher, field, now_ms)))
    }

    /// Itself as it is at that time, if some of its fields are past their deadlines.
    pub(in crate::keys) fn without_due(&self, hasher: Hasher, now_ms: u64) -> Option<Value> {
        let Value::Timed(hash) = self else { return None };
        if self.next_end().is_none_or(|end| end > now_ms) {
            return None;
        }
        let mut hash = Timed::clone(hash);
        hash.end_due(hasher, now_ms, usize::MAX);
        Some(Value::of_timed(hash.fields, hash.ends))
    }

    /// Removes fields that are past their deadline, at most so many; how many it were.
    pub(in crate::keys) fn end_due(&mut self, hasher: Hasher, now_ms: u64, max: usize) -> usize {
        let Value::Timed(hash) = self else { return 0 };
        let ended = Arc::make_mut(hash).end_due(hasher, now_ms, max);
        self.settle();
        ended
    }

    /// Removes those of these fields that are past their deadline; how many it were.
    pub(in crate::keys) fn end_named(
        &mut self,
        hasher: Hasher,
        now_ms: u64,
        fields: &[&[u8]],
    ) -> usize {
        let Value::Timed(hash) = self else { return 0 };
        let is_due = |field: &&&[u8]| hash.end_of(hasher, field).is_some_and(|end| end <= now_ms);
        let due: Vec<&[u8]> = fields.iter().filter(is_due).copied().collect();
        if due.is_empty() {
            return 0;
        }
        let hash = Arc::make_mut(hash);
        let ended = due.iter().filter(|field| {
            hash.set_end(hasher, field, None);
            hash.fields.remove(hasher, field)
        });
        let ended = ended.count();
        self.settle();
        ended
    }

    /// How many of its fields are past their deadline.
    pub(in crate::keys) fn due(&self, now_ms: u64) -> usize {
        match self {
            Value::Timed(hash) => hash.ends.below_score(now_ms as f64, true),
            _ => 0,
        }
    }

    /// A hash that may get fields with deadlines: until [`settle`](Self::settle) it may be
    /// one without any.
    pub(in crate::keys) fn timed_mut(&mut self) -> Option<&mut Timed> {
        if let Value::Hash(fields) = self {
            let (fields, ends) = (std::mem::take(fields), Collection::default());
            *self = Value::Timed(Arc::new(Timed { fields, ends }));
        }
        match self {
            Value::Timed(hash) => Some(Arc::make_mut(hash)),
            _ => None,
        }
    }

    /// Makes a plain hash of one whose fields have no deadlines any more.
    pub(in crate::keys) fn settle(&mut self) {
        let Value::Timed(hash) = self else { return };
        if hash.ends.len() == 0 {
            *self = Value::Hash(std::mem::take(&mut Arc::make_mut(hash).fields));
        }
    }

    pub(super) fn discard_timed(hash: Arc<Timed>, garbage: &mut Garbage) {
        if let Some(hash) = Arc::into_inner(hash) {
            hash.discard(garbage);
        }
    }
}
