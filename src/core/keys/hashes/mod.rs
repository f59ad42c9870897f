//! Hashes: fields with values.

mod op;
mod read;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod timed_tests;
mod write;

pub use op::{END_MAX_MS, KEPT_END_MAX_MS, Op, Part};
pub(super) use read::read;
pub(super) use write::write;
