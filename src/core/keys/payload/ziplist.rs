//! What RDB files of before Redis 7 hold small values in: ziplists and zipmaps.
//!
//! A ziplist: the length of it all, the place of the last entry (32 bits each), the number
//! of entries (16 bits, all ones: not known), the entries, a byte of ones. An entry: the
//! length of the one before, its encoding, its bytes. Source: the Redis RDB format.

use super::super::store::Element;

const END: u8 = 0xFF;
/// The lengths, the place of the last entry, the number of entries.
const HEAD_BYTES: usize = 10;
/// The number of entries of those that have too many to say.
const COUNT_UNKNOWN: u16 = u16::MAX;
/// A length of four bytes follows.
const LONG: u8 = 0xFE;

/// The entries of a ziplist, if it is one: all lengths are as they must be.
pub(super) fn elements(bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let head = bytes.get(..HEAD_BYTES)?;
    let (len, last) = (number(&head[..4])?, number(&head[4..8])?);
    let said = u16::from_le_bytes(head[8..].try_into().ok()?);
    let mut rest = bytes.get(HEAD_BYTES..)?;
    let (mut found, mut before, mut begun) = (Vec::new(), 0, HEAD_BYTES);
    while rest != [END] {
        begun = bytes.len() - rest.len();
        let (length, behind) = length(rest)?;
        let (element, behind) = entry(behind)?;
        if length != before {
            return None;
        }
        before = rest.len() - behind.len();
        found.push(element);
        rest = behind;
    }
    let counted = said == COUNT_UNKNOWN || usize::from(said) == found.len();
    (len == bytes.len() && last == begun && counted).then_some(found)
}

/// The keys and values of a zipmap in turn, if it is one.
pub(super) fn pairs(bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let (_count, mut rest) = bytes.split_first()?;
    let mut found = Vec::new();
    while rest != [END] {
        let (key, behind) = text(rest, 0)?;
        let (value, behind) = text(behind, 1)?;
        found.extend([key, value]);
        rest = behind;
    }
    Some(found)
}

/// A text of a zipmap: its length, if it is a value the length of what is not used behind
/// it, and its bytes.
fn text(bytes: &[u8], extra: usize) -> Option<(Element<'_>, &[u8])> {
    let (len, rest) = length(bytes)?;
    let (free, rest) = rest.split_at_checked(extra)?;
    let (text, rest) = rest.split_at_checked(len)?;
    let free = free.first().copied().unwrap_or(0);
    Some((Element::Text(text), rest.get(usize::from(free)..)?))
}

/// A length in one byte, or in five.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    match bytes.split_first()? {
        (&END, _) => None,
        (&LONG, rest) => {
            let (len, rest) = rest.split_at_checked(4)?;
            Some((number(len)?, rest))
        }
        (len, rest) => Some((usize::from(*len), rest)),
    }
}

/// The entry at the front, without the length of the one before.
fn entry(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (head, len) = match first >> 6 {
        0 => (1, usize::from(first & 0x3F)),
        1 => (2, usize::from(first & 0x3F) << 8 | usize::from(*rest.first()?)),
        2 => (5, u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize),
        _ => return integer(*first, rest),
    };
    let (text, rest) = bytes.get(head..)?.split_at_checked(len)?;
    Some((Element::Text(text), rest))
}

fn integer(encoding: u8, rest: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let size = match encoding {
        0xC0 => 2,
        0xD0 => 4,
        0xE0 => 8,
        0xF0 => 3,
        0xFE => 1,
        0xF1..=0xFD => return Some((Element::Int(i64::from(encoding & 0x0F) - 1), rest)),
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(size)?;
    let mut wide = [0; 8];
    wide[8 - size..].copy_from_slice(bytes);
    Some((Element::Int(i64::from_le_bytes(wide) >> (64 - 8 * size)), rest))
}

fn number(bytes: &[u8]) -> Option<usize> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?) as usize)
}
