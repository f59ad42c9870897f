//! What histories of clients prove.
//!
//! Each checker takes what clients asked, what they were told and when, and says
//! whether some order of execution explains it. What was refused as not applied
//! is left out of a history: whoever sees its trace sees what nobody did. What
//! has no known outcome may or may not have happened, at any time after it began.

pub mod appends;
pub mod fences;
pub mod guards;
pub mod locks;
pub mod queues;
pub mod registers;
#[cfg(test)]
mod tests;

/// What ends never.
pub const NEVER: u64 = u64::MAX;

/// When something was asked for and when it was answered, by one clock for all
/// clients. `ended` is [`NEVER`] for what has no known outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it began.
    pub began: u64,
    /// When the answer came.
    pub ended: u64,
}

impl Span {
    /// Whether this was over before the other began.
    pub fn precedes(&self, other: &Span) -> bool {
        self.ended < other.began
    }

    /// Whether its outcome is known.
    pub fn is_sure(&self) -> bool {
        self.ended != NEVER
    }
}
