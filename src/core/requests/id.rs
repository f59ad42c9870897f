//! The name of a request, and what is remembered of it.

use crate::wire::{Malformed, Wire};
use crate::{Origin, Outcome};

/// The name of a request: no other request of the cluster ever has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId {
    /// The connection it came from.
    pub origin: Origin,
    /// Grows from request to request of that connection.
    pub number: u64,
}

/// What is remembered of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Recall {
    /// It was not applied: apply it.
    Fresh,
    /// It was applied and gave this.
    Done(Vec<Outcome>),
    /// It may have been applied, and what it gave is not known any more: it must
    /// not be applied now.
    Forgotten,
}

impl<'a> Wire<'a> for RequestId {
    fn put(&self, out: &mut Vec<u8>) {
        self.origin.put(out);
        self.number.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(RequestId { origin: Origin::take(input)?, number: u64::take(input)? })
    }
}
