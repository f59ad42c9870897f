//! Listpacks: elements behind each other in one buffer, in the form that Redis gives them
//! and that payloads of DUMP carry.
//!
//! First the length of it all (32 bits, little-endian) and the number of elements (16
//! bits, all ones: not known), at the end a byte of ones. An element is its encoding and,
//! behind it, the length of that in a form that is read backwards. Text that reads as an
//! integer is kept as one. <https://github.com/antirez/listpack/blob/master/listpack.md>

use crate::keys::parse_integer;

/// The length and the number of elements.
pub(super) const HEAD_BYTES: usize = 6;

/// Stands behind the last element.
const END: u8 = 0xFF;

/// The number of elements of those that have too many to say.
const COUNT_UNKNOWN: u16 = u16::MAX;

const TEXT_6_BITS: u8 = 0x80;
const INT_13_BITS: u8 = 0xC0;
const TEXT_12_BITS: u8 = 0xE0;
const TEXT_32_BITS: u8 = 0xF0;
const INT_16_BITS: u8 = 0xF1;
const INT_24_BITS: u8 = 0xF2;
const INT_32_BITS: u8 = 0xF3;
const INT_64_BITS: u8 = 0xF4;

/// The longest text that is tried as an integer.
const INTEGER_BYTES_MAX: usize = 20;

/// An element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::keys) enum Element<'a> {
    Int(i64),
    Text(&'a [u8]),
}

impl Element<'_> {
    pub(in crate::keys) fn to_vec(self) -> Vec<u8> {
        match self {
            Element::Int(number) => number.to_string().into_bytes(),
            Element::Text(text) => text.to_vec(),
        }
    }

    pub(super) fn equals(self, bytes: &[u8]) -> bool {
        match self {
            Element::Int(number) => integer(bytes) == Some(number),
            Element::Text(text) => text == bytes,
        }
    }
}

/// A listpack that grows.
#[derive(Debug)]
pub(super) struct Listpack {
    /// Without the last byte.
    bytes: Vec<u8>,
    count: u16,
}

impl Listpack {
    pub(super) fn new() -> Self {
        Self::with_room(0)
    }

    pub(super) fn with_room(room: usize) -> Self {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + room);
        bytes.resize(HEAD_BYTES, 0);
        Listpack { bytes, count: 0 }
    }

    /// A copy of one that is whole, with room for more.
    pub(super) fn open(whole: &[u8], room: usize) -> Self {
        let mut bytes = Vec::with_capacity(whole.len() + room);
        bytes.extend_from_slice(&whole[..whole.len() - 1]);
        Listpack { bytes, count: u16::from_le_bytes([whole[4], whole[5]]) }
    }

    pub(super) fn push_integer(&mut self, number: i64) {
        let from = self.bytes.len();
        put_integer(&mut self.bytes, number);
        self.end_element(from);
    }

    pub(super) fn push(&mut self, element: &[u8]) {
        let from = self.bytes.len();
        match integer(element) {
            Some(number) => put_integer(&mut self.bytes, number),
            None => put_text(&mut self.bytes, element),
        }
        self.end_element(from);
    }

    /// Puts another number in the place of one.
    pub(super) fn set_integer(&mut self, at: usize, number: i64) {
        let mut encoded = Vec::with_capacity(16);
        put_integer(&mut encoded, number);
        put_length(&mut encoded, 0);
        if let Some((_, end)) = element(&self.bytes, at) {
            self.bytes.splice(at..end, encoded);
        }
    }

    /// What its elements take.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() - HEAD_BYTES
    }

    /// Writes its elements behind those of a whole listpack that has just that much room
    /// more.
    pub(super) fn write_behind(&self, whole: &mut [u8]) {
        let (len, end) = (whole.len(), whole.len() - 1);
        whole[end - self.size()..end].copy_from_slice(&self.bytes[HEAD_BYTES..]);
        whole[end] = END;
        let count = u16::from_le_bytes([whole[4], whole[5]]).saturating_add(self.count);
        whole[..4].copy_from_slice(&(len as u32).to_le_bytes());
        whole[4..HEAD_BYTES].copy_from_slice(&count.to_le_bytes());
    }

    /// The whole bytes.
    pub(super) fn close(mut self) -> Vec<u8> {
        self.bytes.push(END);
        let len = self.bytes.len() as u32;
        self.bytes[..4].copy_from_slice(&len.to_le_bytes());
        self.bytes[4..HEAD_BYTES].copy_from_slice(&self.count.to_le_bytes());
        self.bytes
    }

    fn end_element(&mut self, from: usize) {
        put_length(&mut self.bytes, from);
        self.count = self.count.saturating_add(1);
    }
}

