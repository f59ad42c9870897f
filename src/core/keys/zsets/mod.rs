//! Sorted sets: members with scores.

mod merge;
mod op;
mod read;
mod span;
#[cfg(test)]
mod tests;
mod write;

pub(super) use merge::{common, merged, store};
pub use op::{Fold, LexBound, Op, ScoreBound, Span};
pub(super) use read::{list, read};
pub(super) use span::members;
pub(super) use write::{pop_first, store_range, write};
