//! Operations on the lock table.

use super::{Mode, Owner, Terms};
use crate::{Origin, Token, Wait, wire_enum};

wire_enum! {
    /// One operation on the lock table.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// LOCK. The token as a number; nil when others are in the way and the
        /// request does not wait. Asynchronous and not granted: List[Word "QUEUED",
        /// Int position]. Full: List[Int token, Word mode, Bytes owner, Int count,
        /// Int lease_ms (-1: none), Int waited_ms, Bytes value].
        1 => Acquire {
            /// The lock's name.
            name: &'a [u8],
            /// What is asked for.
            terms: Terms<'a>,
        },
        /// UNLOCK. 1, or 0 when it was not held (any more).
        2 => Release {
            /// The lock's name.
            name: &'a [u8],
            /// Who asks.
            owner: Owner<'a>,
            /// Only the hold with this token.
            token: Option<Token>,
            /// However often it was taken.
            all: bool,
            /// A fault instead of 0.
            strict: bool,
        },
        /// LOCKRENEW. 1, or 0 when it is not held (any more) or the rule is not met.
        3 => Renew {
            /// The lock's name.
            name: &'a [u8],
            /// Who asks.
            owner: Owner<'a>,
            /// Only the hold with this token.
            token: Option<Token>,
            /// The lease in milliseconds from now on.
            lease_ms: u64,
            /// When to do it.
            rule: Rule,
        },
        /// Ends a wait (CLIENT UNBLOCK). 1, or 0 when there is none.
        4 => CancelWait {
            /// The lock's name.
            name: &'a [u8],
            /// The connection that waits.
            origin: Origin,
            /// Which of its requests.
            request: u64,
            /// Answer it with a fault instead of nil.
            error: bool,
        },
        /// Several locks at once or none: List[Int token...], or nil when one of
        /// them is not to be had now. Never waits. With `acquiring_ms`, also in
        /// Acquire: the token of what the owner held already for good (not as a part)
        /// is negative, so that whoever gives the parts back leaves it alone. What the
        /// owner has as a part already stays one, with a longer lease.
        5 => AcquireMany {
            /// The names; those that come twice count with the stronger mode.
            names: Vec<&'a [u8]>,
            /// The mode for each.
            modes: Vec<Mode>,
            /// Everything else; mode and wait are not looked at.
            terms: Terms<'a>,
        },
        /// Holds that were part of several become ordinary ones: 1, or 0 when one of
        /// them is gone, and then nothing changes.
        6 => Confirm {
            /// The names.
            names: Vec<&'a [u8]>,
            /// Who holds them.
            owner: Owner<'a>,
            /// The lease from now on.
            lease_ms: Option<u64>,
        },
        /// MUNLOCK. How many were held until now.
        7 => ReleaseMany {
            /// The names.
            names: Vec<&'a [u8]>,
            /// The token of each, 0 for any; empty: any for all.
            tokens: Vec<u64>,
            /// Who asks.
            owner: Owner<'a>,
            /// Ends what the owner waits for there as well.
            waits: bool,
        },
        /// LOCKCONVERT. As LOCK.
        8 => Convert {
            /// The lock's name.
            name: &'a [u8],
            /// Who holds it.
            owner: Owner<'a>,
            /// How to hold it from now on.
            mode: Mode,
            /// How to wait when others are in the way.
            wait: Option<Wait>,
            /// The connection that asks.
            client: Origin,
            /// More than the token is answered.
            full: bool,
        },
        /// LOCKCANCEL: the owner waits no longer; its requests get nil. 1, or 0 when
        /// it did not wait.
        9 => Cancel {
            /// The lock's name.
            name: &'a [u8],
            /// Who waits.
            owner: Owner<'a>,
            /// Only the wait that has this name.
            id: Option<&'a [u8]>,
        },
        /// LOCKKILL. How many holds were revoked.
        10 => Kill {
            /// The lock's name.
            name: &'a [u8],
            /// Which holds.
            which: Which<'a>,
            /// Why, for the log.
            reason: &'a [u8],
        },
        /// Ends a wait that is part of a cycle over several shards. 1, or 0 when it
        /// is gone already.
        11 => Break {
            /// The lock's name.
            name: &'a [u8],
            /// The wait.
            wait: u64,
            /// The cycle, as the victim is told of it.
            cycle: &'a [u8],
            /// Who waits for whom in it.
            links: Vec<Blocked<'a>>,
            /// Others of it were spared because of their priority.
            spared: bool,
            /// How long the cycle stood when it was found, in milliseconds.
            stood_ms: u64,
        },
        /// LOCKASSERT. The milliseconds left of the lease, or refused as fenced. In
        /// a transaction it is looked at before anything is done.
        12 => Assert {
            /// The lock's name.
            name: &'a [u8],
            /// The token.
            token: Token,
            /// Only a hold of this owner.
            owner: Option<Owner<'a>>,
        },
        /// FENCE. 1, or refused when a higher token was seen.
        13 => Fence {
            /// Its name.
            name: &'a [u8],
            /// The token.
            token: u64,
            /// How long it is remembered from now on; none: for good.
            ttl_ms: Option<u64>,
        },
        /// LATCHSET. The count.
        14 => LatchSet {
            /// Its name.
            name: &'a [u8],
            /// What it counts down from; 0 opens it.
            count: u64,
            /// How long it is kept.
            ttl_ms: u64,
        },
        /// LATCHDOWN. What is left.
        15 => LatchDown {
            /// Its name.
            name: &'a [u8],
            /// By how much.
            by: u64,
        },
        /// LATCHWAIT. 0 when it is open, nil when the time is up first; the count
        /// when it does not wait.
        16 => LatchWait {
            /// Its name.
            name: &'a [u8],
            /// How to wait.
            wait: Option<Wait>,
            /// The connection that asks.
            client: Origin,
        },
        /// Gives back what the owner has as a part of several and has not confirmed,
        /// and nothing else: how many holds that were.
        17 => Abandon {
            /// The names.
            names: Vec<&'a [u8]>,
            /// Who has them.
            owner: Owner<'a>,
        },
        /// Gives back all that the owner holds in this shard, however often it was
        /// taken, and ends its waits there with nil: how many holds that were.
        18 => Surrender {
            /// Who.
            owner: Owner<'a>,
        },
        /// LOCKCHECK. The milliseconds left of the lease, -1 when the token is
        /// not valid (any more), [`NO_END_MS`](super::NO_END_MS) for a hold
        /// without one.
        32 => Check {
            /// The lock's name.
            name: &'a [u8],
            /// The token.
            token: Token,
            /// Only a hold of this owner.
            owner: Option<Owner<'a>>,
        },
        /// LOCKINFO KEY. Nil for a free lock, else List[Word mode, Int token, Int
        /// since_ms (of the epoch), List[holder...], Int waiters] with holder as
        /// [`HOLDER`](super::HOLDER) names its elements.
        33 => Info {
            /// The lock's name.
            name: &'a [u8],
        },
        /// LOCKINFO STATS. A list of numbers in the order of
        /// [`Stats::NAMES`](super::Stats::NAMES), of one shard.
        34 => Stats {},
        /// LOCKINFO WAITERS. List[waiter...] with waiter as
        /// [`WAITER`](super::WAITER) names its elements.
        35 => Waiters {
            /// The lock's name.
            name: &'a [u8],
            /// At most so many.
            count: u64,
        },
        /// LOCKINFO OWNER. List[List[hold...], List[wait...]] with hold as List[Bytes
        /// name, Word mode, Int token, Int count, Int since_ms, Int lease_ms] and
        /// wait as List[Bytes name, Word mode, Int position, Int waited_ms, Int
        /// deadline_ms (-1: none)].
        36 => OfOwner {
            /// The owner, as it is shown.
            text: &'a [u8],
        },
        /// The locks that have a wait older than this. List[lock...] with lock as
        /// List[Bytes name, List[hold...], List[wait...]], hold as List[Bytes owner,
        /// Int id, Word mode, Int birth_ms], wait as List[Bytes owner, Int id, Word
        /// mode, Int birth_ms, Int prio, Int waited_ms, Int hold id it converts or 0].
        37 => Graph {
            /// In milliseconds.
            min_wait_ms: u64,
        },
        /// LOCKINFO DEADLOCKS. List[deadlock...], the newest first, with deadlock as
        /// [`DEADLOCK`](super::DEADLOCK) names its elements.
        38 => Deadlocks {
            /// At most so many.
            count: u64,
        },
        /// LOCKSCAN in one shard. List[Int next cursor (0: done), List[Bytes
        /// name...]].
        39 => Scan {
            /// Where to go on; 0: at the beginning.
            cursor: u64,
            /// About how many names are looked at.
            count: u32,
            /// Which locks.
            filter: Filter<'a>,
        },
        /// Whether all of these are still as they were seen: 1 or 0.
        40 => Confirmed {
            /// What was seen.
            edges: Vec<Edge<'a>>,
        },
        /// FENCE without a token. The highest token seen, 0 when there was none.
        41 => FenceGet {
            /// Its name.
            name: &'a [u8],
        },
        /// LATCHGET. The count, nil when there is no such latch.
        42 => LatchGet {
            /// Its name.
            name: &'a [u8],
        },
        /// What became of a request that had to wait, for a node that may have missed
        /// the answer. Waits while it does; List[the answer] when its owner holds what
        /// it asked for; nil when that is not so, or it waited for a latch.
        43 => LookAtWait {
            /// The lock's name.
            name: &'a [u8],
            /// The connection that waits.
            origin: Origin,
            /// Which of its requests.
            request: u64,
            /// Who gets the lock; none for a latch.
            owner: Option<Owner<'a>>,
            /// How.
            mode: Mode,
            /// More than the token is answered.
            full: bool,
        },
    }
}

