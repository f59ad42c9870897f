//! What the outside has to do after an operation was applied.
//!
//! Effects may be lost (a leader dies) or happen twice (a leader changes); they
//! never change the state of a machine.

mod event;
mod notice;

use crate::keys::{Event, Happened};
use crate::{Db, NodeId, Origin, Outcome, wire_enum};

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
        /// Something happened to a key that somebody listens to.
        8 => Keyspace {
            /// The database.
            db: Db,
            /// The key.
            key: Vec<u8>,
            /// What happened.
            event: Event,
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
            | Effect::Publish { .. }
            | Effect::Keyspace { .. } => None,
        }
    }
}

/// How many bytes of events of keys one entry tells of; what is beyond is lost, as messages
/// on channels may be: a client that listens would long have more unread than it may.
pub const KEY_EVENT_BYTES_MAX: usize = 64 << 20;

/// What an event takes besides the name of its key, about.
const EVENT_BYTES: usize = 64;

/// The effects of one or more operations, in order.
#[derive(Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
    events: bool,
    by: Option<Origin>,
    /// The classes of events of keys that are gathered.
    key_events: u64,
    /// What the keys of those that were gathered take.
    key_event_bytes: usize,
}

impl Effects {
    /// None yet; events are gathered if somebody `wants_events`.
    pub fn new(wants_events: bool) -> Self {
        Effects { events: wants_events, ..Effects::default() }
    }

    /// Gathers events of keys, too, of these classes ([`Class::bit`](crate::keys::Class)).
    #[must_use]
    pub fn with_key_events(self, classes: u64) -> Self {
        Effects { key_events: classes, ..self }
    }

    /// Which classes of events of keys are wanted.
    pub fn key_events(&self) -> u64 {
        self.key_events
    }

    /// Adds what happened to a key. When there is very much, the rest is left out.
    pub fn push_key_event(&mut self, happened: Happened) {
        let Happened { db, key, event } = happened;
        self.key_event_bytes = self.key_event_bytes.saturating_add(key.len() + EVENT_BYTES);
        if self.key_event_bytes <= KEY_EVENT_BYTES_MAX {
            self.list.push(Effect::Keyspace { db, key, event });
        }
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
