//! The pieces of RDB files: lengths, strings and the checksum. Payloads of DUMP and of
//! FUNCTION DUMP are made of them, and files that are imported.

pub mod crc64;
mod lzf;

use crate::keys::{STRING_BYTES_MAX, parse_integer};
use crate::wire::take_bytes;

pub use lzf::unpack;

/// The version of Redis 7.0, which is written.
const VERSION: u16 = 10;

/// The version of Redis 7.4, the last one that is read.
pub const VERSION_MAX: u16 = 12;

/// Version and checksum.
const FOOTER_BYTES: usize = 10;

/// The longest text that is tried as an integer.
const INTEGER_BYTES_MAX: usize = 11;

/// What the two highest bits of a length's first byte say.
const LEN_6_BITS: u8 = 0;
const LEN_14_BITS: u8 = 1;
const LEN_ENCODED: u8 = 3;
/// Whole first bytes.
const LEN_32_BITS: u8 = 0x80;
const LEN_64_BITS: u8 = 0x81;

/// In place of a length: a string that is an integer of 8 bits.
pub const INT_8: u8 = 0;
/// Of 16 bits.
pub const INT_16: u8 = 1;
/// Of 32 bits.
pub const INT_32: u8 = 2;
/// A string that is compressed: its length so, its length, its bytes.
pub const LZF: u8 = 3;

/// Closes a payload: its version, and a checksum of all.
pub fn seal(payload: &mut Vec<u8>) {
    payload.extend_from_slice(&VERSION.to_le_bytes());
    let checksum = crc64::checksum(payload);
    payload.extend_from_slice(&checksum.to_le_bytes());
}

/// The payload without its footer; none: it is damaged, or of a later version.
pub fn verified(payload: &[u8]) -> Option<&[u8]> {
    let (body, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER_BYTES)?)?;
    let (version, checksum) = footer.split_first_chunk::<2>()?;
    let checked = &payload[..payload.len() - size_of::<u64>()];
    let fits = u16::from_le_bytes(*version) <= VERSION_MAX
        && crc64::checksum(checked).to_le_bytes()[..] == *checksum;
    fits.then_some(body)
}

/// Writes a string: as an integer if it is the text of a small one.
pub fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    let small = (bytes.len() <= INTEGER_BYTES_MAX).then(|| parse_integer(bytes)).flatten();
    match small.and_then(|number| i32::try_from(number).ok()) {
        Some(number) => put_integer(out, number),
        None => {
            put_len(out, bytes.len() as u64);
            out.extend_from_slice(bytes);
        }
    }
}

fn put_integer(out: &mut Vec<u8>, number: i32) {
    if let Ok(small) = i8::try_from(number) {
        out.extend_from_slice(&[LEN_ENCODED << 6 | INT_8, small as u8]);
    } else if let Ok(small) = i16::try_from(number) {
        out.push(LEN_ENCODED << 6 | INT_16);
        out.extend_from_slice(&small.to_le_bytes());
    } else {
        out.push(LEN_ENCODED << 6 | INT_32);
        out.extend_from_slice(&number.to_le_bytes());
    }
}

/// Writes a length.
pub fn put_len(out: &mut Vec<u8>, len: u64) {
    if len < 1 << 6 {
        out.push(len as u8);
    } else if len < 1 << 14 {
        out.extend_from_slice(&((u16::from(LEN_14_BITS) << 14) | len as u16).to_be_bytes());
    } else if let Ok(len) = u32::try_from(len) {
        out.push(LEN_32_BITS);
        out.extend_from_slice(&len.to_be_bytes());
    } else {
        out.push(LEN_64_BITS);
        out.extend_from_slice(&len.to_be_bytes());
    }
}

/// A length, or the code of an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Len {
    /// A length.
    Bytes(u64),
    /// A string follows that is encoded so.
    Encoded(u8),
}

/// How many bytes of a length stand behind its first one; none: there is no such length.
pub fn len_bytes_behind(first: u8) -> Option<usize> {
    match (first, first >> 6) {
        (LEN_32_BITS, _) => Some(4),
        (LEN_64_BITS, _) => Some(8),
        (_, LEN_6_BITS | LEN_ENCODED) => Some(0),
        (_, LEN_14_BITS) => Some(1),
        _ => None,
    }
}

/// Reads a length, or the code of an encoding.
pub fn take_len(input: &mut &[u8]) -> Option<Len> {
    let first = take_array::<1>(input)?[0];
    let low = first & 0x3F;
    Some(match first {
        LEN_32_BITS => Len::Bytes(u32::from_be_bytes(take_array(input)?).into()),
        LEN_64_BITS => Len::Bytes(u64::from_be_bytes(take_array(input)?)),
        _ => match first >> 6 {
            LEN_6_BITS => Len::Bytes(low.into()),
            LEN_14_BITS => Len::Bytes(u16::from_be_bytes([low, take_array::<1>(input)?[0]]).into()),
            LEN_ENCODED => Len::Encoded(low),
            _ => return None,
        },
    })
}

/// Reads a length of something that may be, at most [`STRING_BYTES_MAX`].
pub fn take_plain_len(input: &mut &[u8]) -> Option<usize> {
    match take_len(input)? {
        Len::Bytes(len) if len <= STRING_BYTES_MAX => usize::try_from(len).ok(),
        _ => None,
    }
}

/// Reads a string in any of its encodings.
pub fn take_string(input: &mut &[u8]) -> Option<Vec<u8>> {
    let mut ahead = *input;
    let number: i64 = match take_len(&mut ahead)? {
        Len::Bytes(_) => {
            let len = take_plain_len(input)?;
            return take_bytes(input, len).ok().map(<[u8]>::to_vec);
        }
        Len::Encoded(INT_8) => i8::from_le_bytes(take_array(&mut ahead)?).into(),
        Len::Encoded(INT_16) => i16::from_le_bytes(take_array(&mut ahead)?).into(),
        Len::Encoded(INT_32) => i32::from_le_bytes(take_array(&mut ahead)?).into(),
        Len::Encoded(LZF) => {
            let packed = take_plain_len(&mut ahead)?;
            let len = take_plain_len(&mut ahead)?;
            let packed = take_bytes(&mut ahead, packed).ok()?;
            *input = ahead;
            return unpack(packed, len);
        }
        Len::Encoded(_) => return None,
    };
    *input = ahead;
    Some(number.to_string().into_bytes())
}

/// Reads so many bytes.
pub fn take_array<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    take_bytes(input, N).ok()?.try_into().ok()
}
