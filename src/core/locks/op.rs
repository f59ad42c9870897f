//! Operations on the lock table.

use crate::{Origin, Token, Wait, wire_enum};

wire_enum! {
    /// Who holds a lock.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Owner<'a> {
        /// The connection itself; the hold ends with it.
        0 => Connection {
            /// The connection.
            origin: Origin,
        },
        /// A name of the client's choice (OWNER); the hold ends with its lease.
        1 => Named {
            /// The name.
            name: &'a [u8],
        },
    }
}

wire_enum! {
    /// What a holder keeps others from. The tags are the numbers of the six
    /// modes of the VMS lock manager, NL 0 to EX 5.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Mode {
        /// One holder and no other.
        5 => Exclusive {},
    }
}

wire_enum! {
    /// One operation on the lock table.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// LOCK. The token as a number; nil when the lock is held by another
        /// and the request does not wait.
        1 => Acquire {
            /// The lock's name.
            name: &'a [u8],
            /// Who asks.
            owner: Owner<'a>,
            /// What for.
            mode: Mode,
            /// The lease in milliseconds, counted from the grant; none for a
            /// connection's hold without one.
            lease_ms: Option<u64>,
            /// How to wait when the lock is held by another.
            wait: Option<Wait>,
        },
        /// UNLOCK. 1, or 0 when it was not held (any more).
        2 => Release {
            /// The lock's name.
            name: &'a [u8],
            /// Who asks.
            owner: Owner<'a>,
            /// Only the hold with this token.
            token: Option<Token>,
            /// A fault instead of 0.
            strict: bool,
        },
        /// LOCKRENEW. 1, or 0 when it is not held (any more).
        3 => Renew {
            /// The lock's name.
            name: &'a [u8],
            /// Who asks.
            owner: Owner<'a>,
            /// Only the hold with this token.
            token: Option<Token>,
            /// The lease in milliseconds from now on.
            lease_ms: u64,
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
        /// LOCKCHECK. The milliseconds left of the lease, -1 when the token is
        /// not valid (any more), [`NO_END_MS`](super::NO_END_MS) for a hold
        /// that lasts as long as its connection.
        32 => Check {
            /// The lock's name.
            name: &'a [u8],
            /// The token.
            token: Token,
            /// Only a hold of this owner.
            owner: Option<Owner<'a>>,
        },
        /// LOCKINFO KEY. Nil for a free lock, else List[Word mode, Int token,
        /// List[holder...], Int waiters] with holder as List[Word kind, Bytes
        /// owner, Int since_ms, Int lease_ms (-1: none)].
        33 => Info {
            /// The lock's name.
            name: &'a [u8],
        },
        /// LOCKINFO STATS. A list of numbers in the order of
        /// [`Stats::NAMES`](super::Stats::NAMES), of one shard.
        34 => Stats {},
    }
}

impl<'a> Op<'a> {
    /// The name of the lock; empty for what concerns all locks.
    pub fn name(&self) -> &'a [u8] {
        match self {
            Op::Acquire { name, .. }
            | Op::Release { name, .. }
            | Op::Renew { name, .. }
            | Op::CancelWait { name, .. }
            | Op::Check { name, .. }
            | Op::Info { name } => name,
            Op::Stats {} => b"",
        }
    }

    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        !matches!(self, Op::Check { .. } | Op::Info { .. } | Op::Stats {})
    }

    /// The same operation, not ready to wait: for MULTI and scripts.
    #[must_use]
    pub fn without_wait(mut self) -> Self {
        if let Op::Acquire { wait, .. } = &mut self {
            *wait = None;
        }
        self
    }
}
