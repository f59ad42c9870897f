//! The 80-bit floating-point numbers of x86 ("extended precision"), in integers.
//!
//! Redis adds and prints INCRBYFLOAT in them. To give the same text on every
//! machine, this does what the processor and the C library would: a mantissa of
//! 64 bits, exponents of 15 bits, rounding to the nearest, ties to even.

mod big;
mod parse;

use big::Big;

/// The exponent of the highest bit of the largest number.
const TOP_MAX: i32 = 16_383;

/// The exponent of the highest bit of the smallest number of full precision.
const TOP_MIN: i32 = -16_382;

/// How many digits stand behind the point at most.
const DECIMALS: usize = 17;

/// 10 to the power of [`DECIMALS`].
const SCALE: u128 = 100_000_000_000_000_000;

/// A number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extended {
    /// `mantissa` times two to the power of `exponent`, the highest bit of the
    /// mantissa being set; zero has the mantissa 0.
    Finite { negative: bool, mantissa: u64, exponent: i32 },
    /// Too large, of either sign.
    Infinite,
}

impl Extended {
    pub(super) const ZERO: Extended =
        Extended::Finite { negative: false, mantissa: 0, exponent: 0 };

    pub(super) fn from_integer(number: i64) -> Self {
        Extended::exact(number < 0, number.unsigned_abs(), 0)
    }

    /// Reads a text as `strtold` does, the whole of it: decimal or hexadecimal,
    /// with or without exponent, `inf`, `infinity`; not `nan`, no blanks, nothing
    /// too large or too small.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        parse::parse(text)
    }

    /// The sum; none if it is not finite.
    pub(super) fn sum(self, other: Self) -> Option<Self> {
        let (
            Extended::Finite { negative, mantissa, exponent },
            Extended::Finite { negative: negative_b, mantissa: mantissa_b, exponent: exponent_b },
        ) = (self, other)
        else {
            return None;
        };
        if mantissa == 0 || mantissa_b == 0 {
            return Some(if mantissa == 0 { other } else { self });
        }
        if (exponent, mantissa) < (exponent_b, mantissa_b) {
            return other.sum(self);
        }
        // The larger one stands 63 bits above the lowest, so that what the
        // smaller one loses below is only ever part of a rounding.
        let large = u128::from(mantissa) << 63;
        let (small, lost) = shifted(u128::from(mantissa_b) << 63, exponent - exponent_b);
        let sum =
            if negative == negative_b { large + small } else { large - small - u128::from(lost) };
        rounded(negative, sum, lost, exponent - 63)
    }

    /// The number with up to 17 digits behind the point, without trailing zeros
    /// and without exponent.
    pub(super) fn to_text(self) -> Vec<u8> {
        let Extended::Finite { negative, mantissa, exponent } = self else {
            return b"inf".to_vec();
        };
        let mut text = if exponent >= 0 {
            Big::from(mantissa).shifted_left(exponent as usize).to_decimal()
        } else {
            decimals(mantissa, exponent.unsigned_abs())
        };
        if negative && text != "0" {
            text.insert(0, '-');
        }
        text.into_bytes()
    }

    fn exact(negative: bool, mantissa: u64, exponent: i32) -> Self {
        if mantissa == 0 {
            return Extended::Finite { negative, mantissa, exponent: 0 };
        }
        let shift = mantissa.leading_zeros();
        Extended::Finite {
            negative,
            mantissa: mantissa << shift,
            exponent: exponent - shift as i32,
        }
    }
}

/// `mantissa` divided by two to the power of `shift`.
fn decimals(mantissa: u64, shift: u32) -> String {
    let scaled = u128::from(mantissa) * SCALE;
    // Beyond 128 bits it is less than half of the last digit.
    let digits = if shift >= 128 { 0 } else { half_even(scaled, shift) };
    let text = format!("{}.{:0DECIMALS$}", digits / SCALE, digits % SCALE);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `number` shifted right by 1 to 127, rounded to the nearest, ties to even.
fn half_even(number: u128, shift: u32) -> u128 {
    let (kept, rest) = (number >> shift, number & ((1 << shift) - 1));
    let half = 1 << (shift - 1);
    kept + u128::from(rest > half || (rest == half && kept & 1 == 1))
}

/// `number` shifted right, and whether bits that were set were lost.
fn shifted(number: u128, shift: i32) -> (u128, bool) {
    match u32::try_from(shift) {
        Ok(shift) if shift < 128 => {
            (number >> shift, shift > 0 && number & ((1 << shift) - 1) != 0)
        }
        _ => (0, number != 0),
    }
}

/// `number` times two to the power of `exponent` in 64 bits; `more` says that
/// the exact number is a little larger. None if it is too large.
fn rounded(negative: bool, number: u128, more: bool, exponent: i32) -> Option<Extended> {
    let width = (u128::BITS - number.leading_zeros()) as i32;
    let excess = width - 64;
    if excess <= 0 {
        // Few bits are left only where nothing was lost.
        return Some(Extended::exact(negative, number as u64, exponent));
    }
    let (kept, rest) = (number >> excess, number & ((1 << excess) - 1));
    let half = 1 << (excess - 1);
    let up = rest > half || (rest == half && (more || kept & 1 == 1));
    let kept = kept + u128::from(up);
    let (kept, exponent) = if kept >> 64 == 0 {
        (kept, exponent + excess)
    } else {
        (kept >> 1, exponent + excess + 1)
    };
    (exponent + 63 <= TOP_MAX).then(|| Extended::exact(negative, kept as u64, exponent))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sum(a: &str, b: &str) -> String {
        let parse = |text: &str| Extended::parse(text.as_bytes()).unwrap();
        String::from_utf8(parse(a).sum(parse(b)).unwrap().to_text()).unwrap()
    }

    #[test]
    fn sums_print_as_redis_prints_them() {
        assert_eq!(sum("0", "1"), "1");
        assert_eq!(sum("1.5", "1.5"), "3");
        assert_eq!(sum("3", "1.1"), "4.1");
        assert_eq!(sum("0.1", "0.2"), "0.3");
        assert_eq!(sum("10.5", "0.1"), "10.6");
        assert_eq!(sum("5.0e3", "2.0e2"), "5200");
        assert_eq!(sum("1", "-1.1"), "-0.1");
        assert_eq!(sum("1", "-1"), "0");
        assert_eq!(sum("17179869184", "1.5"), "17179869185.5");
        assert_eq!(sum("1e19", "1"), "10000000000000000001");
        assert_eq!(sum("0x1p-1", "0"), "0.5");
    }

    #[test]
    fn what_is_too_small_for_17_digits_is_zero() {
        assert_eq!(sum("1e-18", "0"), "0");
        assert_eq!(sum("-1e-4900", "0"), "0");
        assert_eq!(sum("6e-18", "0"), "0.00000000000000001");
    }

    #[test]
    fn sums_that_are_not_finite_are_refused() {
        let parse = |text: &str| Extended::parse(text.as_bytes()).unwrap();
        assert_eq!(parse("inf").sum(parse("1")), None);
        assert_eq!(parse("1e4932").sum(parse("1e4932")), None);
    }
}
