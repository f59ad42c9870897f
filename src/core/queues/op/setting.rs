//! What can be set for a queue.

use crate::wire_enum;

wire_enum! {
    /// What happens when a message comes and there is no room.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Overflow {
        /// It is refused.
        0 => Reject {},
        /// The first messages are dropped.
        1 => DropHead {},
        /// The first messages are dead.
        2 => DeadHead {},
    }
}

wire_enum! {
    /// Which message is the next.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Order {
        /// The oldest.
        0 => Fifo {},
        /// The newest.
        1 => Lifo {},
        /// The oldest of the highest priority.
        2 => Priority {},
    }
}

wire_enum! {
    /// Whether messages have groups.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Grouping {
        /// None has.
        0 => Off {},
        /// Some have.
        1 => Optional {},
        /// Each has.
        2 => Required {},
    }
}

wire_enum! {
    /// One setting of a queue. Numbers that are 0, and names that are empty, mean: none.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Setting<'a> {
        /// The lease of a delivery (VT).
        1 => Lease {
            /// Its length.
            ms: u64,
        },
        /// The longest lease, counted from the delivery (MAXVT).
        2 => LeaseMax {
            /// Its length.
            ms: u64,
        },
        /// So many, and a message is dead (MAXDELIVER).
        3 => FailsMax {
            /// How many.
            count: u32,
        },
        /// Of what (COUNTMODE).
        4 => CountMode {
            /// Deliveries, not failures.
            attempts: bool,
        },
        /// How long a message that failed stays away (BACKOFF).
        5 => Backoff {
            /// After the first failure.
            min_ms: u64,
            /// At most.
            max_ms: u64,
            /// So much more with every failure; else twice as much.
            linear: bool,
            /// More or less by so many percent.
            jitter: u8,
        },
        /// How long messages live (TTL).
        6 => Ttl {
            /// From the push on.
            ms: u64,
        },
        /// What happens to those whose time is over (EXPIRE).
        7 => Expire {
            /// They are dead; else dropped.
            dead: bool,
        },
        /// How long messages are hidden at first (DELAY).
        8 => Delay {
            /// From the push on.
            ms: u64,
        },
        /// Where the dead go (DLQ).
        9 => DeadLetters {
            /// To the end of this queue; empty: they stay, as dead ones.
            queue: &'a [u8],
        },
        /// How long the dead are kept (RETAIN).
        10 => Retain {
            /// From their death on.
            ms: u64,
        },
        /// How many dead are kept (MAXDEAD).
        11 => DeadMax {
            /// The newest so many.
            count: u64,
        },
        /// How many messages there may be, the dead not counted (MAXLEN).
        12 => LengthMax {
            /// At most.
            count: u64,
        },
        /// How many bytes their bodies may take (MAXBYTES).
        13 => BytesMax {
            /// At most.
            bytes: u64,
        },
        /// What happens when there is no room (OVERFLOW).
        14 => Overflow {
            /// This.
            how: Overflow,
        },
        /// Which message is the next (ORDER).
        15 => Order {
            /// This one.
            how: Order,
        },
        /// Whether messages have groups (GROUPS).
        16 => Groups {
            /// So.
            how: Grouping,
        },
        /// How many messages of a group may be in flight (GROUPINFLIGHT).
        17 => GroupInflight {
            /// In one hand, at most.
            count: u64,
        },
        /// What a failed message does to its group (GROUPFAIL).
        18 => GroupFail {
            /// The group goes on without it; else it waits for it.
            skip: bool,
        },
        /// For how long a copy of a message is known (DEDUPWINDOW).
        19 => DedupWindow {
            /// From the push on; 0: while the message exists.
            ms: u64,
        },
        /// Where it is known (DEDUPSCOPE).
        20 => DedupScope {
            /// In its group; else in the queue.
            group: bool,
        },
        /// How many are known (DEDUPMAX).
        21 => DedupMax {
            /// At most.
            count: u64,
        },
        /// How many messages are delivered in a while (RATE).
        22 => Rate {
            /// At most.
            count: u64,
            /// The while.
            per_ms: u64,
        },
        /// How many messages may be in flight (MAXINFLIGHT).
        23 => InflightMax {
            /// At most.
            count: u64,
        },
        /// Over how many partitions the queue is spread (PARTITIONS).
        24 => Partitions {
            /// So many.
            count: u32,
        },
        /// What an answer promises (SYNC).
        25 => Sync {
            /// Not that it is on disk.
            relaxed: bool,
        },
        /// After how long a queue that nobody uses is destroyed (IDLEDELETE).
        26 => IdleDelete {
            /// Without a message and without a consumer.
            ms: u64,
        },
    }
}

/// What the settings are called, in the order of their tags, which begin at 1.
pub const SETTING_NAMES: [&str; 26] = [
    "vt",
    "maxvt",
    "maxdeliver",
    "countmode",
    "backoff",
    "ttl",
    "expire",
    "delay",
    "dlq",
    "retain",
    "maxdead",
    "maxlen",
    "maxbytes",
    "overflow",
    "order",
    "groups",
    "groupinflight",
    "groupfail",
    "dedupwindow",
    "dedupscope",
    "dedupmax",
    "rate",
    "maxinflight",
    "partitions",
    "sync",
    "idledelete",
];

impl Overflow {
    /// What clients call it.
    pub fn word(self) -> &'static str {
        match self {
            Overflow::Reject {} => "reject",
            Overflow::DropHead {} => "drophead",
            Overflow::DeadHead {} => "deadhead",
        }
    }
}

impl Order {
    /// What clients call it.
    pub fn word(self) -> &'static str {
        match self {
            Order::Fifo {} => "fifo",
            Order::Lifo {} => "lifo",
            Order::Priority {} => "pri",
        }
    }
}

impl Grouping {
    /// What clients call it.
    pub fn word(self) -> &'static str {
        match self {
            Grouping::Off {} => "off",
            Grouping::Optional {} => "optional",
            Grouping::Required {} => "required",
        }
    }
}
