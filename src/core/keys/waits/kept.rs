//! What was served, until the client's node has said that it has it.

use std::ops::RangeBounds;
use std::sync::Arc;

use super::{Kind, SETTLED_MAX, Table, Waiter, Want, want};
use crate::image::Name;
use crate::keys::Op;
use crate::wire::Wire;
use crate::{Db, Origin, Outcome};

/// How the last wait of a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub origin: Origin,
    pub request: u64,
    pub db: Db,
    /// The keys that it waited for.
    pub keys: Arc<[Name]>,
    /// The byte form of what was wanted.
    pub want: Arc<[u8]>,
    /// The byte form of the answer; none: the node has it.
    pub answer: Option<Arc<[u8]>>,
}

impl Kept {
    pub(super) fn of(waiter: &Waiter, outcome: &Outcome) -> Self {
        let mut answer = Vec::new();
        outcome.put(&mut answer);
        Kept {
            origin: waiter.origin,
            request: waiter.request,
            db: waiter.db,
            keys: waiter.keys.clone(),
            want: waiter.want.clone(),
            answer: Some(answer.into()),
        }
    }

    fn want(&self) -> Want<'_> {
        want::read(&self.want)
    }

    /// The answer, if the node may not have it yet.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        let bytes = self.answer.as_deref()?;
        let outcome = Outcome::take(&mut &bytes[..]);
        Some(outcome.expect("encoded by us, or looked through when it was restored"))
    }

    /// Whether nothing of it has to be given back.
    pub(super) fn is_settled(&self) -> bool {
        self.outcome().is_none_or(|outcome| self.want().back(self.db, &outcome).is_none())
    }

    /// Gives `carry_out` the operation that puts back what was popped, if there is one.
    pub fn give_back(&self, carry_out: impl FnOnce(&Op<'_>)) {
        if let Some(outcome) = self.outcome()
            && let Some(op) = self.want().back(self.db, &outcome)
        {
            carry_out(&op);
        }
    }
}

impl Table {
    /// Keeps how a wait ended, in the place of an older one of the same connection: that is
    /// over, or a new request would not have come.
    pub(super) fn keep(&mut self, kept: Kept) {
        self.drop_kept(kept.origin);
        self.last_place += 1;
        self.insert_kept(self.last_place, kept);
        while self.index.settled.len() > SETTLED_MAX
            && let Some(oldest) = self.index.settled.first().copied()
            && let Some(kept) = self.kept.get(oldest)
        {
            self.drop_kept(kept.origin);
        }
    }

    pub(super) fn insert_kept(&mut self, place: u64, kept: Kept) {
        self.index.kept.insert(kept.origin, place);
        if kept.is_settled() {
            self.index.settled.insert(place);
        }
        self.kept.insert(place, kept);
    }

    fn drop_kept(&mut self, origin: Origin) -> Option<Kept> {
        let place = self.index.kept.remove(&origin)?;
        self.index.settled.remove(&place);
        self.kept.remove(place)
    }

    /// A connection asks for something new: how its last wait ended is of no use any more.
    /// What it never got is to be given back.
    pub(crate) fn begin(&mut self, origin: Origin) -> Option<Kept> {
        if self.index.kept.is_empty() {
            return None;
        }
        self.drop_kept(origin)
    }

    /// The node has the answer to a request, which its client is told now. 1, also when it
    /// said so before; 0: it was given back, or never there.
    pub(crate) fn confirm(&mut self, origin: Origin, request: u64) -> Outcome {
        let Some(place) = self.index.kept.get(&origin).copied() else { return Outcome::Int(0) };
        match self.kept.get_mut(place) {
            Some(kept) if kept.request == request => kept.answer = None,
            _ => return Outcome::Int(0),
        }
        self.index.settled.insert(place);
        Outcome::Int(1)
    }

    /// Whether elements go back to their keys when these connections end, or ask for more.
    pub fn gives_back(&self, origins: impl RangeBounds<Origin>) -> bool {
        let bounds = (origins.start_bound().cloned(), origins.end_bound().cloned());
        let mut places = self.index.kept.range(bounds).map(|(_, place)| place);
        places.any(|place| {
            let writes = |kept: &Kept| kept.want().kind() != Kind::Filled;
            !self.index.settled.contains(place) && self.kept.get(*place).is_some_and(writes)
        })
    }

    /// The keys that may have changed for the last wait of a connection.
    pub fn changed_for(&self, origin: Origin) -> Vec<(Db, Name)> {
        let place = self.index.kept.get(&origin);
        let Some(kept) = place.and_then(|place| self.kept.get(*place)) else { return Vec::new() };
        if kept.want().kind() == Kind::Filled {
            return Vec::new();
        }
        let to = kept.want().to().map(Name::from);
        kept.keys.iter().cloned().chain(to).map(|key| (kept.db, key)).collect()
    }

    /// What is kept of these connections, which are over.
    pub(super) fn forget(&mut self, origins: &impl RangeBounds<Origin>) -> Vec<Kept> {
        if self.index.kept.is_empty() {
            return Vec::new();
        }
        let bounds = (origins.start_bound().cloned(), origins.end_bound().cloned());
        let over: Vec<Origin> = self.index.kept.range(bounds).map(|(origin, _)| *origin).collect();
        over.into_iter().filter_map(|origin| self.drop_kept(origin)).collect()
    }
}
