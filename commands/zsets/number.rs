//! Scores.

/// A score as C's `strtod` reads it: decimal or hexadecimal, `inf`; not `nan`, no
/// blanks, nothing too large or too small.
pub(super) fn score(word: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(word).ok()?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if let Some(digits) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        let number = hexadecimal(digits)?;
        return Some(if text.starts_with('-') { -number } else { number });
    }
    let number: f64 = text.parse().ok()?;
    let said_infinite = digits.starts_with(['i', 'I']);
    // Too small: digits that are not all 0 gave 0.
    let mantissa = digits.split(['e', 'E']).next().unwrap_or_default();
    let too_small = number == 0.0 && mantissa.contains(|digit: char| ('1'..='9').contains(&digit));
    let fits = !number.is_nan() && (number.is_finite() || said_infinite) && !too_small;
    fits.then_some(number)
}

/// An end of a range of scores, which Redis reads less strictly: blanks may stand
/// before it, nothing is 0, and what is too large or too small is as near as can be.
pub(super) fn border(word: &[u8]) -> Option<f64> {
    if word.is_empty() {
        return Some(0.0);
    }
    let word = word.trim_ascii_start();
    let rounded =
        || std::str::from_utf8(word).ok()?.parse().ok().filter(|number: &f64| !number.is_nan());
    score(word).or_else(rounded)
}

fn hexadecimal(digits: &str) -> Option<f64> {
    let (digits, exponent) = match digits.split_once(['p', 'P']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let mut number = 0.0;
    for digit in whole.chars().chain(part.chars()) {
        number = number * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let bits = i32::try_from(part.len()).ok()?.checked_mul(4)?;
    let number = number * 2_f64.powi(exponent.checked_sub(bits)?);
    number.is_finite().then_some(number)
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
        ] {
            assert_eq!(score(text.as_bytes()), Some(number), "{text}");
        }
        for bad in ["", "nan", " 1", "1 ", "1e400", "1e-400", "1.5.5", "abc", "0x", "0xg", "1_0"] {
            assert_eq!(score(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn borders_are_read_less_strictly() {
        for (text, number) in [("", 0.0), (" 1", 1.0), ("1e400", f64::INFINITY), ("1e-400", 0.0)] {
            assert_eq!(border(text.as_bytes()), Some(number), "{text}");
        }
        for bad in [" ", "nan", "1 ", "x"] {
            assert_eq!(border(bad.as_bytes()), None, "{bad}");
        }
    }
}
