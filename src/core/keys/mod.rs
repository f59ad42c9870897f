//! The key space: 16 databases of values of several types with deadlines, copy-on-write.

pub mod bitmaps;
mod chosen;
mod digest;
mod distinct;
mod events;
mod evict;
mod extended;
pub mod fills;
pub mod geo;
pub mod hashes;
mod home;
mod image;
mod keyspace;
pub mod lists;
mod number;
mod op;
mod payload;
mod peek;
mod read;
pub mod sets;
pub mod sorting;
mod stats;
mod store;
pub mod streams;
#[cfg(test)]
pub(in crate::keys) mod tests;
mod touched;
pub mod waits;
mod write;
pub mod zsets;

pub use distinct::try_out as try_distinct;
pub use events::{Class, Event, Happened};
pub use evict::Policy;
pub use home::KeyNames;
pub use image::Frozen;
pub use keyspace::{Counts, Keyspace};
pub use number::parse_integer;
pub use op::{About, ExpireWhen, Expiry, Inside, Op, TtlForm, When};
pub use payload::{Elements, elements};
pub use peek::Peek;
pub use read::{cursor_slot, range, slot_cursor};
pub use stats::Stats;
pub use touched::{Touched, TouchedKey, TouchedKeys};

/// The longest string there may ever be, whatever an operation allows.
pub const STRING_BYTES_MAX: u64 = 512 * 1024 * 1024;
