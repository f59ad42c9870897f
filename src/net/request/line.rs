//! The `*` and `$` lines: a sign and a number.

use lockstep_commands::args::parse_integer;

use super::Decoder;
use crate::Limits;

/// What a line says behind its first byte.
pub(super) enum Line {
    /// A number by the strict rules.
    Number(i64),
    /// Something else.
    NotANumber,
    /// Its end has not come yet.
    Incomplete,
    /// Its end does not come.
    TooLong,
}

/// Lengths of up to so many digits are read on the short way.
const DIGITS_SHORT_MAX: usize = 9;

impl Decoder {
    /// Takes the line at `at`. Its end is the first `\r` and whatever byte is
    /// behind it.
    pub(super) fn take_line(&mut self, buf: &[u8], limits: &Limits) -> Line {
        // A zero byte in front would hide the line's end; see below.
        let short = match buf.get(self.at) {
            Some(b'*' | b'$') => short_number(&buf[self.at + 1..]),
            _ => None,
        };
        match short {
            Some((number, digits)) => {
                self.pass(self.at + 1 + digits);
                Line::Number(number)
            }
            None => self.take_long_line(buf, limits.line_bytes_max()),
        }
    }

    /// The general way: the search for the end goes on where it stopped.
    #[cold]
    fn take_long_line(&mut self, buf: &[u8], line_bytes_max: usize) -> Line {
        // One byte more than allowed is searched: the same line is too long then,
        // no matter in which pieces it came. A zero byte hides what follows from
        // Redis, so that such a line never ends.
        let stop = buf.len().min(self.at + line_bytes_max + 1);
        let from = self.searched.max(self.at).min(stop);
        match memchr::memchr2(b'\r', 0, &buf[from..stop]) {
            Some(found) if buf[from + found] == b'\r' => {
                let end = from + found;
                self.searched = end;
                if buf.len() < end + 2 {
                    return Line::Incomplete;
                }
                let number = parse_integer(buf.get(self.at + 1..end).unwrap_or_default());
                self.pass(end);
                number.map_or(Line::NotANumber, Line::Number)
            }
            found => {
                // Stays at a zero byte, so that it is found again.
                self.searched = found.map_or(stop, |found| from + found);
                if buf.len() > self.at + line_bytes_max { Line::TooLong } else { Line::Incomplete }
            }
        }
    }

    /// Goes behind the line that ends at `end`.
    fn pass(&mut self, end: usize) {
        self.at = end + 2;
        self.searched = self.at;
    }
}

/// A short non-negative number with a whole line end behind it, and how many
/// digits it has.
fn short_number(bytes: &[u8]) -> Option<(i64, usize)> {
    let mut number = 0i64;
    for (digits, &byte) in bytes.iter().take(DIGITS_SHORT_MAX + 1).enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            number = number * 10 + i64::from(digit);
            continue;
        }
        let strict = digits == 1 || (digits > 1 && bytes[0] != b'0');
        return (byte == b'\r' && strict && bytes.len() > digits + 1).then_some((number, digits));
    }
    None
}
