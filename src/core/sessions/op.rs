//! Operations on sessions.

use crate::{Origin, ShardId, wire_enum};

wire_enum! {
    /// One operation on sessions. What is about a session itself goes to its home,
    /// the shard of its id; what is about its name in locks goes to any shard.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// SESSION CREATE, at home. Ok, also when it is there already; a fault when
        /// it has ended or there are too many.
        1 => Create {
            /// The id; nobody else ever draws it.
            id: &'a [u8],
            /// How long it lives without a connection.
            ttl_ms: u64,
            /// What people call it; may be empty.
            name: &'a [u8],
            /// For how long nobody else gets what it held when its time has run out.
            delay_ms: u64,
        },
        /// SESSION ATTACH, at home: from now on it lives as long as the connection,
        /// and its time longer. The time to live as a number.
        2 => Attach {
            /// The id.
            id: &'a [u8],
            /// The connection.
            origin: Origin,
        },
        /// SESSION DETACH, at home. 1, or 0 when the connection was not attached.
        3 => Detach {
            /// The id.
            id: &'a [u8],
            /// The connection.
            origin: Origin,
        },
        /// SESSION KEEPALIVE, at home. 1.
        4 => KeepAlive {
            /// The id.
            id: &'a [u8],
        },
        /// SESSION DESTROY, at home: ends it without a delay. Nil when there is no such
        /// session, else a list of numbers: the shards that have to be told.
        5 => Destroy {
            /// The id.
            id: &'a [u8],
        },
        /// At home: a shard is about to let requests in the session's name in, and is
        /// told from now on when it ends. A list of two numbers: when it was created,
        /// and for how long nobody else gets what it held when it ends.
        6 => Touch {
            /// The id.
            id: &'a [u8],
            /// The shard.
            shard: ShardId,
        },
        /// At home: the shard was told of the end. 1, or 0 when it had been before.
        7 => Settled {
            /// The id.
            id: &'a [u8],
            /// The shard.
            shard: ShardId,
        },
        /// At a shard that home knows of: lets requests in the session's name in. Ok;
        /// a fault when it has ended here; a number when it may have ended here and
        /// that was forgotten: home has to be asked once more, and this number is the
        /// floor then.
        8 => Open {
            /// The id.
            id: &'a [u8],
            /// When it was created.
            birth_ms: u64,
            /// For how long nobody else gets what it held when it ends.
            delay_ms: u64,
            /// A number of an operation of this shard ([`Stamp::seq`](crate::Stamp))
            /// that was applied before home was asked.
            floor: u64,
        },
        /// At a shard that home knows of: the session has ended. Ok, however often.
        9 => End {
            /// The id.
            id: &'a [u8],
            /// For how long nobody else gets what it held.
            delay_ms: u64,
        },
        /// SESSION INFO, at home. Nil, or List[Bytes name, Bytes state (`attached`,
        /// `detached`, `ending`), Int ttl_ms, Int left_ms (-1 while a connection is
        /// attached), Int delay_ms, Int created_ms, List[Bytes connection...],
        /// List[Int shard...] of the other shards that know it].
        32 => Info {
            /// The id.
            id: &'a [u8],
        },
        /// SESSION LIST of one shard. List[Int next cursor (0: the end), List[Bytes
        /// id...]].
        33 => List {
            /// Where to go on; 0: from the beginning.
            cursor: u64,
            /// At most so many.
            count: u64,
        },
        /// A list of numbers in the order of [`Stats::NAMES`](super::Stats::NAMES), of
        /// one shard.
        35 => Stats {},
    }
}

impl<'a> Op<'a> {
    /// The session it is about; empty for what concerns all of them.
    pub fn id(&self) -> &'a [u8] {
        match self {
            Op::Create { id, .. }
            | Op::Attach { id, .. }
            | Op::Detach { id, .. }
            | Op::KeepAlive { id }
            | Op::Destroy { id }
            | Op::Touch { id, .. }
            | Op::Settled { id, .. }
            | Op::Open { id, .. }
            | Op::End { id, .. }
            | Op::Info { id } => id,
            Op::List { .. } | Op::Stats {} => b"",
        }
    }

    /// Whether it goes to the session's home.
    pub fn is_for_home(&self) -> bool {
        !matches!(self, Op::Open { .. } | Op::End { .. } | Op::List { .. } | Op::Stats {})
    }

    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        !matches!(self, Op::Info { .. } | Op::List { .. } | Op::Stats {})
    }
}
