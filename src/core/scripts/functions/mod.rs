//! Functions: libraries of code that a shard keeps, and whose functions are called by name.
//!
//! Libraries are replicated state. What a library registers is found out once, when it is
//! loaded, and is kept with it, so that a snapshot needs no interpreter to be read. What a
//! load may take stands in its operation and is kept, too: loading again, on any replica
//! and at any time, gives the same.
//!
//! Source: the Redis documentation of functions.

mod header;
mod library;
mod payload;
mod table;

use crate::wire_enum;

pub use library::{Function, Library, name_for};
pub use table::{Frozen, Libraries};

/// What a function may say of itself, in the order in which it is listed; the bit of each
/// in [`Function::flags`] is its place.
pub const FLAGS: [&str; 5] =
    ["no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"];
/// It does not write.
pub const NO_WRITES: u8 = 1;
/// It runs, and adds what it likes, where memory has no room.
pub const ALLOW_OOM: u8 = 1 << 1;
/// It does not run where keys are spread by slot.
pub const NO_CLUSTER: u8 = 1 << 3;
/// Where keys are spread by slot it uses keys of several slots.
pub const CROSS_SLOT: u8 = 1 << 4;

wire_enum! {
    /// An operation on the libraries.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// FUNCTION LOAD. The bytes of the library's name.
        0 => Load {
            /// The library.
            code: &'a [u8],
            /// Whether it takes the place of one of the same name.
            replace: bool,
            /// What it may take.
            limits: Limits,
        },
        /// FUNCTION DELETE.
        1 => Delete {
            /// The name of the library.
            name: &'a [u8],
        },
        /// FUNCTION FLUSH.
        2 => Flush {},
        /// FUNCTION RESTORE.
        3 => Restore {
            /// What FUNCTION DUMP gave.
            payload: &'a [u8],
            /// What becomes of libraries that are there.
            policy: Policy,
            /// What each of them may take.
            limits: Limits,
        },
        /// FUNCTION LIST: a list of [name, functions, code or nil], each function
        /// [name, description or nil, flags]. A read.
        4 => List {
            /// Only libraries with such names.
            pattern: Option<&'a [u8]>,
            /// Whether the code is given.
            with_code: bool,
        },
        /// FUNCTION STATS: how many libraries there are, and how many functions. A read.
        5 => Stats {},
        /// FUNCTION DUMP. Bytes in Redis' format. A read.
        6 => Dump {},
    }
}

wire_enum! {
    /// What loading a library may take.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Limits {
        /// The only form.
        1 => Of {
            /// Steps of its code outside of functions.
            steps_max: u64,
            /// Bytes of memory.
            memory_max: u64,
            /// How many bytes all libraries may have.
            bytes_max: u64,
        },
    }
}

wire_enum! {
    /// What becomes of the libraries that are there.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Policy {
        /// They stay, and must have other names.
        0 => Append {},
        /// Those of the same names are replaced.
        1 => Replace {},
        /// They all go.
        2 => Flush {},
    }
}

impl Op<'_> {
    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        match self {
            Op::Load { .. } | Op::Delete { .. } | Op::Flush {} | Op::Restore { .. } => true,
            Op::List { .. } | Op::Stats {} | Op::Dump {} => false,
        }
    }
}

/// Why libraries stay as they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What is wrong, in the words of Redis.
    Because(String),
    /// All libraries would have more bytes than they may.
    Full,
    /// What should be restored is damaged, or of a later version.
    Damaged,
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Refusal::Because(why)
    }
}

impl From<&str> for Refusal {
    fn from(why: &str) -> Self {
        Refusal::Because(why.to_owned())
    }
}
