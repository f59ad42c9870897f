//! What an operation gave, before any thought of a wire protocol.

#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use crate::Fault;
use crate::queues::{Body, BodyKey};

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
    /// The body of a message, which may have to be fetched: what goes to a client or
    /// to another node is [resolved](Outcome::resolve) before.
    Body(Body),
}

impl Outcome {
    /// Turns bodies into bytes: those that are here, and those that `fetch` gives.
    /// Whether none is left.
    pub fn resolve(&mut self, fetch: &mut dyn FnMut(&BodyKey) -> Option<Arc<[u8]>>) -> bool {
        match self {
            Outcome::Body(body) => match body.here.take().or_else(|| fetch(&body.key)) {
                Some(bytes) => {
                    *self = Outcome::Bytes(bytes.to_vec());
                    true
                }
                None => false,
            },
            Outcome::List(items) => {
                let mut all = true;
                for item in items {
                    all &= item.resolve(fetch);
                }
                all
            }
            _ => true,
        }
    }

    /// Bytes of memory, estimated.
    pub fn memory(&self) -> usize {
        let held = match self {
            Outcome::Bytes(bytes) | Outcome::Refused { text: bytes, .. } => bytes.len(),
            Outcome::List(items) => items.iter().map(Outcome::memory).sum(),
            _ => 0,
        };
        size_of::<Outcome>() + held
    }

    /// Whether a body is in it.
    pub fn has_body(&self) -> bool {
        match self {
            Outcome::Body(_) => true,
            Outcome::List(items) => items.iter().any(Outcome::has_body),
            _ => false,
        }
    }
}

impl From<Fault> for Outcome {
    fn from(fault: Fault) -> Self {
        Outcome::Fault(fault)
    }
}
