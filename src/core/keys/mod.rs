//! The key space: 16 databases of strings with deadlines, copy-on-write.

mod digest;
mod evict;
mod extended;
mod home;
mod image;
mod keyspace;
mod number;
mod op;
mod payload;
mod read;
mod stats;
mod store;
#[cfg(test)]
mod tests;
mod write;

pub use evict::Policy;
pub use home::KeyNames;
pub use image::Frozen;
pub use keyspace::{Counts, Keyspace};
pub use number::parse_integer;
pub use op::{About, ExpireWhen, Expiry, Op, TtlForm, When};
pub use read::{cursor_slot, slot_cursor};
pub use stats::Stats;

/// The longest string there may ever be, whatever an operation allows.
pub const STRING_BYTES_MAX: u64 = 512 * 1024 * 1024;
