//! The lock table: who holds which name, and who waits for it.

mod op;
mod table;

pub use op::{Mode, Op, Owner};
pub use table::{Frozen, Table};

/// The lease of a named owner's hold that was asked for without one.
pub const DEFAULT_LEASE_MS: u64 = 30_000;

/// The shortest lease.
pub const LEASE_MS_MIN: u64 = 100;

/// The longest lease: a day.
pub const LEASE_MS_MAX: u64 = 86_400_000;

/// The longest name of a lock or an owner.
pub const NAME_BYTES_MAX: usize = 4096;

/// How many requests may wait for one lock.
pub const WAITERS_MAX: usize = 100_000;

/// The lease that is left of a hold without one: the largest number that every
/// client can hold exactly.
pub const NO_END_MS: u64 = (1 << 53) - 1;

/// Numbers about all locks of a shard.
pub struct Stats;
impl Stats {
    /// names
    pub const NAMES: [&'static str; 0] = [];
}