/// What a number takes.
pub(super) fn size_of_integer(number: i64) -> usize {
    let encoded = match number {
        0..128 => 1,
        -4096..4096 => 2,
        -0x8000..0x8000 => 3,
        -0x80_0000..0x80_0000 => 4,
        -0x8000_0000..0x8000_0000 => 5,
        _ => 9,
    };
    encoded + 1
}

/// Writes a number over one that takes as much room.
pub(super) fn overwrite_integer(bytes: &mut [u8], at: usize, number: i64) {
    if let 0..128 = number {
        bytes[at] = number as u8;
    } else {
        let mut encoded = Vec::with_capacity(16);
        put_integer(&mut encoded, number);
        bytes[at..at + encoded.len()].copy_from_slice(&encoded);
    }
}

/// The element that begins here and where the next one does; none at the end.
pub(super) fn element(bytes: &[u8], at: usize) -> Option<(Element<'_>, usize)> {
    let rest = bytes.get(at..)?;
    let first = *rest.first()?;
    let (element, size) = match first {
        0..TEXT_6_BITS => (Element::Int(first.into()), 1),
        TEXT_6_BITS..INT_13_BITS => text(rest, 1, usize::from(first & 0x3F))?,
        INT_13_BITS..TEXT_12_BITS => {
            let high = i64::from(first & 0x1F) << 8 | i64::from(*rest.get(1)?);
            (Element::Int(if high < 1 << 12 { high } else { high - (1 << 13) }), 2)
        }
        TEXT_12_BITS..TEXT_32_BITS => {
            text(rest, 2, usize::from(first & 0x0F) << 8 | usize::from(*rest.get(1)?))?
        }
        TEXT_32_BITS => text(rest, 5, u32::from_le_bytes(array(rest)?) as usize)?,
        INT_16_BITS => (Element::Int(i16::from_le_bytes(array(rest)?).into()), 3),
        INT_24_BITS => {
            let [low, middle, high] = array(rest)?;
            (Element::Int((i32::from_le_bytes([0, low, middle, high]) >> 8).into()), 4)
        }
        INT_32_BITS => (Element::Int(i32::from_le_bytes(array(rest)?).into()), 5),
        INT_64_BITS => (Element::Int(i64::from_le_bytes(array(rest)?)), 9),
        _ => return None,
    };
    Some((element, at + size + length_bytes(size)))
}

/// The elements of a listpack, if it is one.
pub(in crate::keys) fn elements(bytes: &[u8]) -> Option<impl Iterator<Item = Element<'_>>> {
    let (mut at, end) = (HEAD_BYTES, checked(bytes)?);
    Some(std::iter::from_fn(move || {
        let (found, next) = element(&bytes[..end], at)?;
        at = next;
        Some(found)
    }))
}

/// Where the elements of a listpack end, if it is one: all lengths are as they must be.
pub(super) fn checked(bytes: &[u8]) -> Option<usize> {
    let (head, last) = (bytes.get(..HEAD_BYTES)?, bytes.last()?);
    let len = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    let said = u16::from_le_bytes([head[4], head[5]]);
    let end = bytes.len().checked_sub(1).filter(|end| *end >= HEAD_BYTES)?;
    let (mut at, mut count) = (HEAD_BYTES, 0_usize);
    while at < end {
        let (_, next) = element(&bytes[..end], at)?;
        let mut length = Vec::with_capacity(5);
        put_backwards(&mut length, size_of_element(at, next)?);
        if !bytes.get(at..next.min(end))?.ends_with(&length) {
            return None;
        }
        (at, count) = (next, count + 1);
    }
    let counted = said == COUNT_UNKNOWN || usize::from(said) == count;
    (len as usize == bytes.len() && *last == END && at == end && counted).then_some(end)
}

/// How long the encoding of an element is that takes all from `at` to `next`.
fn size_of_element(at: usize, next: usize) -> Option<usize> {
    (1..=5)
        .map(|length| (next - at).checked_sub(length))
        .find_map(|size| size.filter(|size| size + length_bytes(*size) == next - at))
}

/// The integer that a text reads as.
fn integer(text: &[u8]) -> Option<i64> {
    (text.len() <= INTEGER_BYTES_MAX).then(|| parse_integer(text)).flatten()
}

fn array<const N: usize>(rest: &[u8]) -> Option<[u8; N]> {
    rest.get(1..=N)?.try_into().ok()
}

fn text(rest: &[u8], head: usize, len: usize) -> Option<(Element<'_>, usize)> {
    let size = head.checked_add(len)?;
    Some((Element::Text(rest.get(head..size)?), size))
}

