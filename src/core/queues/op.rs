//! Operations on queues.

mod about;
mod parts;
mod setting;

use crate::{Origin, Wait, wire_enum};

pub use parts::{Blame, Dedup, Form, Manner, Reason, Receipt, Visible, Want, Which};
pub use setting::{Grouping, Order, Overflow, SETTING_NAMES, Setting};

wire_enum! {
    /// One operation on queues. Most are about one partition of one queue: its name and
    /// its number, 0 where there is just one.
    ///
    /// A delivery is List[Bytes receipt, Body] and, where it is asked for, the List of
    /// what is known about it in the order of [`META_NAMES`](super::META_NAMES).
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// QPUSH, QMPUSH. The outcome has the `form` asked for.
        1 => Push {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The messages.
            bodies: Vec<&'a [u8]>,
            /// What is asked for each of them.
            manner: Manner<'a>,
            /// How many messages there may be then, besides what the queue says.
            length_max: Option<u64>,
            /// Whether the queue is made if it is not there.
            create: bool,
            /// All of them or none.
            atomic: bool,
            /// What the outcome is.
            form: Form,
        },
        /// QPOP, QMPOP. A delivery or nil, with a count a list of them or nil; with
        /// `named` a list of the queue and a list of deliveries, or nil.
        2 => Pop {
            /// The queues, in the order they are looked at.
            queues: Vec<&'a [u8]>,
            /// Their partition.
            part: u32,
            /// What is wanted.
            want: Want<'a>,
            /// Whether the outcome says which queue it was.
            named: bool,
            /// The queue that is looked at first changes from request to request.
            fair: bool,
            /// How to wait when there is nothing.
            wait: Option<Wait>,
        },
        /// QACK. How many were settled; with `verbose` a list of 1 (settled), 0 (not
        /// known) and -1 (delivered again since); with `pop` List[that, what the pop
        /// gives].
        3 => Ack {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The deliveries.
            receipts: Vec<Receipt>,
            /// Whether each is told of.
            verbose: bool,
            /// What is wanted next.
            pop: Option<Want<'a>>,
            /// How to wait when there is nothing.
            wait: Option<Wait>,
        },
        /// QNACK. How many were given back; one whose lease is over is not. If it is
        /// the only one, that is a fault.
        4 => Nack {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The deliveries.
            receipts: Vec<Receipt>,
            /// What was wrong.
            blame: Blame,
            /// Milliseconds until they are visible again; none: by the blame.
            delay_ms: Option<u64>,
            /// What was wrong, in words.
            error: Option<&'a [u8]>,
            /// Their priority from now on.
            priority: Option<u8>,
        },
        /// QEXTEND. List of the new deadlines, 0 where the lease is over. If that is
        /// the only one, it is a fault.
        5 => Extend {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The deliveries.
            receipts: Vec<Receipt>,
            /// The lease in milliseconds from now on; 0: the queue's own.
            lease_ms: u64,
        },
        /// QPURGE. How many messages were taken away.
        6 => Purge {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// Those in these states; none: in all.
            which: Vec<Which>,
            /// Those of this group.
            group: Option<&'a [u8]>,
            /// Those that were pushed so long ago.
            older_ms: Option<u64>,
        },
        /// QDESTROY. 1, or 0 when there is none.
        7 => Destroy {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// Only if it has no messages.
            if_empty: bool,
        },
        /// Ends a wait (CLIENT UNBLOCK). 1, or 0 when there is none.
        8 => CancelWait {
            /// A queue it waits for.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The connection that waits.
            origin: Origin,
            /// Which of its requests.
            request: u64,
            /// Answer it with a fault instead of nil.
            error: bool,
        },
        /// QDEL. How many were taken away.
        9 => Delete {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The messages.
            seqs: Vec<u64>,
            /// Also those in flight.
            force: bool,
        },
        /// QRESCHEDULE of a message that is ready or delayed. 1, or 0 when there is
        /// none.
        10 => Reschedule {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The message.
            seq: u64,
            /// When it becomes visible.
            visible: Visible,
        },
        /// QCREATE. Ok.
        11 => Create {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// How it is set; what is not said is as it was, or as usual.
            settings: Vec<Setting<'a>>,
            /// It is a fault when it is there already.
            if_new: bool,
        },
        /// QCONFIG SET. Ok.
        12 => Configure {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// What changes.
            settings: Vec<Setting<'a>>,
        },
        /// QCONFIG RESET. Ok.
        13 => Reset {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The tags of the settings that are as usual again; none: of all.
            tags: Vec<u8>,
        },
        /// QPAUSE. Ok.
        14 => Pause {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// Nothing comes in.
            input: bool,
            /// Nothing is delivered.
            output: bool,
            /// For so long; none: until it is resumed.
            for_ms: Option<u64>,
        },
        /// QRESUME. Ok.
        15 => Resume {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// Messages may come in again.
            input: bool,
            /// They are delivered again.
            output: bool,
        },
        /// QREDRIVE START: dead messages come back. How many; ticks do the work.
        16 => Redrive {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// At most so many, the oldest first.
            count: Option<u64>,
            /// Just these; none: all.
            seqs: Vec<u64>,
            /// Those that died of this.
            reason: Option<Reason>,
            /// To this queue.
            to: Option<&'a [u8]>,
            /// So many in a second.
            rate: Option<u64>,
            /// Hidden for so long.
            delay_ms: Option<u64>,
            /// They count as never having failed.
            reset: bool,
            /// To where they were in their order; only while nothing is delivered.
            head: bool,
        },
        /// QREDRIVE CANCEL. 1, or 0 when there is nothing to end.
        17 => CancelRedrive {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
        },
        /// QMOVE within a shard. How many were moved.
        18 => Move {
            /// From this queue.
            from: &'a [u8],
            /// To the end of this one.
            to: &'a [u8],
            /// The partition of both.
            part: u32,
            /// At most so many; none: as many as one operation may.
            count: Option<u64>,
            /// Those in this state.
            which: Which,
        },
        /// All deliveries in the name of a session go back as if nothing was wrong with
        /// them. How many.
        19 => Release {
            /// The session.
            session: &'a [u8],
        },
        /// QLEN. A number.
        32 => Len {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// Of which messages; none: of all.
            which: Option<Which>,
        },
        /// QPEEK. A list of List[Bytes id, Body] and, with `meta`, the list of what is
        /// known.
        33 => Peek {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// In which state.
            which: Which,
            /// At most so many.
            count: u64,
            /// From the newest on.
            newest: bool,
            /// From this number on.
            from: Option<u64>,
            /// Tell what is known about each.
            meta: bool,
        },
        /// QINFO. List[List of Int in the order of [`INFO_NAMES`](super::INFO_NAMES),
        /// -1 where there is none, the outcome of `Config`, that of `RedriveStatus`,
        /// Bytes the queue's name], or a fault when there is no such queue.
        34 => Info {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
        },
        /// QGET. List[Body, List of what is known, Word state, Bytes the queue's name,
        /// List of what it alone has: Int visible from ms, Int dropped from ms, Int TTL,
        /// Int lease, Int failures at most, each -1 if it has none] or nil.
        35 => Get {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The message.
            seq: u64,
        },
        /// QMSGS. List[Int next cursor (0: the end), List of List[Bytes id, Word state,
        /// Int attempts, Int fails, Int pushed ms, Int bytes, Int due ms (-1: none),
        /// Bytes group or nil, Word reason or nil]].
        36 => Messages {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// Where to go on; 0: from the beginning.
            cursor: u64,
            /// Look at so many.
            count: u64,
            /// Those in these states; none: in all.
            which: Vec<Which>,
            /// Those of this group.
            group: Option<&'a [u8]>,
            /// Those that died of this.
            reason: Option<Reason>,
        },
        /// QPENDING. List of List[Bytes receipt, Bytes consumer or session (empty:
        /// neither), Int ms since the delivery, Int attempts].
        37 => Pending {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// Those of this consumer or session.
            consumer: Option<&'a [u8]>,
            /// Those that were delivered so long ago.
            idle_ms: Option<u64>,
            /// At most so many.
            count: u64,
        },
        /// QCONSUMERS. List of List[Bytes name, Int in flight, Int ms since it did
        /// anything, Int waiting requests].
        38 => Consumers {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
        },
        /// QCONFIG GET. List of List[Word name, value], or a fault when there is no
        /// such queue. A value is a number, a word, the bytes of a name, or a list of
        /// what QCONFIG SET takes.
        39 => Config {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
            /// The tags of the settings that are asked for; none: all.
            tags: Vec<u8>,
        },
        /// QREDRIVE STATUS. Nil when there never was one, or List[Word `running`,
        /// `done` or `cancelled`, Int moved, Int left, Int rate per second (0: none),
        /// Int begun ms].
        40 => RedriveStatus {
            /// The queue.
            queue: &'a [u8],
            /// Its partition.
            part: u32,
        },
        /// QSCAN of one shard. List[Int next cursor (0: the end), List of Bytes name].
        41 => Scan {
            /// Where to go on; 0: from the beginning.
            cursor: u64,
            /// Look at about so many.
            count: u64,
            /// Those whose names fit.
            pattern: Option<&'a [u8]>,
            /// Those with so many messages.
            length_min: Option<u64>,
            /// Those with dead messages.
            dead: bool,
        },
    }
}

