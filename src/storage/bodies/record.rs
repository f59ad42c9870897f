//! The byte form of bodies in the database.
//!
//! Bodies that stand beside each other share a record, which costs a fraction of
//! what one of their own each would. The key of a record is the number of its
//! queue, of its block of 16 messages, which of these it holds, and a part; numbers
//! are big-endian, so that records stand in the order of messages. A body that is
//! too large for a record is cut into parts. Every body has a checksum over its
//! name and its bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{BODY_BYTES_MAX, BodyId};

/// So many messages are a block.
const BLOCK: u64 = 16;
/// A record of several bodies holds so much at most, a part of a large one as well:
/// 16 of them are a leaf, which must stay inside a segment.
const RECORD_BYTES_MAX: usize = 8 << 10;
pub(super) const KEY_BYTES: usize = 20;
pub(super) const PREFIX_BYTES: usize = 16;

const SHARED: u8 = 0;
const PART: u8 = 1;

/// Which block of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Block {
    queue: u64,
    number: u64,
}

/// The key of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) block: Block,
    /// A bit for each message of the block that it holds.
    pub(super) holds: u16,
    part: u16,
}

/// One record.
pub(super) type Entry = ([u8; KEY_BYTES], Vec<u8>);

impl Block {
    pub(super) fn of(id: BodyId) -> Block {
        Block { queue: id.queue, number: id.seq / BLOCK }
    }

