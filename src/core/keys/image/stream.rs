//! Streams in an image: what is known of the whole, then records: its blocks, and each
//! group followed by its consumers and by what is pending.

use crate::keys::store::{Block, Consumer, ConsumerGroup, Pending, Stream};
use crate::keys::streams::Id;
use crate::wire::{Malformed, Wire};

const BLOCK: u8 = 0;
const GROUP: u8 = 1;
const CONSUMER: u8 = 2;
const PENDING: u8 = 3;

/// Records, as far as they fit.
struct Records {
    bytes: Vec<u8>,
    bytes_max: usize,
    /// The number of the next one.
    next: usize,
}

pub(super) fn put_head(out: &mut Vec<u8>, stream: &Stream) {
    stream.last_id.put(out);
    stream.max_deleted.put(out);
    stream.added.put(out);
}

pub(super) fn take_head(input: &mut &[u8]) -> Result<Stream, Malformed> {
    let mut stream = Stream::default();
    stream.last_id = Id::take(input)?;
    stream.max_deleted = Id::take(input)?;
    stream.added = u64::take(input)?;
    Ok(stream)
}

/// Writes how many records follow, and those from the one with the number `from` on as
/// far as there is room. Gives the number of the first that is left, 0 for none.
pub(super) fn put_records(
    out: &mut Vec<u8>,
    stream: &Stream,
    from: usize,
    bytes_max: usize,
) -> usize {
    let bytes_max = bytes_max.saturating_sub(out.len());
    let mut records = Records { bytes: Vec::new(), bytes_max, next: from };
    for block in stream.blocks_from(from) {
        records.put(|out| {
            BLOCK.put(out);
            block.id.put(out);
            block.bytes.put(out);
        });
        if records.are_full() {
            break;
        }
    }
    let mut before = stream.block_count();
    for (name, group) in stream.groups() {
        if !records.are_full() && records.next >= before {
            records.put_group(name, group, before);
        }
        before += group_records(group);
    }
    (records.next - from).put(out);
    out.extend_from_slice(&records.bytes);
    if records.next < before { records.next } else { 0 }
}

impl Records {
    /// One at least is always written.
    fn are_full(&self) -> bool {
        self.bytes.len() >= self.bytes_max && !self.bytes.is_empty()
    }

    fn put(&mut self, put: impl FnOnce(&mut Vec<u8>)) {
        put(&mut self.bytes);
        self.next += 1;
    }

    /// What is left of a group whose own record has the number `before`.
    fn put_group(&mut self, name: &[u8], group: &ConsumerGroup, before: usize) {
        if self.next == before {
            self.put(|out| put_group(out, name, group));
        }
        let consumers = before + 1;
        if self.next >= consumers {
            for one in group.consumers_from(self.next - consumers) {
                if self.are_full() {
                    return;
                }
                self.put(|out| put_consumer(out, one));
            }
        }
        let pending = consumers + group.consumer_count();
        if self.next >= pending {
            for one in group.pending_from(self.next - pending) {
                if self.are_full() {
                    return;
                }
                self.put(|out| put_pending(out, one));
            }
        }
    }
}

fn group_records(group: &ConsumerGroup) -> usize {
    1 + group.consumer_count() + group.pending_count()
}

fn put_group(out: &mut Vec<u8>, name: &[u8], group: &ConsumerGroup) {
    GROUP.put(out);
    name.put(out);
    group.last_id.put(out);
    group.read.put(out);
    group.next().put(out);
}

fn put_consumer(out: &mut Vec<u8>, one: Consumer<'_>) {
    CONSUMER.put(out);
    one.name.put(out);
    one.number.put(out);
    one.seen_ms.put(out);
}

fn put_pending(out: &mut Vec<u8>, one: Pending) {
    PENDING.put(out);
    one.id.put(out);
    one.consumer.put(out);
    one.given_ms.put(out);
    one.count.put(out);
}

/// Reads so many records behind those that a stream has.
pub(super) fn take_records(
    input: &mut &[u8],
    stream: &mut Stream,
    count: usize,
) -> Result<(), Malformed> {
    for _ in 0..count {
        let fits = match u8::take(input)? {
            BLOCK => {
                let block = Block { id: Id::take(input)?, bytes: <&[u8]>::take(input)? };
                stream.groups().len() == 0
                    && stream.push_block(block)
                    && stream.last() <= stream.last_id
            }
            GROUP => take_group(input, stream)?,
            CONSUMER => {
                let name = <&[u8]>::take(input)?;
                let (number, seen_ms) = (u64::take(input)?, u64::take(input)?);
                let one = Consumer { name, number, seen_ms, pending: 0 };
                stream.edit_last_group(|group| group.push_consumer(one)).unwrap_or(false)
            }
            PENDING => take_pending(input, stream)?,
            _ => false,
        };
        if !fits {
            return Err(Malformed);
        }
    }
    Ok(())
}

fn take_group(input: &mut &[u8], stream: &mut Stream) -> Result<bool, Malformed> {
    let name = <&[u8]>::take(input)?;
    let (last_id, read) = (Id::take(input)?, <Option<i64> as Wire>::take(input)?);
    let mut group = ConsumerGroup::new(last_id, read);
    group.set_next(u64::take(input)?);
    let behind = stream.groups().last().is_none_or(|(before, _)| before < name);
    Ok(behind && stream.add_group(name, group))
}

fn take_pending(input: &mut &[u8], stream: &mut Stream) -> Result<bool, Malformed> {
    let (id, consumer) = (Id::take(input)?, u64::take(input)?);
    let (given_ms, count) = (u64::take(input)?, i64::take(input)?);
    let put = |group: &mut ConsumerGroup| {
        let behind = group.last_pending().is_none_or(|before| before.id < id);
        let fits = behind && group.numbered(consumer).is_some();
        if fits {
            group.give(Pending { id, consumer, given_ms, count });
        }
        fits
    };
    Ok(stream.edit_last_group(put).unwrap_or(false))
}
