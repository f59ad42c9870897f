//! What the outside has to do after an operation was applied.
//!
//! Effects are carried out by the leader only. They may be lost (a leader dies)
//! or happen twice (a leader changes); they never change the state of a machine.

use crate::{Origin, Outcome};

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Answer a request that waits ([`Outcome::Waits`]).
    Answer {
        /// The connection that waits.
        origin: Origin,
        /// Which of its requests: the number it was given when it was made.
        request: u64,
        /// The answer.
        outcome: Outcome,
    },
}

/// The effects of one or more operations, in order.
#[derive(Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
}

impl Effects {
    /// Adds one.
    pub fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// Takes all that were gathered.
    pub fn take(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.list)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Those that were added after there were `len`.
    pub fn since(&self, len: usize) -> &[Effect] {
        self.list.get(len..).unwrap_or_default()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