wire_enum! {
    /// When a lease is set anew.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Rule {
        /// Always.
        0 => Any {},
        /// When it ends later than before.
        1 => Greater {},
        /// When it ends earlier than before.
        2 => Less {},
    }
}

wire_enum! {
    /// Which holds of a lock are revoked.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Which<'a> {
        /// All.
        0 => All {},
        /// Those with this token.
        1 => Token {
            /// The token.
            token: Token,
        },
        /// That of an owner.
        2 => Owner {
            /// The owner, as it is shown.
            text: &'a [u8],
        },
    }
}

wire_enum! {
    /// Which locks LOCKSCAN gives: those that meet all of this.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Filter<'a> {
        /// The only form.
        1 => By {
            /// The name matches it.
            pattern: Option<&'a [u8]>,
            /// Held or waited for by this owner, as it is shown.
            owner: Option<&'a [u8]>,
            /// Held or waited for by the owner of a session.
            session: Option<&'a [u8]>,
            /// What is done with it.
            state: State,
            /// Somebody waits at least so long.
            min_wait_ms: u64,
        },
    }
}

wire_enum! {
    /// What is done with a lock.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum State {
        /// Anything.
        0 => Any {},
        /// It is held.
        1 => Held {},
        /// It is waited for.
        2 => Waited {},
        /// It is held as part of several that are not all there yet.
        3 => Acquiring {},
    }
}

