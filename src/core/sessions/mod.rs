//! Sessions: how long those who hold something are believed to be alive.
//!
//! A session lives while a connection is attached to it, and its time to live
//! longer. Its home, the shard of its id, decides when it ends. Other shards that
//! let requests in its name in are noted at home first, so that each of them is
//! told of the end, until all have been; only then the session is forgotten.
//!
//! A shard that was told lets nothing in the session's name in any more, however
//! late it comes: without being opened first no request is let in, and what would
//! open it again is refused. What has ended is remembered for a while; behind that
//! the [floor](Op::Open) of an opening tells whether it can be from before the end.
//!
//! Who is attached is in the state and changes only when connections come and go:
//! a session that is attached and idle costs no operation and no timer.

mod op;
mod table;

mod ended;
mod ends;
mod guests;
mod image;
mod index;
mod look;
mod mutant;
mod roll;
mod session;

#[cfg(test)]
mod tests;

pub use ends::{Ending, Over};
pub use image::Frozen;
pub use look::Stats;
pub use op::Op;
pub use table::Table;

/// The shortest id.
pub const ID_BYTES_MIN: usize = 16;

/// The longest id.
pub const ID_BYTES_MAX: usize = 64;

/// The longest name.
pub const NAME_BYTES_MAX: usize = 256;

/// How long a session lives without a connection, if nothing else was asked for.
pub const DEFAULT_TTL_MS: u64 = 10_000;

/// The shortest time to live.
pub const TTL_MS_MIN: u64 = 500;

/// The longest time to live: a day.
pub const TTL_MS_MAX: u64 = 86_400_000;

/// The longest delay.
pub const DELAY_MS_MAX: u64 = 60_000;

/// How many sessions a shard is home to, those counted that have ended and of which
/// other shards must still be told.
pub const SESSIONS_MAX: usize = 1_000_000;

/// How many sessions with other homes a shard lets requests of in.
pub const GUESTS_MAX: usize = 1_000_000;

/// How many connections are attached to one session.
pub const CONNECTIONS_MAX: usize = 1_000;

/// How many sessions are remembered to have ended.
pub const ENDED_MAX: usize = 65_536;

/// For how long a session is remembered to have ended: an hour.
pub const ENDED_MS: u64 = 3_600_000;

/// How many ids one answer lists.
pub const LIST_MAX: u64 = 1_000;
