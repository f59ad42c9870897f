//! The lock table: who holds which name, and who waits for it.
//!
//! A lock that nobody holds has no entry: a free lock has no waiters, because
//! whatever ends a hold grants the lock to the next waiter in the same step.
//! What is kept is in `lock`, how it is found in `index`; the operations are
//! in `table`, how holds and waits come to their ends in `ends`.

mod op;
mod terms;

mod table;

mod ends;
mod image;
mod index;
mod lock;
mod look;
mod stats;

pub use image::Frozen;
pub use op::{Edge, Filter, Op, Rule, State, Which};
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
/// of the owner and the name of the lock that it waits for.
pub const DEADLOCK: [&str; 6] = ["time-ms", "cycle", "victim", "rule", "found-ms", "text"];

/// How many requests may wait for one lock.
pub const WAITERS_MAX: usize = 100_000;

/// The lease that is left of a hold without one, and the bound of all tokens:
/// the largest number that every client can hold exactly.
pub const NO_END_MS: u64 = (1 << 53) - 1;
