//! What operations on queues are made of.

use crate::wire_enum;

wire_enum! {
    /// When a message becomes visible.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Visible {
        /// At once.
        0 => Now {},
        /// After some milliseconds.
        1 => In {
            /// How many.
            ms: u64,
        },
        /// At a time, in milliseconds since the Unix epoch.
        2 => At {
            /// The time; may be in the past.
            ms: u64,
        },
    }
}

wire_enum! {
    /// The receipt of a delivery, shown as `part-seq-attempt`.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Receipt {
        /// The only form.
        1 => Of {
            /// The partition of the queue.
            part: u32,
            /// The message's number in it.
            seq: u64,
            /// The delivery's number, from 1.
            attempt: u32,
        },
    }
}

wire_enum! {
    /// What a consumer says about a delivery that it gives back.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Blame {
        /// FAIL: the message failed; so many times, and it is dead.
        0 => Fail {},
        /// SILENT: nothing was wrong with it.
        1 => Silent {},
        /// FATAL: it is dead now.
        2 => Fatal {},
    }
}

wire_enum! {
    /// Which messages are meant, by where they stand.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Which {
        /// Waiting for a consumer.
        0 => Ready {},
        /// Not visible yet.
        1 => Delayed {},
        /// Delivered, under a lease.
        2 => Inflight {},
        /// Given up.
        3 => Dead {},
    }
}

impl Which {
    /// All of them, in the order of their tags.
    pub const ALL: [Which; 4] =
        [Which::Ready {}, Which::Delayed {}, Which::Inflight {}, Which::Dead {}];

    /// What clients call it.
    pub fn word(self) -> &'static str {
        match self {
            Which::Ready {} => "ready",
            Which::Delayed {} => "delayed",
            Which::Inflight {} => "inflight",
            Which::Dead {} => "dead",
        }
    }
}

wire_enum! {
    /// Why a message is dead.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Reason {
        /// It failed, or was delivered, too often.
        0 => MaxDeliver {},
        /// Its time to live was over.
        1 => Ttl {},
        /// A consumer said so.
        2 => Fatal {},
        /// It had to make room.
        3 => Overflow {},
    }
}

impl Reason {
    /// All of them, in the order of their tags.
    pub const ALL: [Reason; 4] =
        [Reason::MaxDeliver {}, Reason::Ttl {}, Reason::Fatal {}, Reason::Overflow {}];

    /// Its place among all.
    pub(in crate::queues) fn place(self) -> usize {
        match self {
            Reason::MaxDeliver {} => 0,
            Reason::Ttl {} => 1,
            Reason::Fatal {} => 2,
            Reason::Overflow {} => 3,
        }
    }

    /// What clients call it.
    pub fn word(self) -> &'static str {
        match self {
            Reason::MaxDeliver {} => "maxdeliver",
            Reason::Ttl {} => "ttl",
            Reason::Fatal {} => "fatal",
            Reason::Overflow {} => "overflow",
        }
    }
}

wire_enum! {
    /// That a message is pushed once, however often it is sent.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Dedup<'a> {
        /// The only form.
        1 => Of {
            /// What is the same for all copies.
            id: &'a [u8],
            /// For how long; none: as long as the queue says; 0: while the message
            /// exists.
            window_ms: Option<u64>,
            /// The newest copy takes the place of the one before while nobody has it.
            replace: bool,
        },
    }
}

wire_enum! {
    /// What is asked for a message besides its body. What is not said is as the queue
    /// says.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Manner<'a> {
        /// The only form.
        1 => Of {
            /// When it becomes visible.
            visible: Option<Visible>,
            /// How long it lives, from now on; 0: without end.
            ttl_ms: Option<u64>,
            /// From 0 to 31, the highest first.
            priority: Option<u8>,
            /// Its group.
            group: Option<&'a [u8]>,
            /// The lease of its deliveries.
            lease_ms: Option<u64>,
            /// So many failures, and it is dead; 0: never.
            fails_max: Option<u32>,
            /// Names and values.
            headers: Vec<(&'a [u8], &'a [u8])>,
            /// That it is pushed once.
            dedup: Option<Dedup<'a>>,
        },
    }
}

impl Manner<'_> {
    /// Nothing is asked.
    pub const PLAIN: Manner<'static> = Manner::Of {
        visible: None,
        ttl_ms: None,
        priority: None,
        group: None,
        lease_ms: None,
        fails_max: None,
        headers: Vec::new(),
        dedup: None,
    };

    /// Nothing is asked but when the message becomes visible.
    pub fn visible(when: Visible) -> Manner<'static> {
        match Manner::PLAIN {
            Manner::Of { ttl_ms, priority, group, lease_ms, fails_max, headers, dedup, .. } => {
                let visible = Some(when);
                Manner::Of { visible, ttl_ms, priority, group, lease_ms, fails_max, headers, dedup }
            }
        }
    }
}

wire_enum! {
    /// What a push is answered with.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Form {
        /// The id of the message.
        0 => Id {},
        /// The id, and `new`, `dup` or `replaced`.
        1 => IdAndState {},
        /// A list with an id or a fault for each.
        2 => List {},
        /// The name of the queue, and the id.
        3 => Named {},
    }
}

wire_enum! {
    /// What a consumer wants.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Want<'a> {
        /// The only form.
        1 => Of {
            /// At most so many messages; none: a single one, answered in the short
            /// form.
            count: Option<u64>,
            /// No further message once the bodies take so many bytes.
            bytes_max: Option<u64>,
            /// The lease; none: that of the message or the queue.
            lease_ms: Option<u64>,
            /// Settle the messages right away (NOACK).
            settle: bool,
            /// Tell what is known about each.
            meta: bool,
            /// Only of this group.
            group: Option<&'a [u8]>,
            /// Only of this priority or a higher one.
            priority_min: Option<u8>,
            /// Under this name.
            consumer: Option<&'a [u8]>,
            /// The leases end with this session.
            session: Option<&'a [u8]>,
            /// What is the same for all copies of the request (REQID).
            request: Option<&'a [u8]>,
        },
    }
}

impl Want<'_> {
    /// One message, and nothing else is asked.
    pub const ONE: Want<'static> = Want::Of {
        count: None,
        bytes_max: None,
        lease_ms: None,
        settle: false,
        meta: false,
        group: None,
        priority_min: None,
        consumer: None,
        session: None,
        request: None,
    };

    /// So many messages, under this lease, settled right away or not.
    pub fn some(count: Option<u64>, lease_ms: Option<u64>, settle: bool) -> Want<'static> {
        let (bytes_max, group, priority_min, consumer) = (None, None, None, None);
        let (meta, session, request) = (false, None, None);
        Want::Of {
            count,
            bytes_max,
            lease_ms,
            settle,
            meta,
            group,
            priority_min,
            consumer,
            session,
            request,
        }
    }
}