    /// What the keys of all its records begin with.
    pub(super) fn prefix(self) -> [u8; PREFIX_BYTES] {
        let mut bytes = [0; PREFIX_BYTES];
        bytes[..8].copy_from_slice(&self.queue.to_be_bytes());
        bytes[8..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// The names of these messages of it.
    pub(super) fn ids(self, which: u16) -> impl Iterator<Item = BodyId> {
        let first = self.number.saturating_mul(BLOCK);
        let bits = (0..BLOCK).filter(move |bit| which & (1 << bit) != 0);
        bits.map(move |bit| BodyId { queue: self.queue, seq: first.saturating_add(bit) })
    }
}

/// The bit of a message in its block.
pub(super) fn bit(id: BodyId) -> u16 {
    1 << (id.seq % BLOCK)
}

impl Key {
    fn to_bytes(self) -> [u8; KEY_BYTES] {
        let mut bytes = [0; KEY_BYTES];
        bytes[..PREFIX_BYTES].copy_from_slice(&self.block.prefix());
        bytes[16..18].copy_from_slice(&self.holds.to_be_bytes());
        bytes[18..].copy_from_slice(&self.part.to_be_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Key> {
        let bytes: &[u8; KEY_BYTES] = bytes.try_into().ok()?;
        let long = |at: usize| Some(u64::from_be_bytes(*bytes[at..].first_chunk()?));
        let short = |at: usize| Some(u16::from_be_bytes(*bytes[at..].first_chunk()?));
        let block = Block { queue: long(0)?, number: long(8)? };
        let key = Key { block, holds: short(16)?, part: short(18)? };
        (key.holds != 0).then_some(key)
    }
}

/// The records of bodies, all of one block; the names in order and each once.
pub(super) fn pack(block: Block, bodies: &BTreeMap<BodyId, Arc<[u8]>>) -> Vec<Entry> {
    let mut records = Vec::new();
    let mut together: Vec<(BodyId, &Arc<[u8]>)> = Vec::new();
    let mut bytes = 0;
    for (id, body) in bodies {
        if body.len() > RECORD_BYTES_MAX {
            cut(block, *id, body, &mut records);
            continue;
        }
        if bytes + body.len() > RECORD_BYTES_MAX {
            records.extend(share(block, &together));
            together.clear();
            bytes = 0;
        }
        bytes += body.len();
        together.push((*id, body));
    }
    records.extend(share(block, &together));
    records
}

fn share(block: Block, bodies: &[(BodyId, &Arc<[u8]>)]) -> Option<Entry> {
    let holds = bodies.iter().fold(0, |holds, (id, _)| holds | bit(*id));
    if holds == 0 {
        return None;
    }
    let total: usize = bodies.iter().map(|(_, body)| body.len() + 8).sum();
    let mut value = Vec::with_capacity(total + 1);
    value.push(SHARED);
    for (id, body) in bodies {
        value.extend_from_slice(&(body.len() as u32).to_le_bytes());
        value.extend_from_slice(&check(*id, &[], body).to_le_bytes());
    }
    for (_, body) in bodies {
        value.extend_from_slice(body);
    }
    Some((Key { block, holds, part: 0 }.to_bytes(), value))
}

fn cut(block: Block, id: BodyId, body: &[u8], records: &mut Vec<Entry>) {
    let parts = body.len().div_ceil(RECORD_BYTES_MAX) as u16;
    for (part, piece) in (0..parts).zip(body.chunks(RECORD_BYTES_MAX)) {
        let place = place(part, parts);
        let mut value = Vec::with_capacity(piece.len() + 9);
        value.push(PART);
        value.extend_from_slice(&place);
        value.extend_from_slice(&check(id, &place, piece).to_le_bytes());
        value.extend_from_slice(piece);
        records.push((Key { block, holds: bit(id), part }.to_bytes(), value));
    }
}

fn place(part: u16, parts: u16) -> [u8; 4] {
    let [a, b] = part.to_le_bytes();
    let [c, d] = parts.to_le_bytes();
    [a, b, c, d]
}

/// The checksum of some bytes of a body, which says whose they are.
fn check(id: BodyId, place: &[u8], bytes: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&id.queue.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, &id.seq.to_le_bytes());
    crc32c::crc32c_append(crc32c::crc32c_append(crc, place), bytes)
}

/// Takes the bodies of a block out of its records, which come in their order.
#[derive(Debug)]
pub(super) struct Unpacking {
    block: Block,
    /// Those that are asked for.
    wanted: u16,
    found: BTreeMap<BodyId, Arc<[u8]>>,
    /// The body whose parts come, as far as they are here.
    half: Option<(BodyId, u16, Vec<u8>)>,
}

impl Unpacking {
    pub(super) fn new(block: Block, wanted: u16) -> Unpacking {
        Unpacking { block, wanted, found: BTreeMap::new(), half: None }
    }

    /// What the keys of the records begin with.
    pub(super) fn prefix(&self) -> [u8; PREFIX_BYTES] {
        self.block.prefix()
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn add(&mut self, key: Key, value: &[u8]) -> Result<(), &'static str> {
        if key.holds & self.wanted == 0 {
            return Ok(());
        }
        match value.split_first() {
            Some((&SHARED, rest)) => self.add_shared(key, rest),
            Some((&PART, rest)) => self.add_part(key, rest),
            _ => Err("a record is of no known kind"),
        }
    }

    fn add_shared(&mut self, key: Key, rest: &[u8]) -> Result<(), &'static str> {
        const SHORT: &str = "a record ends too early";
        let heads = key.holds.count_ones() as usize * 8;
        let (mut heads, mut bodies) = rest.split_at_checked(heads).ok_or(SHORT)?;
        for id in self.block.ids(key.holds) {
            let (len, after) = word(heads).ok_or(SHORT)?;
            let (crc, after) = word(after).ok_or(SHORT)?;
            heads = after;
            let (body, after) = bodies.split_at_checked(len as usize).ok_or(SHORT)?;
            bodies = after;
            if self.wanted & bit(id) == 0 {
                continue;
            }
            if crc != check(id, &[], body) {
                return Err("a body does not match its checksum");
            }
            self.found.insert(id, body.into());
        }
        if bodies.is_empty() { Ok(()) } else { Err("a record is too long") }
    }

    fn add_part(&mut self, key: Key, rest: &[u8]) -> Result<(), &'static str> {
        let id = self.block.ids(key.holds).next().ok_or("a part of no body")?;
        let (given, after) = rest.split_first_chunk::<4>().ok_or("a part ends too early")?;
        let (crc, piece) = word(after).ok_or("a part ends too early")?;
        let [_, _, c, d] = *given;
        let parts = u16::from_le_bytes([c, d]);
        if *given != place(key.part, parts) || crc != check(id, given, piece) {
            return Err("a part of a body does not match its checksum");
        }
        let (next, mut bytes) = match self.half.take() {
            Some((half, next, bytes)) if half == id => (next, bytes),
            Some(_) => return Err("a part of a body is missing"),
            None => (0, Vec::new()),
        };
        if next != key.part || bytes.len() + piece.len() > BODY_BYTES_MAX {
            return Err("a part of a body is missing");
        }
        bytes.extend_from_slice(piece);
        if next + 1 == parts {
            self.found.insert(id, bytes.into());
        } else {
            self.half = Some((id, next + 1, bytes));
        }
        Ok(())
    }

    /// The bodies that were asked for and are there.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn finish(self) -> Result<BTreeMap<BodyId, Arc<[u8]>>, &'static str> {
        match self.half {
            None => Ok(self.found),
            Some(_) => Err("the end of a body is missing"),
        }
    }
}

fn word(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = bytes.split_first_chunk::<4>()?;
    Some((u32::from_le_bytes(*word), rest))
}