fn put_integer(out: &mut Vec<u8>, number: i64) {
    let bytes = number.to_le_bytes();
    match number {
        0..128 => out.push(bytes[0]),
        -4096..4096 => out.extend([INT_13_BITS | (bytes[1] & 0x1F), bytes[0]]),
        -0x8000..0x8000 => {
            out.push(INT_16_BITS);
            out.extend(&bytes[..2]);
        }
        -0x80_0000..0x80_0000 => {
            out.push(INT_24_BITS);
            out.extend(&bytes[..3]);
        }
        -0x8000_0000..0x8000_0000 => {
            out.push(INT_32_BITS);
            out.extend(&bytes[..4]);
        }
        _ => {
            out.push(INT_64_BITS);
            out.extend(&bytes);
        }
    }
}

fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    let len = text.len();
    match len {
        0..64 => out.push(TEXT_6_BITS | len as u8),
        64..4096 => out.extend([TEXT_12_BITS | (len >> 8) as u8, len as u8]),
        _ => {
            out.push(TEXT_32_BITS);
            out.extend((len as u32).to_le_bytes());
        }
    }
    out.extend_from_slice(text);
}

/// Ends an encoding that begins at `from` with its length.
fn put_length(out: &mut Vec<u8>, from: usize) {
    let size = out.len() - from;
    put_backwards(out, size);
}

/// Seven bits in each byte, the highest ones first; those behind the first have their
/// highest bit set.
fn put_backwards(out: &mut Vec<u8>, size: usize) {
    for place in (0..length_bytes(size)).rev() {
        let mark = if place + 1 == length_bytes(size) { 0 } else { 0x80 };
        out.push((size >> (7 * place)) as u8 & 0x7F | mark);
    }
}

/// How many bytes the length of an encoding takes. The borders are those of Redis, one
/// below what would fit.
fn length_bytes(size: usize) -> usize {
    match size {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<Vec<u8>> {
        let (mut at, mut found) = (HEAD_BYTES, Vec::new());
        while let Some((element, next)) = element(bytes, at) {
            found.push(element.to_vec());
            at = next;
        }
        found
    }

    #[test]
    fn elements_of_all_sizes_come_back() {
        let numbers = [0, 127, 128, -1, 4095, -4096, 4096, 32_767, -32_768, 32_768, 8_388_607];
        let more = [-8_388_608, 8_388_608, i64::from(i32::MAX), i64::from(i32::MIN), 1 << 31];
        let last = [i64::MAX, i64::MIN];
        let mut wanted: Vec<Vec<u8>> =
            numbers.iter().chain(&more).chain(&last).map(|n| n.to_string().into_bytes()).collect();
        for len in [0, 1, 63, 64, 125, 126, 127, 4095, 4096, 16_377, 16_378, 16_379, 70_000] {
            wanted.push(vec![b'x'; len]);
        }
        wanted.extend([b"-0".to_vec(), b"007".to_vec(), b"9223372036854775808".to_vec()]);
        let mut list = Listpack::new();
        wanted.iter().for_each(|element| list.push(element));
        let bytes = list.close();
        assert_eq!(all(&bytes), wanted);
        assert_eq!(checked(&bytes), Some(bytes.len() - 1));
        let mut list = Listpack::open(&bytes, 10);
        list.push(b"one more");
        list.set_integer(HEAD_BYTES, -70_000);
        wanted.push(b"one more".to_vec());
        wanted[0] = b"-70000".to_vec();
        let bytes = list.close();
        assert_eq!((all(&bytes), checked(&bytes).is_some()), (wanted, true));
    }

    #[test]
    fn the_bytes_are_those_of_redis() {
        let mut list = Listpack::new();
        list.push(b"1");
        list.push(b"ab");
        list.push_integer(-1);
        let bytes = [18, 0, 0, 0, 3, 0, 1, 1, 0x82, b'a', b'b', 3, 0xDF, 0xFF, 2, 0xFF];
        let mut whole = bytes.to_vec();
        whole[0] = bytes.len() as u8;
        assert_eq!(list.close(), whole);
    }

    #[test]
    fn what_is_damaged_is_no_listpack() {
        let mut list = Listpack::new();
        for text in [&b"text"[..], b"12345", &[b'l'; 200]] {
            list.push(text);
        }
        let bytes = list.close();
        for at in 0..bytes.len() {
            assert_eq!(checked(&bytes[..at]), None);
        }
        // The length, the number of elements, the end, the length of an element.
        for at in [0, 3, 4, 5, 6, 11, bytes.len() - 1, bytes.len() - 2] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(checked(&damaged), None, "{at}");
        }
    }
}
