//! Streams: entries in the order of their ids, and groups of consumers that share them.

mod add;
mod claim;
mod events;
mod groups;
mod id;
mod info;
mod lag;
mod op;
mod pending;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(super) use groups::{Reader, read_group};
pub use id::Id;
pub(super) use lag::distance;
pub use op::{After, Given, NewId, Op, Trim};
pub(super) use read::{read, read_several};
pub(super) use write::write;
