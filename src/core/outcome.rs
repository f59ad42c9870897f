//! What an operation gave, before any thought of a wire protocol.

#[cfg(test)]
mod tests;
mod wire;

use crate::Fault;

pub use wire::DEPTH_MAX;

/// The result of one operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Done, nothing to tell.
    Ok,
    /// Nothing there, or not done.
    Nil,
    /// A number.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// One of a few fixed words, such as the type of a key.
    Word(&'static str),
    /// Several results in order.
    List(Vec<Outcome>),
    /// The request now waits in the machine; an
    /// [`Effect::Answer`](crate::Effect::Answer) of a later operation ends it.
    Waits,
    /// Refused; nothing was changed.
    Fault(Fault),
    /// Refused, with words of its own about why.
    Refused {
        /// The kind of refusal.
        fault: Fault,
        /// The words.
        text: Vec<u8>,
    },
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        Outcome::Fault(fault)
    }
}
