//! Lists: elements in order.

mod op;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use op::Op;
pub(super) use read::read;
pub(super) use write::{pop_first, shift, write};