wire_enum! {
    /// A wait that is part of a deadlock.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Blocked<'a> {
        /// The only form.
        1 => By {
            /// Who waits, as it is shown.
            owner: &'a [u8],
            /// For which lock.
            name: &'a [u8],
            /// How it wants it.
            mode: Mode,
            /// Who is in its way.
            by: &'a [u8],
        },
    }
}

wire_enum! {
    /// Something in the way of a wait.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Edge<'a> {
        /// The only form.
        1 => Seen {
            /// The lock's name.
            name: &'a [u8],
            /// The wait.
            wait: u64,
            /// The hold or the other wait that is in its way.
            other: u64,
        },
    }
}

impl<'a> Op<'a> {
    /// The name of the lock, of several the first; empty for what concerns all.
    pub fn name(&self) -> &'a [u8] {
        self.names().first().copied().unwrap_or_default()
    }

    /// All names in it.
    pub fn names(&self) -> &[&'a [u8]] {
        match self {
            Op::Acquire { name, .. }
            | Op::Release { name, .. }
            | Op::Renew { name, .. }
            | Op::CancelWait { name, .. }
            | Op::Convert { name, .. }
            | Op::Cancel { name, .. }
            | Op::Kill { name, .. }
            | Op::Break { name, .. }
            | Op::Assert { name, .. }
            | Op::Fence { name, .. }
            | Op::LatchSet { name, .. }
            | Op::LatchDown { name, .. }
            | Op::LatchWait { name, .. }
            | Op::Check { name, .. }
            | Op::Info { name }
            | Op::Waiters { name, .. }
            | Op::FenceGet { name }
            | Op::LatchGet { name }
            | Op::LookAtWait { name, .. } => std::slice::from_ref(name),
            Op::AcquireMany { names, .. }
            | Op::Confirm { names, .. }
            | Op::Abandon { names, .. }
            | Op::ReleaseMany { names, .. } => names,
            Op::Surrender { .. }
            | Op::Stats {}
            | Op::OfOwner { .. }
            | Op::Graph { .. }
            | Op::Deadlocks { .. }
            | Op::Scan { .. }
            | Op::Confirmed { .. } => &[],
        }
    }

    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        !matches!(
            self,
            Op::Check { .. }
                | Op::Info { .. }
                | Op::Stats {}
                | Op::Waiters { .. }
                | Op::OfOwner { .. }
                | Op::Graph { .. }
                | Op::Deadlocks { .. }
                | Op::Scan { .. }
                | Op::Confirmed { .. }
                | Op::FenceGet { .. }
                | Op::LatchGet { .. }
                | Op::LookAtWait { .. }
        )
    }

    /// How it is ready to wait, if it is.
    pub fn wait(&self) -> Option<Wait> {
        match self {
            Op::Acquire { terms: Terms::Of { wait, asynchronous: false, .. }, .. }
            | Op::Convert { wait, .. }
            | Op::LatchWait { wait, .. } => *wait,
            _ => None,
        }
    }

    /// What asks later what became of this request, which is ready to wait.
    pub fn look_at_wait(&self) -> Option<Self> {
        let Wait::For { origin, request, .. } = self.wait()?;
        let (name, owner, mode, full) = match *self {
            Op::Acquire { name, terms: Terms::Of { owner, mode, full, .. } } => {
                (name, Some(owner), mode, full)
            }
            Op::Convert { name, owner, mode, full, .. } => (name, Some(owner), mode, full),
            _ => (self.name(), None, Mode::Exclusive {}, false),
        };
        Some(Op::LookAtWait { name, origin, request, owner, mode, full })
    }

    /// The session in whose name it asks for something that ends with it.
    pub fn session(&self) -> Option<&'a [u8]> {
        match self {
            Op::Acquire { terms, .. } | Op::AcquireMany { terms, .. } => terms.session(),
            _ => None,
        }
    }

    /// The connection that loses something when it ends, if that is so.
    pub fn bound(&self) -> Option<Origin> {
        match self {
            Op::Acquire { terms, .. } | Op::AcquireMany { terms, .. } => {
                let Terms::Of { owner, client, wait, .. } = terms;
                match (owner, wait) {
                    (Owner::Connection { origin }, _) => Some(*origin),
                    (_, Some(_)) => Some(*client),
                    _ => None,
                }
            }
            Op::Convert { wait: Some(_), client, .. }
            | Op::LatchWait { wait: Some(_), client, .. } => Some(*client),
            _ => None,
        }
    }

    /// The same operation, not ready to wait: for MULTI and scripts.
    #[must_use]
    pub fn without_wait(mut self) -> Self {
        match &mut self {
            Op::Acquire { terms: Terms::Of { wait, asynchronous, .. }, .. } => {
                *wait = None;
                *asynchronous = false;
            }
            Op::Convert { wait, .. } | Op::LatchWait { wait, .. } => *wait = None,
            _ => {}
        }
        self
    }
}
