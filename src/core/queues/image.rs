//! The queues as bytes: snapshots and digests.

use std::sync::Arc;

use super::message::{Consumer, Message, State, Want};
use super::queue::{Counts, Queue};
use super::table::Table;
use super::{BODY_BYTES_MAX, CONSUMERS_MAX};
use crate::image::paged::Page;
use crate::image::{CHUNK_BYTES, Name, Named, Paged, digest, pack};
use crate::lives::Lives;
use crate::wire::{Malformed, Wire};
use crate::{Origin, wire_enum};

wire_enum! {
    /// A piece of the table.
    pub enum Record<'a> {
        /// What there is once; always the first.
        1 => Head {
            /// Where a new queue begins to count.
            first_seq: u64,
            /// The newest life of each node.
            lives: Vec<Origin>,
        },
        /// A queue.
        2 => Begin {
            /// Its name.
            name: &'a [u8],
            /// The number of its next message.
            next_seq: u64,
            /// What happened in it, in the order of `numbers`.
            counts: Vec<u64>,
        },
        /// Some of the messages of a queue that stands before, in order.
        3 => Messages {
            /// The queue.
            name: &'a [u8],
            /// The messages.
            list: Vec<Kept<'a>>,
        },
        /// Some of the consumers that wait for a queue that stands before, in
        /// order.
        4 => Line {
            /// The queue.
            name: &'a [u8],
            /// The consumers.
            list: Vec<Place>,
        },
    }
}

wire_enum! {
    /// A message.
    pub enum Kept<'a> {
        /// One that is ready.
        1 => Ready {
            /// Number, deliveries, failures and time of push.
            id: Id,
            /// The body.
            body: &'a [u8],
        },
        /// One that is delayed.
        2 => Delayed {
            /// Number, deliveries, failures and time of push.
            id: Id,
            /// Until when.
            until_ms: u64,
            /// The body.
            body: &'a [u8],
        },
        /// One that is in flight.
        3 => Inflight {
            /// Number, deliveries, failures and time of push.
            id: Id,
            /// Since when.
            since_ms: u64,
            /// Until when.
            until_ms: u64,
            /// The body.
            body: &'a [u8],
        },
        /// One that is dead.
        4 => Dead {
            /// Number, deliveries, failures and time of push.
            id: Id,
            /// The body.
            body: &'a [u8],
        },
    }
}

/// Number, deliveries, failures and time of push.
type Id = ((u64, u32), (u32, u64));

wire_enum! {
    /// A place in a line.
    pub enum Place {
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
            /// For how many messages.
            count: Option<u64>,
            /// Under which lease.
            lease_ms: Option<u64>,
            /// Whether they are settled right away.
            settle: bool,
        },
    }
}

/// The queues as they were at one moment.
#[derive(Debug)]
pub struct Frozen {
    queues: Named<Queue>,
    first_seq: u64,
    lives: Lives,
}

impl Table {
    /// The queues as they are now, for a snapshot. Cheap: what is not changed
    /// afterwards is shared.
    pub fn freeze(&self) -> Frozen {
        Frozen { queues: self.queues.clone(), first_seq: self.first_seq, lives: self.lives.clone() }
    }

    /// A digest of the state: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        digest(self.freeze().records())
    }

    /// Adds what a chunk of a snapshot holds. The chunks come in order, into a
    /// new table.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn restore(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        while !chunk.is_empty() {
            match Record::take(&mut chunk)? {
                Record::Head { first_seq, lives } => self.restore_head(first_seq, lives)?,
                Record::Begin { name, next_seq, counts } => {
                    self.restore_queue(name.into(), next_seq, &counts)?;
                }
                Record::Messages { name, list } => {
                    let name = self.queues.shared_name(name).ok_or(Malformed)?;
                    list.iter().try_for_each(|kept| self.restore_message(&name, kept))?;
                }
                Record::Line { name, list } => {
                    let name = self.queues.shared_name(name).ok_or(Malformed)?;
                    list.iter().try_for_each(|place| self.restore_consumer(&name, place))?;
                }
            }
        }
        Ok(())
    }

    fn restore_head(&mut self, first_seq: u64, lives: Vec<Origin>) -> Result<(), Malformed> {
        if !(1..NUMBER_MAX).contains(&first_seq) {
            return Err(Malformed);
        }
        self.first_seq = first_seq;
        lives.into_iter().for_each(|floor| self.lives.begin(floor));
        Ok(())
    }

    fn restore_queue(
        &mut self,
        name: Name,
        next_seq: u64,
        counts: &[u64],
    ) -> Result<(), Malformed> {
        let plain = counts.iter().all(|number| *number < NUMBER_MAX);
        if !plain || next_seq >= NUMBER_MAX || self.queues.get(&name).is_some() {
            return Err(Malformed);
        }
        let counts = from_numbers(counts).ok_or(Malformed)?;
        self.queues.insert(name, Queue { counts, ..Queue::new(next_seq) });
        Ok(())
    }

    fn restore_message(&mut self, name: &Name, kept: &Kept<'_>) -> Result<(), Malformed> {
        let (((seq, attempts), (fails, pushed_ms)), state, body) = match *kept {
            Kept::Ready { id, body } => (id, State::Ready, body),
            Kept::Delayed { id, until_ms, body } => (id, State::Delayed { until_ms }, body),
            Kept::Inflight { id, since_ms, until_ms, body } => {
                (id, State::Inflight { since_ms, until_ms }, body)
            }
            Kept::Dead { id, body } => (id, State::Dead, body),
        };
        let mut desk = self.desk(name);
        let new = desk.queue.messages.last_number().is_none_or(|last| last < seq);
        if !new || seq >= desk.queue.next_seq || body.len() > BODY_BYTES_MAX {
            return Err(Malformed);
        }
        desk.queue.counts.pushed += 1;
        desk.add(seq, Message { body: body.into(), state, attempts, fails, pushed_ms });
        Ok(())
    }

    fn restore_consumer(&mut self, name: &Name, place: &Place) -> Result<(), Malformed> {
        let Place::Taken { place, origin, request, deadline_ms, count, lease_ms, settle } = *place;
        let new = self.index.place_of(name, origin, request).is_none();
        let mut desk = self.desk(name);
        let in_order = (desk.queue.next_place()..NUMBER_MAX).contains(&place);
        if !new || !in_order || desk.queue.line.len() >= CONSUMERS_MAX {
            return Err(Malformed);
        }
        let want = Want { count, lease_ms, settle };
        desk.enqueue(place, Consumer { origin, request, deadline_ms, want });
        Ok(())
    }
}

