//! The payload of DUMP and RESTORE: a value as it stands in an RDB file, the
//! version of that format, and a checksum.

mod elements;
mod packed;
#[cfg(test)]
mod packed_tests;
mod stream;
mod types;
mod ziplist;
#[cfg(test)]
mod ziplist_tests;

pub use elements::{Elements, elements};

use super::store::{Hasher, Value};
use crate::Fault;
use crate::rdb::{seal, verified};

/// The payload of a value.
pub(super) fn dump(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    types::put(&mut out, value);
    seal(&mut out);
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
    seal(&mut payload);
    payload
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
