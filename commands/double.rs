//! Floating-point numbers as Redis prints them.

/// As C's `%.17g` prints it: 17 significant digits without trailing zeros, with an
/// exponent below 1e-4 and from 1e17 on; `inf`, `-inf` and `nan`.
pub fn format_double(number: f64) -> String {
    general(number, 17)
}

/// The same with so many significant digits, 14 or more.
pub fn general(number: f64, digits: u8) -> String {
    let digits = i32::from(digits);
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    // The short way for most scores; -0 keeps its sign on the long one.
    if number.fract() == 0.0 && number.abs() < 1e14 && number != 0.0 {
        return (number as i64).to_string();
    }
    let scientific = format!("{number:.*e}", digits as usize - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..digits).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trimmed(mantissa), exponent.abs());
    }
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    trimmed(&format!("{number:.decimals$}")).to_owned()
}

/// A finite number as C's `printf("%.17f")` prints it, without zeros at its end.
pub fn format_digits(number: f64) -> String {
    match trimmed(&format!("{number:.17}")) {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

/// Without zeros behind the point, and without the point when nothing follows.
fn trimmed(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}

#[cfg(test)]
mod tests {
    use super::{format_digits, format_double};

    #[test]
    fn as_many_digits_as_matter_are_printed() {
        for (number, text) in [
            (13.361_389_338_970_184, "13.36138933897018433"),
            (-2.0, "-2"),
            (0.1, "0.10000000000000001"),
            (-0.0, "0"),
            (1e-30, "0"),
        ] {
            assert_eq!(format_digits(number), text);
        }
    }

    #[test]
    fn doubles_are_printed_as_c_prints_them() {
        for (number, text) in [
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.0, "0"),
            (-0.0, "-0"),
            (0.1, "0.10000000000000001"),
            (3.3, "3.2999999999999998"),
            (-42.0, "-42"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e15, "1000000000000000"),
            (1e16, "10000000000000000"),
            (1e17, "1e+17"),
            (0.00001, "1.0000000000000001e-05"),
            (-2.5e-7, "-2.4999999999999999e-07"),
            (5e-324, "4.9406564584124654e-324"),
            (0.0001, "0.0001"),
            (1e300, "1.0000000000000001e+300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ] {
            assert_eq!(format_double(number), text);
        }
    }
}
