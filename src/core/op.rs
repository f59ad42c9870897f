//! The operations: all that can stand in the log of a shard.

mod slots;

use crate::slot::{self, Slot};
use crate::wait::Wait;
use crate::{
    Db, Fault, Origin, RequestId, cluster, keys, locks, queues, scripts, sessions, users, wire_enum,
};

pub use slots::Slots;

wire_enum! {
    /// One operation on a shard.
    ///
    /// Fields borrow from the request or from the log entry they were read from.
    /// The byte form is the format of the log: a tag keeps its meaning.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// Moves the clock of the shard, so that what is due ends.
        0 => Tick {},
        /// On the key space.
        1 => Key {
            /// The operation.
            op: keys::Op<'a>,
        },
        /// On the lock table.
        2 => Lock {
            /// The operation.
            op: locks::Op<'a>,
        },
        /// On the queues.
        3 => Queue {
            /// The operation.
            op: queues::Op<'a>,
        },
        /// Several operations as one, in order, if no watched key has changed
        /// (MULTI/EXEC). Gives a list of outcomes, or nil when one has.
        4 => Transaction {
            /// The watched keys with the versions they were seen at.
            watched: Vec<Watched<'a>>,
            /// How many operations follow.
            count: u32,
            /// Their byte forms, one behind the other.
            ops: &'a [u8],
        },
        /// Connections of a node are over, because it began a new life or nobody hears
        /// of it: what they held or waited for ends.
        5 => Boot {
            /// The floor: the life and the number below which they are over.
            origin: Origin,
        },
        /// A connection ended: what it held or waited for ends.
        6 => Gone {
            /// The connection.
            origin: Origin,
        },
        /// On the map of the cluster.
        7 => Cluster {
            /// The operation.
            op: cluster::Op,
        },
        /// Names the operations that follow it in the same entry, so that they
        /// are applied once however often they are proposed. Whoever carries out
        /// the entry skips them when the request is
        /// [remembered](crate::Shard::recall).
        8 => Request {
            /// The name.
            id: RequestId,
            /// How many operations it names.
            count: u32,
            /// A number of an operation of this shard ([`Stamp::seq`](crate::Stamp))
            /// that is not greater than when the request was made.
            floor: u64,
            /// Whether it may have been proposed before.
            retry: bool,
        },
        /// Stands where an operation would that the leader has refused, so that
        /// the request it belongs to gives the same when it is asked for again.
        9 => Refused {
            /// Why.
            fault: Fault,
        },
        /// On sessions.
        10 => Session {
            /// The operation.
            op: sessions::Op<'a>,
        },
        /// On scripts.
        132 => Script {
            /// The operation.
            op: scripts::Op<'a>,
        },
        /// On users.
        133 => User {
            /// The operation.
            op: users::Op<'a>,
        },
    }
}

wire_enum! {
    /// A key and the version it had when it was watched (0: it was not there).
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Watched<'a> {
        /// The only form.
        1 => Key {
            /// The database.
            db: Db,
            /// The key.
            key: &'a [u8],
            /// Its version then.
            version: u64,
        },
    }
}

/// Where an operation belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The shard of the key space.
    KeySpace,
    /// The shard that owns this slot (locks and queues).
    Slot(Slot),
    /// Beside the keys with the same hash tag (locks and queues that have one):
    /// with the key space, or where keys are spread, the shard of this slot.
    Tagged(Slot),
    /// Every shard.
    Everywhere,
    /// The meta group.
    Meta,
}

impl Home {
    /// Where a lock or a queue with this name belongs. A hash tag says that it
    /// is used together with keys: MULTI then reaches both.
    pub fn of_name(name: &[u8]) -> Home {
        let slot = Slot::of(name);
        if slot::has_tag(name) { Home::Tagged(slot) } else { Home::Slot(slot) }
    }

    /// Where a partition of a queue with this name belongs: 0 at home, the others far
    /// from each other, so that they are spread over the shards, which have slots in a
    /// row. Those of a queue with a hash tag are all at home, and so is what is about all
    /// of them.
    pub fn of_part(name: &[u8], part: u32) -> Home {
        let part = if part == queues::WHOLE { 0 } else { part };
        match Home::of_name(name) {
            Home::Slot(Slot(home)) => {
                let places = u32::from(slot::SLOTS);
                let far = (part % places).reverse_bits() >> places.leading_zeros() >> 1;
                Home::Slot(Slot(((u32::from(home) + far) % places) as u16))
            }
            home => home,
        }
    }
}

impl Op<'_> {
    /// Where this operation belongs.
    pub fn home(&self) -> Home {
        match self {
            Op::Key { .. } | Op::Transaction { .. } | Op::Script { .. } => Home::KeySpace,
            Op::Lock { op } if op.names().is_empty() => Home::Everywhere,
            Op::Lock { op } => Home::of_name(op.name()),
            Op::Queue { op: queues::Op::Scan { .. } | queues::Op::Release { .. } } => {
                Home::Everywhere
            }
            Op::Queue { op } => Home::of_part(op.name(), op.part()),
            Op::Session { op } if op.is_for_home() => Home::Slot(Slot::of(op.id())),
            Op::Session { .. } => Home::Everywhere,
            Op::Tick {}
            | Op::Boot { .. }
            | Op::Gone { .. }
            | Op::Request { .. }
            | Op::Refused { .. } => Home::Everywhere,
            Op::Cluster { .. } | Op::User { .. } => Home::Meta,
        }
    }

    /// Whether this may change what a key holds that has no deadline. Everything else only
    /// ends keys whose time is over.
    pub fn may_touch_keys(&self) -> bool {
        match self {
            Op::Key { op } => op.is_write(),
            Op::Queue { op } => op.is_write(),
            Op::Transaction { .. } | Op::Script { .. } | Op::Boot { .. } | Op::Gone { .. } => true,
            Op::Lock { .. }
            | Op::Session { .. }
            | Op::Tick {}
            | Op::User { .. }
            | Op::Cluster { .. }
            | Op::Request { .. }
            | Op::Refused { .. } => false,
        }
    }

    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        match self {
            Op::Key { op } => op.is_write(),
            Op::Lock { op } => op.is_write(),
            Op::Queue { op } => op.is_write(),
            Op::Session { op } => op.is_write(),
            Op::Script { op } => op.is_write(),
            Op::Tick {}
            | Op::Transaction { .. }
            | Op::Boot { .. }
            | Op::Gone { .. }
            | Op::Cluster { .. }
            | Op::User { .. }
            | Op::Request { .. }
            | Op::Refused { .. } => true,
        }
    }

    /// How it is ready to wait, if it is.
    pub fn wait(&self) -> Option<Wait> {
        match self {
            Op::Key { op } => op.wait(),
            Op::Lock { op } => op.wait(),
            Op::Queue { op } => op.wait(),
            _ => None,
        }
    }

    /// The same operation where memory has no room for what adds something. None: it is of
    /// no use then.
    #[must_use]
    pub fn without_room(&self) -> Option<Self> {
        match self {
            Op::Script { op } => op.clone().without_room().map(|op| Op::Script { op }),
            _ => None,
        }
    }

    /// The same operation, not ready to wait: for MULTI and scripts.
    #[must_use]
    pub fn without_wait(self) -> Self {
        match self {
            Op::Key { op } => Op::Key { op: op.without_wait() },
            Op::Lock { op } => Op::Lock { op: op.without_wait() },
            Op::Queue { op } => Op::Queue { op: op.without_wait() },
            other => other,
        }
    }
}
