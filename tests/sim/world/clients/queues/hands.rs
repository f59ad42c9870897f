//! What a client of queues holds and remembers.

use super::{New, Pop};
use crate::chance::Chance;
use crate::world::clients::meaning::word;

/// A message that a client was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// The queue.
    pub queue: u32,
    /// The number of the message.
    pub seq: u64,
    /// Which delivery.
    pub attempt: u32,
}

impl Held {
    /// The receipt.
    pub fn receipt(&self) -> Vec<u8> {
        word(format!("0-{}-{}", self.seq, self.attempt))
    }
}

/// What a client of queues holds and remembers.
#[derive(Clone, Debug, Default)]
pub struct Hands {
    /// Messages that it has to settle.
    pub held: Vec<Held>,
    /// One that it is through with.
    pub old: Option<Held>,
    /// What it pushed and does not know the fate of, with an id for copies.
    pub unsure: Option<New>,
    /// The same, known: it may be pushed once more.
    pub sent: Option<New>,
    /// A pop with a name that may be asked once more.
    pub named: Option<Pop>,
    /// The queue that it paused.
    pub paused: bool,
    /// It tells queues as a whole what to do; nobody else does.
    pub orders: bool,
}

impl Hands {
    /// It is through with a message.
    pub fn is_through(&mut self, held: &Held) {
        self.held.retain(|other| other != held);
        self.old = Some(*held);
    }

    /// Its connection is over. Receipts are good on another one as well; but a process
    /// that died knows them no more.
    pub fn connection_is_over(&mut self, chance: &mut Chance) {
        if chance.permille(500) {
            self.held.clear();
        }
    }
}