impl<'a> Op<'a> {
    /// QPUSH of one message, with nothing else asked.
    pub fn push(queue: &'a [u8], body: &'a [u8]) -> Self {
        Op::push_at(queue, body, Visible::Now {})
    }

    /// QPUSH of one message that becomes visible then.
    pub fn push_at(queue: &'a [u8], body: &'a [u8], visible: Visible) -> Self {
        let manner = match visible {
            Visible::Now {} => Manner::PLAIN,
            visible => Manner::visible(visible),
        };
        let bodies = vec![body];
        let (part, length_max, create, atomic) = (0, None, true, false);
        Op::Push { queue, part, bodies, manner, length_max, create, atomic, form: Form::Id {} }
    }

    /// QPOP from one queue.
    pub fn pop(queue: &'a [u8], want: Want<'a>, wait: Option<Wait>) -> Self {
        Op::Pop { queues: vec![queue], part: 0, want, named: false, fair: false, wait }
    }

    /// QACK, and nothing else asked.
    pub fn ack(queue: &'a [u8], receipts: Vec<Receipt>) -> Self {
        Op::Ack { queue, part: 0, receipts, verbose: false, pop: None, wait: None }
    }

    /// QNACK without words.
    pub fn nack(
        queue: &'a [u8],
        receipts: Vec<Receipt>,
        blame: Blame,
        delay_ms: Option<u64>,
    ) -> Self {
        Op::Nack { queue, part: 0, receipts, blame, delay_ms, error: None, priority: None }
    }

    /// QPURGE of everything.
    pub fn purge(queue: &'a [u8]) -> Self {
        Op::Purge { queue, part: 0, which: Vec::new(), group: None, older_ms: None }
    }
}
