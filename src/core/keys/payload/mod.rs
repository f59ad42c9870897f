//! The payload of DUMP and RESTORE: a value as it stands in an RDB file, the
//! version of that format, and a checksum.

mod crc64;
mod lzf;
mod packed;
#[cfg(test)]
mod packed_tests;
mod stream;
mod types;

use super::store::{Hasher, Value};
use super::{STRING_BYTES_MAX, parse_integer};
use crate::Fault;
use crate::wire::take_bytes;

/// The version of Redis 7.0, which is written.
const VERSION: u16 = 10;

/// The version of Redis 7.4, the last one that is read.
const VERSION_MAX: u16 = 12;

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

/// What stands in the place of a length for strings that are encoded.
const INT_8: u8 = 0;
const INT_16: u8 = 1;
const INT_32: u8 = 2;
const LZF: u8 = 3;

/// The payload of a value.
pub(super) fn dump(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    types::put(&mut out, value);
    out.extend_from_slice(&VERSION.to_le_bytes());
    let checksum = crc64::checksum(&out);
    out.extend_from_slice(&checksum.to_le_bytes());
    out
}

/// The value that a payload holds.
pub(super) fn load(payload: &[u8], hasher: Hasher) -> Result<Value, Fault> {
    let body = verified(payload).ok_or(Fault::BadPayload)?;
    types::take(body, hasher).ok_or(Fault::BadData)
}

#[cfg(test)]
pub(super) fn with_footer(body: &[u8]) -> Vec<u8> {
    let mut payload = body.to_vec();
    payload.extend_from_slice(&VERSION.to_le_bytes());
    payload.extend_from_slice(&crc64::checksum(&payload).to_le_bytes());
    payload
}

/// The payload without its footer.
fn verified(payload: &[u8]) -> Option<&[u8]> {
    let (body, footer) = payload.split_at_checked(payload.len().checked_sub(FOOTER_BYTES)?)?;
    let (version, checksum) = footer.split_first_chunk::<2>()?;
    let checked = &payload[..payload.len() - size_of::<u64>()];
    let fits = u16::from_le_bytes(*version) <= VERSION_MAX
        && crc64::checksum(checked).to_le_bytes()[..] == *checksum;
    fits.then_some(body)
}

fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
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

fn put_len(out: &mut Vec<u8>, len: u64) {
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
enum Len {
    Bytes(u64),
    Encoded(u8),
}

fn take_len(input: &mut &[u8]) -> Option<Len> {
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

fn take_plain_len(input: &mut &[u8]) -> Option<usize> {
    match take_len(input)? {
        Len::Bytes(len) if len <= STRING_BYTES_MAX => usize::try_from(len).ok(),
        _ => None,
    }
}

fn take_string(input: &mut &[u8]) -> Option<Vec<u8>> {
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
            return lzf::unpack(packed, len);
        }
        Len::Encoded(_) => return None,
    };
    *input = ahead;
    Some(number.to_string().into_bytes())
}

fn take_array<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    take_bytes(input, N).ok()?.try_into().ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::keys::store::Str;

    const STRING: u8 = 0;

    fn dump(string: &Str) -> Vec<u8> {
        super::dump(&Value::Str(string.clone()))
    }

    /// The bytes of a string.
    fn load(payload: &[u8]) -> Result<Vec<u8>, Fault> {
        super::load(payload, Hasher::default()).map(|value| value.string().unwrap().to_vec())
    }

    #[test]
    fn payloads_are_those_of_redis() {
        let payload = b"\x00\xc0\n\n\x00n\x9fWE\x0e\xaec\xbb";
        assert_eq!(dump(&Str::new(b"10")), payload);
        assert_eq!(load(payload).unwrap(), b"10");
    }

    #[test]
    fn strings_come_back_whatever_their_length() {
        for len in [0, 1, 11, 63, 64, 16_383, 16_384, 70_000] {
            let bytes = vec![b'x'; len];
            assert_eq!(load(&dump(&Str::text(&bytes))).unwrap(), bytes);
        }
        for number in [0, -1, 127, 128, -129, 32_768, i64::from(i32::MIN), i64::MAX] {
            let text = number.to_string().into_bytes();
            assert_eq!(load(&dump(&Str::Int(number))).unwrap(), text);
        }
    }

    #[test]
    fn packed_strings_are_read() {
        // One literal `a`, then 20 bytes from one byte before.
        let body = [STRING, 0xC3, 5, 21, 0, b'a', 0xE0, 11, 0];
        assert_eq!(load(&with_footer(&body)).unwrap(), vec![b'a'; 21]);
    }

    #[test]
    fn damaged_payloads_and_later_versions_are_refused() {
        let payload = dump(&Str::new(b"value"));
        for at in 0..payload.len() {
            let mut damaged = payload.clone();
            damaged[at] ^= 1;
            assert_eq!(load(&damaged), Err(Fault::BadPayload));
        }
        assert_eq!(load(b"short"), Err(Fault::BadPayload));
    }

    #[test]
    fn whole_payloads_that_hold_no_string_are_bad_data() {
        for body in [&[][..], &[1, 0], &[STRING], &[STRING, 5, 1], &[STRING, 0xC4], &[STRING, 0x82]]
        {
            assert_eq!(load(&with_footer(body)), Err(Fault::BadData), "{body:?}");
        }
        let endless = [STRING, 0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(load(&with_footer(&endless)), Err(Fault::BadData));
    }
}
