//! Operations on the lock table.

use crate::{Origin, Token, wire_enum};

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
    /// One operation on the lock table.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// LOCK.
        1 => Acquire {
            /// The lock's name.
            name: &'a [u8],
            /// Who asks.
            owner: Owner<'a>,
            /// The lease in milliseconds; none for a connection's hold without one.
            lease_ms: Option<u64>,
        },
        /// UNLOCK.
        2 => Release {
            /// The lock's name.
            name: &'a [u8],
            /// Who asks.
            owner: Owner<'a>,
            /// Only the hold with this token.
            token: Option<Token>,
        },
    }
}

impl Op<'_> {
    /// The name of the lock.
    pub fn name(&self) -> &[u8] {
        match self {
            Op::Acquire { name, .. } | Op::Release { name, .. } => name,
        }
    }
}
