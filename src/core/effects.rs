//! What the outside has to do after an operation was applied.
//!
//! Effects may be lost (a leader dies) or happen twice (a leader changes); they
//! never change the state of a machine.

mod event;
mod notice;

use crate::{NodeId, Origin, Outcome, wire_enum};

pub use event::{EventKind, LockEvent};
pub use notice::{Notice, Reason};

wire_enum! {
    /// One thing to do.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Effect {
        /// Answer a request that waits ([`Outcome::Waits`]).
        1 => Answer {
            /// The connection that waits.
            origin: Origin,
            /// Which of its requests: the number it was given when it was made.
            request: u64,
            /// The answer.
            outcome: Outcome,
        },
        /// Tell a connection something that it did not ask for.
        2 => Notice {
            /// The connection.
            to: Origin,
            /// What.
            notice: Notice,
        },
        /// Tell whoever wants to know.
        3 => Event {
            /// What happened.
            event: LockEvent,
        },
        /// Sessions ended, and other shards have to be told: whoever leads this one
        /// looks whom ([`sessions::Table::endings`](crate::sessions::Table::endings)).
        4 => Endings {},
        /// Tell a session something, wherever it is attached now, unless that is the
        /// connection that was told already.
        5 => SessionNotice {
            /// The session.
            session: Vec<u8>,
            /// Who was told.
            told: Origin,
            /// What.
            notice: Notice,
        },
        /// A partition of a queue with several has something that it could deliver, and
        /// had nothing before; nobody waits in its own line.
        6 => Available {
            /// The queue.
            queue: Vec<u8>,
            /// The partition.
            part: u32,
        },
        /// A script published a message.
        7 => Publish {
            /// Whether to a shard channel.
            shard: bool,
            /// The channel.
            channel: Vec<u8>,
            /// The message.
            message: Vec<u8>,
        },
    }
}

impl Effect {
    /// The node that carries it out; none: the one that leads the shard.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Effect::Answer { origin, .. } | Effect::Notice { to: origin, .. } => Some(origin.node),
            Effect::Event { .. }
            | Effect::Endings {}
            | Effect::SessionNotice { .. }
            | Effect::Available { .. }
            | Effect::Publish { .. } => None,
        }
    }
}

/// The effects of one or more operations, in order.
#[derive(Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
    events: bool,
    by: Option<Origin>,
}

impl Effects {
    /// None yet; events are gathered if somebody `wants_events`.
    pub fn new(wants_events: bool) -> Self {
        Effects { list: Vec::new(), events: wants_events, by: None }
    }

    /// Whether events are wanted.
    pub fn wants_events(&self) -> bool {
        self.events
    }

    /// From now on what this connection asked for is applied; none: nobody can say whose it is.
    pub fn serve(&mut self, by: Option<Origin>) {
        self.by = by;
    }

    /// Who asked for what is applied, for those who tell of it: no part of what replicas
    /// agree on.
    pub fn served(&self) -> Option<Origin> {
        self.by
    }

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

    /// Takes out the answer to a request, if it is among those that were added
    /// after there were `len`.
    pub fn take_answer(&mut self, len: usize, origin: Origin, request: u64) -> Option<Outcome> {
        let is_it = |effect: &Effect| {
            matches!(effect, Effect::Answer { origin: of, request: number, .. }
                if (*of, *number) == (origin, request))
        };
        let place = self.since(len).iter().position(is_it)?;
        match self.list.remove(len + place) {
            Effect::Answer { outcome, .. } => Some(outcome),
            _ => None,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
