//! Operations on queues.

use crate::{Origin, Wait, wire_enum};

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
        /// Delivered too often.
        3 => Dead {},
    }
}

wire_enum! {
    /// One operation on a queue.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// QPUSH. The message's id as bytes.
        1 => Push {
            /// The queue.
            queue: &'a [u8],
            /// The message.
            body: &'a [u8],
            /// When it becomes visible.
            visible: Visible,
        },
        /// QPOP. List[Bytes receipt, Bytes body], with `count` a list of these,
        /// nil when there is nothing and the request does not wait.
        2 => Pop {
            /// The queue.
            queue: &'a [u8],
            /// At most so many messages.
            count: Option<u64>,
            /// The lease in milliseconds; none: the queue's own.
            lease_ms: Option<u64>,
            /// Settle the messages right away (NOACK).
            settle: bool,
            /// How to wait when there is nothing.
            wait: Option<Wait>,
        },
        /// QACK. How many were settled.
        3 => Ack {
            /// The queue.
            queue: &'a [u8],
            /// The deliveries.
            receipts: Vec<Receipt>,
        },
        /// QNACK. How many were given back; one whose lease is over is not.
        4 => Nack {
            /// The queue.
            queue: &'a [u8],
            /// The deliveries.
            receipts: Vec<Receipt>,
            /// What was wrong.
            blame: Blame,
            /// Milliseconds until they are visible again; none: by the blame.
            delay_ms: Option<u64>,
        },
        /// QEXTEND. List of the new deadlines, 0 where the lease is over.
        5 => Extend {
            /// The queue.
            queue: &'a [u8],
            /// The deliveries.
            receipts: Vec<Receipt>,
            /// The lease in milliseconds from now on; 0: the queue's own.
            lease_ms: u64,
        },
        /// QPURGE. How many messages were taken away.
        6 => Purge {
            /// The queue.
            queue: &'a [u8],
        },
        /// QDESTROY. 1, or 0 when there is none.
        7 => Destroy {
            /// The queue.
            queue: &'a [u8],
        },
        /// Ends a wait (CLIENT UNBLOCK). 1, or 0 when there is none.
        8 => CancelWait {
            /// The queue.
            queue: &'a [u8],
            /// The connection that waits.
            origin: Origin,
            /// Which of its requests.
            request: u64,
            /// Answer it with a fault instead of nil.
            error: bool,
        },
        /// QLEN. A number.
        32 => Len {
            /// The queue.
            queue: &'a [u8],
            /// Of which messages; none: of all.
            which: Option<Which>,
        },
        /// QPEEK. A list of List[Bytes id, Bytes body]: the first ready
        /// messages.
        33 => Peek {
            /// The queue.
            queue: &'a [u8],
            /// At most so many.
            count: u64,
            /// From the newest on.
            newest: bool,
        },
        /// QINFO. A list of numbers in the order of
        /// [`INFO_NAMES`](super::INFO_NAMES), -1 where there is none, or a
        /// fault when there is no such queue.
        34 => Info {
            /// The queue.
            queue: &'a [u8],
        },
    }
}

impl<'a> Op<'a> {
    /// The name of the queue.
    pub fn name(&self) -> &'a [u8] {
        match self {
            Op::Push { queue, .. }
            | Op::Pop { queue, .. }
            | Op::Ack { queue, .. }
            | Op::Nack { queue, .. }
            | Op::Extend { queue, .. }
            | Op::Purge { queue }
            | Op::Destroy { queue }
            | Op::CancelWait { queue, .. }
            | Op::Len { queue, .. }
            | Op::Peek { queue, .. }
            | Op::Info { queue } => queue,
        }
    }

    /// Whether this changes anything that replicas must agree on.
    pub fn is_write(&self) -> bool {
        !matches!(self, Op::Len { .. } | Op::Peek { .. } | Op::Info { .. })
    }

    /// The same operation, not ready to wait: for MULTI and scripts.
    #[must_use]
    pub fn without_wait(mut self) -> Self {
        if let Op::Pop { wait, .. } = &mut self {
            *wait = None;
        }
        self
    }
}