/// No count grows so large; whatever is added to one stays in range.
const NUMBER_MAX: u64 = 1 << 56;

impl Frozen {
    /// The chunks of the snapshot, in order.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        pack(self.records())
    }

    fn records(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let head = Record::Head { first_seq: self.first_seq, lives: self.lives.list() };
        let queues = self.queues.into_entries();
        let queues = queues.flat_map(|(name, queue)| {
            let begin = Record::Begin {
                name: &name,
                next_seq: queue.next_seq,
                counts: numbers(&queue.counts),
            };
            let begin = std::iter::once(bytes(&begin));
            begin.chain(messages(name.clone(), queue.messages)).chain(lines(name, queue.line))
        });
        std::iter::once(bytes(&head)).chain(queues)
    }
}

/// All counts but `pushed`, which is the sum of where the messages went and of
/// those that are kept.
fn numbers(counts: &Counts) -> Vec<u64> {
    vec![
        counts.delivered,
        counts.redelivered,
        counts.acked,
        counts.unacked,
        counts.nacked,
        counts.expired,
        counts.died,
        counts.purged,
        counts.late_acks,
        counts.stale_acks,
    ]
}

/// The counts of a queue none of whose messages has been read yet.
fn from_numbers(numbers: &[u64]) -> Option<Counts> {
    let &[
        delivered,
        redelivered,
        acked,
        unacked,
        nacked,
        expired,
        died,
        purged,
        late_acks,
        stale_acks,
    ] = numbers
    else {
        return None;
    };
    let pushed = acked + unacked + purged;
    Some(Counts {
        pushed,
        delivered,
        redelivered,
        acked,
        unacked,
        nacked,
        expired,
        died,
        purged,
        late_acks,
        stale_acks,
    })
}

fn messages(name: Name, messages: Paged<Message>) -> impl Iterator<Item = Vec<u8>> {
    messages.into_pages().flat_map(move |(base, page)| page_records(name.clone(), base, page))
}

/// The messages of a page in as many records as their size asks for.
fn page_records(name: Name, base: u64, page: Arc<Page<Message>>) -> impl Iterator<Item = Vec<u8>> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let mut size = 0;
        let list = page.iter().skip(done).take_while(|(_, message)| {
            let room = size < CHUNK_BYTES;
            size += message.body.len();
            room
        });
        let list: Vec<Kept<'_>> = list.map(|(slot, message)| kept(base + slot, message)).collect();
        done += list.len();
        (!list.is_empty()).then(|| bytes(&Record::Messages { name: &name, list }))
    })
}

fn kept(seq: u64, message: &Message) -> Kept<'_> {
    let id = ((seq, message.attempts), (message.fails, message.pushed_ms));
    let body = &*message.body;
    match message.state {
        State::Ready => Kept::Ready { id, body },
        State::Delayed { until_ms } => Kept::Delayed { id, until_ms, body },
        State::Inflight { since_ms, until_ms } => Kept::Inflight { id, since_ms, until_ms, body },
        State::Dead => Kept::Dead { id, body },
    }
}

/// One record for each page of the line.
fn lines(name: Name, line: Paged<Consumer>) -> impl Iterator<Item = Vec<u8>> {
    line.into_pages().map(move |(base, page)| {
        let list = page.iter().map(|(slot, consumer)| {
            let Consumer { origin, request, deadline_ms, want } = *consumer;
            let Want { count, lease_ms, settle } = want;
            let place = base + slot;
            Place::Taken { place, origin, request, deadline_ms, count, lease_ms, settle }
        });
        bytes(&Record::Line { name: &name, list: list.collect() })
    })
}

fn bytes(record: &Record<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    record.put(&mut out);
    out
}
