//! What is kept of one lock.

use smallvec::SmallVec;

use super::{DEFAULT_LEASE_MS, Mode, Owner};
use crate::image::{Name, Paged};
use crate::{Origin, Token};

/// A lock that somebody holds.
#[derive(Clone, Debug)]
pub(super) struct Lock {
    /// Who holds it.
    pub hold: Hold,
    /// Who waits for it, in the order they will get it, by place from 1 on.
    pub line: Paged<Waiter>,
    /// How many requests wait: the callers of all waiters.
    pub waiting: usize,
}

/// The grant of a lock to an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub owner: OwnerKey,
    pub mode: Mode,
    pub token: Token,
    pub since_ms: u64,
    /// When the lease runs out; a connection's hold may have none.
    pub deadline_ms: Option<u64>,
}

/// An owner in a line.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub owner: OwnerKey,
    pub mode: Mode,
    /// The lease it will get, counted from the grant.
    pub lease_ms: Option<u64>,
    /// The requests that wait for it, at least one. An owner that asks again,
    /// be it through another connection, keeps its place.
    pub callers: SmallVec<[Caller; 1]>,
}

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    pub origin: Origin,
    pub request: u64,
    /// When it gives up.
    pub deadline_ms: Option<u64>,
}

/// An [`Owner`] that is kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OwnerKey {
    Connection(Origin),
    Named(Name),
    Session(Name),
}

impl Lock {
    /// Held, and nobody waits.
    pub fn held(hold: Hold) -> Self {
        Lock { hold, line: Paged::new(), waiting: 0 }
    }

    /// The place of the next who comes.
    pub fn next_place(&self) -> u64 {
        self.line.last_number().map_or(1, |last| last + 1)
    }
}

impl Hold {
    /// Whether its lease has run out.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms)
    }

    /// Whether this is a hold of `owner`, and the one with `token`.
    pub fn is(&self, owner: &Owner<'_>, token: Option<Token>) -> bool {
        self.owner == *owner && token.is_none_or(|token| token == self.token)
    }
}

impl Caller {
    /// Whether it has waited long enough.
    pub fn is_late(&self, now_ms: u64) -> bool {
        self.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms)
    }
}

impl OwnerKey {
    /// The connection, if the owner is one.
    pub fn connection(&self) -> Option<Origin> {
        match self {
            OwnerKey::Connection(origin) => Some(*origin),
            OwnerKey::Named(_) | OwnerKey::Session(_) => None,
        }
    }

    /// The owner as it stands in operations.
    pub fn as_owner(&self) -> Owner<'_> {
        match self {
            OwnerKey::Connection(origin) => Owner::Connection { origin: *origin },
            OwnerKey::Named(name) => Owner::Named { name },
            OwnerKey::Session(id) => Owner::Session { id },
        }
    }
}

impl From<&Owner<'_>> for OwnerKey {
    fn from(owner: &Owner<'_>) -> Self {
        match owner {
            Owner::Connection { origin } => OwnerKey::Connection(*origin),
            Owner::Named { name } => OwnerKey::Named((*name).into()),
            Owner::Session { id } => OwnerKey::Session((*id).into()),
        }
    }
}

impl PartialEq<Owner<'_>> for OwnerKey {
    fn eq(&self, other: &Owner<'_>) -> bool {
        self.as_owner() == *other
    }
}

/// The lease that `owner` gets when it asks for `lease_ms`: only a connection
/// may hold without one.
pub(super) fn lease_of(owner: &Owner<'_>, lease_ms: Option<u64>) -> Option<u64> {
    match owner {
        Owner::Connection { .. } | Owner::Session { .. } => lease_ms,
        Owner::Named { .. } => lease_ms.or(Some(DEFAULT_LEASE_MS)),
    }
}

/// The later of two deadlines, or the longer of two leases; none is without end.
pub(super) fn longer(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    Some(a?.max(b?))
}
