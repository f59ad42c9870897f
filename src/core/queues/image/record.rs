//! The pieces of an image.

use super::super::op::{Reason, Setting, Want};
use super::message::Kept;
use crate::{Origin, wire_enum};

wire_enum! {
    /// A piece of the table.
    pub enum Record<'a> {
        /// What there is once; always the first.
        1 => Head {
            /// Where a new queue begins to count.
            first_seq: u64,
            /// The newest number of a queue.
            last_number: u64,
            /// The newest place in line.
            last_place: u64,
            /// The newest life of each node.
            lives: Vec<Origin>,
        },
        /// A queue.
        2 => Begin {
            /// Its number.
            number: u64,
            /// Its name.
            name: &'a [u8],
            /// Its partition.
            part: u32,
            /// Whether anybody made it.
            made: bool,
            /// Its plain numbers, in the order of `numbers_of`.
            numbers: Vec<u64>,
            /// What happened in it.
            counts: Vec<u64>,
            /// How it is set; none: as usual.
            settings: Vec<Setting<'a>>,
            /// Since when deliveries are counted for the rate, and how many.
            window: Option<(u64, u64)>,
            /// Its newest redrive.
            task: Option<TaskForm<'a>>,
        },
        /// Some of the messages of a queue that stands before, in order.
        3 => Messages {
            /// The queue.
            number: u64,
            /// The messages.
            list: Vec<Kept<'a>>,
        },
        /// Some of those who wait, in order. They stand behind all queues.
        4 => Line {
            /// The requests.
            list: Vec<Place<'a>>,
        },
        /// What a queue has besides messages, before these.
        5 => Things {
            /// The queue.
            number: u64,
            /// Some of them, in order.
            list: Vec<Thing<'a>>,
        },
    }
}

wire_enum! {
    /// What a queue has besides messages.
    pub enum Thing<'a> {
        /// A group.
        1 => Group {
            /// Its number.
            number: u64,
            /// Its name.
            name: &'a [u8],
            /// Its turn.
            turn: (u64, u64),
            /// Whether a message is missing.
            gap: bool,
        },
        /// A message that is known.
        2 => Known {
            /// Its number.
            number: u64,
            /// Both halves of its hash.
            hash: (u64, u64),
            /// The message.
            seq: u64,
            /// Until when.
            until_ms: Option<u64>,
        },
        /// A consumer.
        3 => Consumer {
            /// Its number.
            number: u64,
            /// Its name.
            name: &'a [u8],
            /// When it did anything last.
            seen_ms: u64,
        },
        /// A request with a name.
        4 => Asked {
            /// Its number.
            number: u64,
            /// Its name.
            name: &'a [u8],
            /// The deliveries.
            list: Vec<(u64, u32)>,
        },
    }
}

wire_enum! {
    /// A redrive.
    pub enum TaskForm<'a> {
        /// The only form.
        1 => Of {
            /// 0: it runs, 1: it is done, 2: it was ended.
            state: u8,
            /// Its plain numbers.
            numbers: Vec<u64>,
            /// Just these.
            seqs: Option<Vec<u64>>,
            /// Those that died of this.
            reason: Option<Reason>,
            /// To this queue.
            to: Option<&'a [u8]>,
            /// To this partition.
            part: u32,
            /// They count as never having failed.
            reset: bool,
            /// To where they were.
            head: bool,
        },
    }
}

wire_enum! {
    /// A place in line.
    pub enum Place<'a> {
        /// The only form.
        1 => Taken {
            /// Its number.
            place: u64,
            /// The connection that waits.
            origin: Origin,
            /// Which of its requests.
            request: u64,
            /// Until when.
            deadline_ms: Option<u64>,
            /// The numbers of the queues.
            queues: Vec<u64>,
            /// For what.
            want: Want<'a>,
            /// Whether the answer names the queue.
            named: bool,
            /// What it gave already.
            before: Option<Acked>,
        },
    }
}

wire_enum! {
    /// What an ack gave before the wait.
    pub enum Acked {
        /// How many were settled.
        1 => Count {
            /// So many.
            count: i64,
        },
        /// What became of each.
        2 => Each {
            /// In order.
            list: Vec<i64>,
        },
    }
}
