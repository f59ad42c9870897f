//! The lock table: who holds which name, and who waits for it.
//!
//! A lock that nobody holds, waits for or may not have yet has no entry. Whatever
//! makes room in a lock grants it to the next in line in the same step. What is kept
//! is in `lock` and `hold`, how it is found in `index`; `acquire`, `many` and
//! `convert` are the requests, `grant` says how holds begin, `ends` how holds and
//! waits come to their ends, `deadlock` what happens when they would wait for each
//! other.

mod op;
mod terms;

mod table;

mod acquire;
mod convert;
mod deadlock;
mod ends;
mod fence;
mod grant;
mod hold;
mod image;
mod index;
mod latch;
mod lock;
mod look;
mod many;
mod memo;
mod modes;
mod mutant;
mod owner;
mod part;
mod sound;
mod stats;
mod watch;

#[cfg(test)]
mod tests;

pub use deadlock::knots;
pub use image::Frozen;
pub use look::{Contended, Party, Queued};
pub use op::{Blocked, Edge, Filter, Op, Rule, State, Which};
pub use stats::Stats;
pub use table::Table;
pub use terms::{Again, Mode, Owner, Policy, Terms};

/// The lease of a named owner's hold that was asked for without one.
pub const DEFAULT_LEASE_MS: u64 = 30_000;

/// The shortest lease.
pub const LEASE_MS_MIN: u64 = 100;

/// The longest lease: a day.
pub const LEASE_MS_MAX: u64 = 86_400_000;

/// The longest name of a lock or an owner.
pub const NAME_BYTES_MAX: usize = 4096;

/// The names of what is told of a holder, in order.
pub const HOLDER: [&str; 13] = [
    "kind",
    "owner",
    "session",
    "node",
    "boot",
    "conn",
    "mode",
    "count",
    "since-ms",
    "lease-ms",
    "acquiring",
    "value",
    "id",
];

/// The names of what is told of a waiter, in order. Blocked by are the owners in
/// its way.
pub const WAITER: [&str; 7] =
    ["position", "owner", "mode", "prio", "waited-ms", "deadline-ms", "blocked-by"];

/// The names of what is told of a deadlock, in order. The cycle is a list of lists
/// of an owner, the name of the lock that it waits for, the mode, and who is in its
/// way.
pub const DEADLOCK: [&str; 6] = ["time-ms", "cycle", "victim", "rule", "found-ms", "text"];

/// How many requests may wait for one lock.
pub const WAITERS_MAX: usize = 100_000;

/// How many requests of one owner may wait for one lock.
pub const CALLERS_MAX: usize = 1_000;

/// How often an owner may take a lock again.
pub const REENTRIES_MAX: u32 = 65_535;

/// How many named requests are remembered of an owner for a lock.
pub const MEMO_IDS_MAX: usize = 8;

/// For how long named requests and ages are remembered when nothing else keeps them.
pub const REMEMBERED_MS: u64 = 60_000;

/// How many victims' ages are remembered.
pub const AGES_MAX: usize = 65_536;

/// How many deadlocks are kept to be looked at.
pub const DEADLOCKS_MAX: usize = 128;

/// How many waits are kept of a deadlock.
pub const DEADLOCK_LINKS_MAX: usize = 64;

/// How many bytes of names and owners are kept of a deadlock.
pub const DEADLOCK_BYTES_MAX: usize = 65_536;

/// How many names a shard keeps the highest token of.
pub const FENCES_MAX: usize = 1_000_000;

/// How many latches a shard keeps.
pub const LATCHES_MAX: usize = 1_000_000;

/// The lease that is left of a hold without one, and the bound of all tokens:
/// the largest number that every client can hold exactly.
pub const NO_END_MS: u64 = (1 << 53) - 1;
