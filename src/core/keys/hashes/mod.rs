//! Hashes: fields with values.

mod op;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use op::{Op, Part};
pub(super) use read::read;
pub(super) use write::write;
