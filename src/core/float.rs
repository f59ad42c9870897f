//! Floating-point numbers as words, read as C's `strtod` reads them.

/// A score as C's `strtod` reads it: decimal or hexadecimal, `inf`; not `nan`, no
/// blanks, nothing too large or too small.
pub fn score(word: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(word).ok()?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let number = number(text)?;
    let said_infinite = digits.starts_with(['i', 'I']);
    // Too small: digits that are not all 0 gave 0.
    let mantissa = digits.split(EXPONENTS[usize::from(is_hexadecimal(digits))]).next()?;
    let something = |digit: char| digit.is_ascii_hexdigit() && digit != '0';
    let too_small = number == 0.0 && mantissa.contains(something);
    ((number.is_finite() || said_infinite) && !too_small).then_some(number)
}

/// An end of a range of scores, which Redis reads less strictly: blanks may stand
/// before it, nothing is 0, and what is too large or too small is as near as can be.
pub fn border(word: &[u8]) -> Option<f64> {
    if word.is_empty() {
        return Some(0.0);
    }
    rounded(word.trim_ascii_start())
}

/// As [`score`], but what is too large or too small is as near as can be.
pub fn rounded(word: &[u8]) -> Option<f64> {
    number(std::str::from_utf8(word).ok()?)
}

/// What begins an exponent: of decimal digits, of hexadecimal ones.
const EXPONENTS: [[char; 2]; 2] = [['e', 'E'], ['p', 'P']];

/// The number that is nearest to this text, not `nan`.
fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !is_hexadecimal(digits) {
        return text.parse().ok().filter(|number: &f64| !number.is_nan());
    }
    let number = hexadecimal(&digits[2..])?;
    Some(if text.starts_with('-') { -number } else { number })
}

fn is_hexadecimal(digits: &str) -> bool {
    digits.starts_with("0x") || digits.starts_with("0X")
}

fn hexadecimal(digits: &str) -> Option<f64> {
    let (digits, power) = match digits.split_once(EXPONENTS[1]) {
        Some((digits, text)) => (digits, exponent(text)?),
        None => (digits, 0),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let (mut bits, mut power) = (0_u64, power - 4 * i64::try_from(part.len()).ok()?);
    for digit in whole.chars().chain(part.chars()) {
        let digit = u64::from(digit.to_digit(16)?);
        if bits >> 60 == 0 {
            bits = bits << 4 | digit;
        } else {
            // Too many to be kept: the last bit says that there is something behind it.
            bits |= u64::from(digit != 0);
            power += 4;
        }
    }
    Some(scaled(bits, power))
}

fn exponent(text: &str) -> Option<i64> {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    // Far outside of all that has a number, and can be added to.
    const FAR: i64 = 1 << 40;
    match text.parse::<i64>() {
        Ok(exponent) => Some(exponent.clamp(-FAR, FAR)),
        Err(error) if *error.kind() == PosOverflow => Some(FAR),
        Err(error) if *error.kind() == NegOverflow => Some(-FAR),
        Err(_) => None,
    }
}

/// The number that is nearest to `bits` times two to the `power`.
fn scaled(bits: u64, power: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let len = i64::from(u64::BITS - bits.leading_zeros());
    // Beyond, it is infinite or nothing whatever the bits are.
    let top = (len + power).clamp(-1_100, 1_100);
    // As many bits as a number of this size has, down to the smallest ones.
    let cut = (len - 53).max(len - top - 1_074).max(0);
    let (rounded, power) = (halved(bits, cut), top - len + cut);
    // In two steps, each of which is a number: one alone may be too small or too large.
    let first = (power / 2) as i32;
    rounded as f64 * 2_f64.powi(first) * 2_f64.powi(power as i32 - first)
}

/// `bits` without the last `cut` ones, to the nearest, or to what is even.
fn halved(bits: u64, cut: i64) -> u64 {
    if cut > 64 {
        return 0;
    }
    let (bits, cut) = (u128::from(bits), cut as u32);
    let (kept, rest, half) = (bits >> cut, bits & ((1 << cut) - 1), (1_u128 << cut) / 2);
    let up = cut > 0 && (rest > half || (rest == half && kept & 1 == 1));
    (kept + u128::from(up)) as u64
}

#[cfg(test)]
mod tests {
    use super::{border, score};

    #[test]
    fn scores_are_read_as_redis_reads_them() {
        for (text, number) in [
            ("1", 1.0),
            ("-2.5e2", -250.0),
            ("+4", 4.0),
            ("5.", 5.0),
            (".5", 0.5),
            ("inf", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
            ("0x10", 16.0),
            ("-0x1.8p1", -3.0),
            ("0e5", 0.0),
            ("0x1p+5", 32.0),
            ("0x1p-1030", f64::MIN_POSITIVE / 256.0),
            ("0x1.8p-1075", f64::from_bits(1)),
            ("0x3p-1074", f64::from_bits(3)),
            ("0x1p1023", 2_f64.powi(1023)),
            ("0x0p99999999999999999999", 0.0),
            ("0x10000000000000000000000000000000001p-1100", 2_f64.powi(-964)),
            ("0x1.00000000000008p0", 1.0),
            ("0x1.000000000000080001p0", 1.0 + f64::EPSILON),
            ("0x1.00000000000018p0", 1.0 + 2.0 * f64::EPSILON),
        ] {
            assert_eq!(score(text.as_bytes()), Some(number), "{text}");
        }
        for bad in ["", "nan", " 1", "1 ", "1e400", "1e-400", "1.5.5", "abc", "0x", "0xg", "1_0"] {
            assert_eq!(score(bad.as_bytes()), None, "{bad}");
        }
        for bad in ["0x1p-2000", "0x1p-1075", "0x1p2000", "-0x1p2000", "0x1p", "0x1p+", "0x-1"] {
            assert_eq!(score(bad.as_bytes()), None, "{bad}");
        }
        for bad in ["0x1.fffffffffffff8p1023", "0x1p99999999999999999999", "0x1p-99999999999"] {
            assert_eq!(score(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn borders_are_read_less_strictly() {
        for (text, number) in [("", 0.0), (" 1", 1.0), ("1e400", f64::INFINITY), ("1e-400", 0.0)] {
            assert_eq!(border(text.as_bytes()), Some(number), "{text}");
        }
        for (text, number) in [("-0x1p2000", f64::NEG_INFINITY), ("0x1p-99999999999", 0.0)] {
            assert_eq!(border(text.as_bytes()), Some(number), "{text}");
        }
        for bad in [" ", "nan", "1 ", "x", "0x1p"] {
            assert_eq!(border(bad.as_bytes()), None, "{bad}");
        }
    }
}
