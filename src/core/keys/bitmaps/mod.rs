//! Bits of strings: single ones, ranges, integers of any width. Bit 0 is the highest bit of
//! the first byte, as in the Redis documentation of bitmaps.

pub(super) mod bits;
pub(super) mod field;
mod op;
#[cfg(test)]
mod tests;

pub use op::{Field, Merge, Op, Overflow, Range, Step};
