//! What is kept of one lock.

use smallvec::SmallVec;

use super::hold::{Extra, Holders};
use super::owner::OwnerKey;
use super::{DEFAULT_LEASE_MS, Mode};
use crate::image::{Name, Paged};
use crate::{Origin, Token};

/// A lock that somebody holds or waits for, or that nobody may have yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Lock {
    /// Who holds it.
    pub holders: Holders,
    /// The newest token, and since when it is that.
    pub token: Token,
    pub epoch_ms: u64,
    /// What an undisputed lock does without. Invariant: not empty.
    pub more: Option<Box<More>>,
}

/// What a lock has that is disputed.
#[derive(Clone, Debug, Default)]
pub(super) struct More {
    /// Who waits, by id.
    pub line: Paged<Waiter>,
    /// How many requests wait: the callers of all waiters.
    pub waiting: usize,
    /// How many of the waiters hold the lock and want it in another mode.
    pub converting: usize,
    /// Till when nobody gets it.
    pub delay: Option<Delay>,
}

/// A time in which nobody gets a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Delay {
    pub id: u64,
    pub until_ms: u64,
}

/// What a request wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Want {
    pub owner: OwnerKey,
    pub client: Origin,
    pub mode: Mode,
    /// Counted from the grant.
    pub lease_ms: Option<u64>,
    pub extra: Option<Box<Extra>>,
}

/// An owner in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiter {
    /// Never used again.
    pub id: u64,
    pub want: Want,
    pub since_ms: u64,
    /// Its place is as if it had come then.
    pub turn_ms: u64,
    /// It holds the lock and wants it in another mode.
    pub converts: bool,
    /// The number of its next caller.
    pub next_caller: u64,
    /// The requests that wait for it, at least one, by number. An owner that asks
    /// again, be it through another connection, keeps its place.
    pub callers: SmallVec<[Caller; 1]>,
}

/// A request that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// Its number at its waiter, from 1.
    pub number: u64,
    pub origin: Origin,
    pub request: u64,
    /// When it gives up.
    pub deadline_ms: Option<u64>,
    pub full: bool,
    pub asynchronous: bool,
    /// It counts (REENTER).
    pub counts: bool,
    /// Its name.
    pub id: Option<Name>,
}

/// A place in a line; they are served in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Who holds the lock already and wants more comes first.
    pub request: bool,
    pub turn_ms: u64,
    pub id: u64,
}

impl Lock {
    /// Whether somebody waits.
    pub fn has_line(&self) -> bool {
        self.more.as_ref().is_some_and(|more| !more.line.is_empty())
    }

    /// The waiter with this id.
    pub fn waiter(&self, id: u64) -> Option<&Waiter> {
        self.more.as_ref()?.line.get(id)
    }

    /// The same, to be changed.
    pub fn waiter_mut(&mut self, id: u64) -> Option<&mut Waiter> {
        self.more.as_mut()?.line.get_mut(id)
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.more.as_ref().map_or(0, |more| more.waiting)
    }

    /// How many holders want it in another mode.
    pub fn converting(&self) -> usize {
        self.more.as_ref().map_or(0, |more| more.converting)
    }

    /// Whether nobody may have it for a while.
    pub fn is_delayed(&self) -> bool {
        self.more.as_ref().is_some_and(|more| more.delay.is_some())
    }

    /// Throws away what is empty; whether nothing is left.
    pub fn tidy(&mut self) -> bool {
        if self.more.as_ref().is_some_and(|more| more.line.is_empty() && more.delay.is_none()) {
            self.more = None;
        }
        self.holders.is_empty() && self.more.is_none()
    }
}

impl Want {
    /// What it says besides the plain.
    pub fn extra(&self) -> &Extra {
        self.extra.as_deref().unwrap_or(const { &Extra::PLAIN })
    }
}

impl Waiter {
    /// Where it stands.
    pub fn place(&self) -> Place {
        Place { request: !self.converts, turn_ms: self.turn_ms, id: self.id }
    }

    /// How often a hold has to be given back that all these callers got.
    pub fn count_of(callers: &[Caller]) -> u32 {
        let again = |at: usize| {
            let caller = &callers[at];
            let known = caller.id.is_some() && callers[..at].iter().any(|one| one.id == caller.id);
            caller.counts && !known
        };
        1 + (1..callers.len()).filter(|at| again(*at)).count() as u32
    }
}

impl Caller {
    /// Whether it has waited long enough.
    pub fn is_late(&self, now_ms: u64) -> bool {
        self.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms)
    }
}

/// The lease that an owner gets when it asks for `lease_ms`: what no connection and
/// no session ends has one.
pub(super) fn lease_of(owner: &OwnerKey, session: bool, lease_ms: Option<u64>) -> Option<u64> {
    match owner {
        OwnerKey::Named(_) if !session => lease_ms.or(Some(DEFAULT_LEASE_MS)),
        _ => lease_ms,
    }
}

/// The later of two deadlines, or the longer of two leases; none is without end.
pub(super) fn longer(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    Some(a?.max(b?))
}
