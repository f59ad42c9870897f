//! Reading extended numbers.

use super::{Big, Extended, TOP_MAX, TOP_MIN};

/// Redis copies the text into a buffer of this size, with a zero behind it.
const TEXT_BYTES_MAX: usize = 5 * 1024 - 1;

/// Exponents beyond this are surely too large or too small for any digits.
const EXPONENT_MAX: i64 = 100_000;

/// A decimal number of this many digits before the point is too large, or of so
/// many zeros behind it too small.
const MAGNITUDE_MAX: i64 = 4970;

pub(super) fn parse(text: &[u8]) -> Option<Extended> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let (negative, rest) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if rest.eq_ignore_ascii_case(b"inf") || rest.eq_ignore_ascii_case(b"infinity") {
        return Some(Extended::Infinite);
    }
    if let [b'0', b'x' | b'X', rest @ ..] = rest {
        let number = Number::split(rest, b'p', u8::is_ascii_hexdigit)?;
        return number.hexadecimal(negative);
    }
    Number::split(rest, b'e', u8::is_ascii_digit)?.decimal(negative)
}

/// Digits without point and exponent.
struct Number {
    /// Neither the first nor the last is a zero.
    digits: Vec<u8>,
    /// How many digits the point stands right of the last one.
    shift: i64,
    /// What stood behind the `e` or `p`.
    exponent: i64,
}

impl Number {
    fn split(text: &[u8], mark: u8, is_digit: fn(&u8) -> bool) -> Option<Self> {
        let end = text.iter().position(|byte| byte.eq_ignore_ascii_case(&mark));
        let (body, exponent) = match end {
            Some(end) => (&text[..end], exponent(&text[end + 1..])?),
            None => (text, 0),
        };
        let point = body.iter().position(|byte| *byte == b'.');
        let (whole, fraction) = match point {
            Some(point) => (&body[..point], &body[point + 1..]),
            None => (body, &[][..]),
        };
        let mut digits = [whole, fraction].concat();
        if digits.is_empty() || !digits.iter().all(is_digit) {
            return None;
        }
        let mut shift = -(fraction.len() as i64);
        while digits.last() == Some(&b'0') {
            digits.pop();
            shift += 1;
        }
        let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..zeros);
        Some(Number { digits, shift, exponent })
    }

    fn decimal(self, negative: bool) -> Option<Extended> {
        if self.digits.is_empty() {
            return Some(Extended::exact(negative, 0, 0));
        }
        let power = self.shift + self.exponent;
        if (self.digits.len() as i64 + power).abs() > MAGNITUDE_MAX {
            return None;
        }
        let digits = Big::from_digits(&self.digits);
        let ten = |power: i64| Big::from(1).times_power_of_ten(power.unsigned_abs() as usize);
        if power >= 0 {
            ratio(negative, digits.times_power_of_ten(power as usize), Big::from(1))
        } else {
            ratio(negative, digits, ten(power))
        }
    }

    fn hexadecimal(self, negative: bool) -> Option<Extended> {
        if self.digits.is_empty() {
            return Some(Extended::exact(negative, 0, 0));
        }
        let mut number = Big::default();
        for digit in &self.digits {
            let value = char::from(*digit).to_digit(16)?;
            number = number.shifted_left(4).with_low_bits(value);
        }
        let power = self.shift * 4 + self.exponent;
        if (number.bits() as i64 + power).abs() > i64::from(TOP_MAX) + 100 {
            return None;
        }
        let one = Big::from(1);
        let shift = power.unsigned_abs() as usize;
        if power >= 0 {
            ratio(negative, number.shifted_left(shift), one)
        } else {
            ratio(negative, number, one.shifted_left(shift))
        }
    }
}

/// The number behind `e` or `p`.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0, |value: i64, digit| (value * 10 + i64::from(digit - b'0')).min(EXPONENT_MAX));
    Some(if negative { -value } else { value })
}

/// The quotient of two numbers that are not zero, rounded to the nearest; none
/// when it is too large, or so small that nothing is left.
fn ratio(negative: bool, mut a: Big, mut b: Big) -> Option<Extended> {
    let mut top = a.bits() as i32 - b.bits() as i32;
    if top > 0 {
        b = b.shifted_left(top.unsigned_abs() as usize);
    } else {
        a = a.shifted_left(top.unsigned_abs() as usize);
    }
    if a < b {
        a = a.shifted_left(1);
        top -= 1;
    }
    // Now 1 <= a / b < 2, and the highest bit of the result stands for 2^top.
    let width = 64 - (TOP_MIN - top).max(0);
    if width < 0 {
        return None;
    }
    let mut mantissa = 0u128;
    for _ in 0..width {
        let bit = a >= b;
        if bit {
            a.subtract(&b);
        }
        mantissa = mantissa << 1 | u128::from(bit);
        a = a.shifted_left(1);
    }
    if a > b || (a == b && mantissa & 1 == 1) {
        mantissa += 1;
    }
    let exponent = top - width + 1;
    let (mantissa, exponent) =
        if mantissa >> 64 == 0 { (mantissa, exponent) } else { (mantissa >> 1, exponent + 1) };
    let fits = mantissa != 0 && exponent + 63 <= TOP_MAX;
    fits.then(|| Extended::exact(negative, mantissa as u64, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> bool {
        parse(text.as_bytes()).is_some()
    }

    #[test]
    fn what_strtold_takes_as_a_whole_is_a_number() {
        for text in ["0", "-0", "+5", ".5", "5.", "1e5", "1E+5", "1e-5", "0x10", "0X.8p1", "inf"] {
            assert!(reads(text), "{text}");
        }
        for text in ["-Infinity", "1e4932", "3.7e-4951", "0e999999999999999999999"] {
            assert!(reads(text), "{text}");
        }
    }

    #[test]
    fn all_else_is_not() {
        for text in ["", ".", "-", "e5", "1e", "1e+", "0x", "0xp1", " 1", "1 ", "1\0", "1.2.3"] {
            assert!(!reads(text), "{text}");
        }
        for text in ["nan", "infin", "1e4933", "1e-4960", "1e99999999999999999999", "0x1p16384"] {
            assert!(!reads(text), "{text}");
        }
        assert!(!reads(&"1".repeat(5120)));
    }

    #[test]
    fn small_and_large_numbers_round_as_the_processor_does() {
        let one = Extended::Finite { negative: false, mantissa: 1 << 63, exponent: -63 };
        assert_eq!(parse(b"1"), Some(one));
        assert_eq!(parse(b"0.99999999999999999999999"), Some(one));
        let tenth =
            Extended::Finite { negative: false, mantissa: 0xCCCC_CCCC_CCCC_CCCD, exponent: -67 };
        assert_eq!(parse(b"0.1"), Some(tenth));
    }
}
