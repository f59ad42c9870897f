//! The ids of entries, as clients write them.

use lockstep_core::keys::streams::{Id, NewId};

use crate::args::parse_integer;
use crate::{Args, BadArgs, error};

/// The longest word that is looked at.
const ID_BYTES_MAX: usize = 127;

/// `ms-seq`, or `ms` alone, which stands for its first entry.
pub(super) fn exact(word: &[u8]) -> Result<Id, BadArgs> {
    let (ms, seq) = parts(word)?;
    Ok(Id { ms, seq: seq.map_or(Ok(0), number)? })
}

/// All words that are left.
pub(super) fn all(args: &mut Args<'_>) -> Result<Vec<Id>, BadArgs> {
    args.map(exact).collect()
}

/// The id of an entry that is added: `ms-seq`, `ms-*`; `*` stands for the next one.
pub(super) fn new(word: &[u8]) -> Result<NewId, BadArgs> {
    if word == b"*" {
        return Ok(NewId::Auto {});
    }
    match parts(word)? {
        (ms, Some(b"*")) => Ok(NewId::Of { ms }),
        _ => Ok(NewId::Is { id: exact(word)? }),
    }
}

/// The same, or `-` for the least and `+` for the greatest of all. Without its number it
/// is the entry `seq` of its time.
pub(super) fn any(word: &[u8], seq: u64) -> Result<Id, BadArgs> {
    match word {
        b"-" => Ok(Id::MIN),
        b"+" => Ok(Id::MAX),
        _ => {
            let (ms, own) = parts(word)?;
            Ok(Id { ms, seq: own.map_or(Ok(seq), number)? })
        }
    }
}

/// Where a range starts; `(` before an id leaves that one out.
pub(super) fn start(word: &[u8]) -> Result<Id, BadArgs> {
    match word {
        [b'(', id @ ..] if !id.is_empty() => exact(id)?.next().ok_or(error::BAD_RANGE_START),
        _ => any(word, 0),
    }
}

/// Where a range ends; `(` before an id leaves that one out.
pub(super) fn end(word: &[u8]) -> Result<Id, BadArgs> {
    match word {
        [b'(', id @ ..] if !id.is_empty() => {
            let (ms, seq) = parts(id)?;
            let id = Id { ms, seq: seq.map_or(Ok(u64::MAX), number)? };
            id.before().ok_or(error::BAD_RANGE_END)
        }
        _ => any(word, u64::MAX),
    }
}

/// The time, and what stands behind the first hyphen.
fn parts(word: &[u8]) -> Result<(u64, Option<&[u8]>), BadArgs> {
    if word.len() > ID_BYTES_MAX {
        return Err(error::BAD_STREAM_ID);
    }
    let word = word.split(|byte| *byte == 0).next().unwrap_or_default();
    match word.iter().position(|byte| *byte == b'-') {
        Some(at) => Ok((number(&word[..at])?, Some(&word[at + 1..]))),
        None => Ok((number(word)?, None)),
    }
}

/// A number of 64 bits. What is none by the strict rules is read as C's `strtoull` does,
/// as in Redis: behind blanks, with a sign, with zeros in front.
fn number(word: &[u8]) -> Result<u64, BadArgs> {
    match parse_integer(word) {
        Some(number) => u64::try_from(number).map_err(|_| error::BAD_STREAM_ID),
        None => lenient(word).ok_or(error::BAD_STREAM_ID),
    }
}

fn lenient(word: &[u8]) -> Option<u64> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let word = &word[word.iter().take_while(|byte| blank(byte)).count()..];
    let (negative, digits) = match word {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u64, digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    let number = digits.iter().try_fold(0, add)?;
    Some(if negative { number.wrapping_neg() } else { number })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const MAX: &[u8] = b"18446744073709551615-18446744073709551615";

    fn id(ms: u64, seq: u64) -> Id {
        Id { ms, seq }
    }

    #[test]
    fn ids_may_leave_out_their_number() {
        assert_eq!(exact(b"5-3").unwrap(), id(5, 3));
        assert_eq!(exact(b"5").unwrap(), id(5, 0));
        assert_eq!(any(b"5", u64::MAX).unwrap(), id(5, u64::MAX));
        assert_eq!((any(b"-", 0).unwrap(), any(b"+", 0).unwrap()), (Id::MIN, Id::MAX));
        assert_eq!(exact(MAX).unwrap(), Id::MAX);
        assert_eq!(new(b"5-*").unwrap(), NewId::Of { ms: 5 });
        assert_eq!(new(b"*").unwrap(), NewId::Auto {});
        assert_eq!(new(b"5").unwrap(), NewId::Is { id: id(5, 0) });
    }

    #[test]
    fn a_bracket_leaves_an_end_out() {
        assert_eq!(start(b"(5-3").unwrap(), id(5, 4));
        assert_eq!(start(b"(5").unwrap(), id(5, 1));
        assert_eq!(end(b"(5-3").unwrap(), id(5, 2));
        assert_eq!(end(b"(5").unwrap(), id(5, u64::MAX - 1));
        assert_eq!(start(&[b"(", MAX].concat()), Err(error::BAD_RANGE_START));
        assert_eq!(end(b"(0-0"), Err(error::BAD_RANGE_END));
        assert_eq!(
            (start(b"(-"), end(b"(+")),
            (Err(error::BAD_STREAM_ID), Err(error::BAD_STREAM_ID))
        );
    }

    #[test]
    fn numbers_are_read_as_leniently_as_redis_reads_them() {
        for (word, ms, seq) in
            [(" 7", 7, 0), ("+1-01", 1, 1), ("007", 7, 0), ("1--01", 1, u64::MAX)]
        {
            assert_eq!(exact(word.as_bytes()).unwrap(), id(ms, seq), "{word}");
        }
        for bad in ["", "-", "+", "(", "a", "1-", "-1", "1-a", "1--1", "1 ", "0x1", "1-2-3", "5-*"]
        {
            assert_eq!(exact(bad.as_bytes()), Err(error::BAD_STREAM_ID), "{bad}");
        }
        assert_eq!(exact(b"18446744073709551616"), Err(error::BAD_STREAM_ID));
        assert_eq!(exact(&[b'1'; 128]), Err(error::BAD_STREAM_ID));
    }
}
