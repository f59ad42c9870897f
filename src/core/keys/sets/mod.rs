//! Sets: different members.

mod merge;
mod op;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use merge::{common, merged, store};
pub use op::{Merge, Op};
pub(super) use read::read;
pub(super) use write::{shift, write};
