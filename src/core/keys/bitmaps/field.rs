//! Integers of any width among the bits of a string.

use super::{Field, Overflow, Step, bits};

/// The number in a field; zeros are behind the end.
pub fn get(bytes: &[u8], field: Field) -> i64 {
    let Field::At { offset, signed, .. } = field;
    let mut number = 0u64;
    for at in 0..u64::from(field.bits()) {
        number = number << 1 | u64::from(bits::get(bytes, offset.saturating_add(at)));
    }
    if signed { extend(number, field.bits()) } else { number as i64 }
}

/// Carries out a step on bytes that are long enough: what to tell of it, and whether anything
/// changed.
pub fn step(bytes: &mut [u8], step: &Step) -> (Option<i64>, bool) {
    match *step {
        Step::Get { field } => (Some(get(bytes, field)), false),
        Step::Set { field, value, overflow } => {
            let old = get(bytes, field);
            let Field::At { signed, .. } = field;
            // Redis takes a negative one for a very large one where there is no sign.
            let wanted = if signed { i128::from(value) } else { i128::from(value as u64) };
            let Some(new) = fit(wanted, field, overflow) else { return (None, false) };
            put(bytes, field, new);
            (Some(old), get(bytes, field) != old)
        }
        Step::Add { field, by, overflow } => {
            let old = get(bytes, field);
            let sum = i128::from(old) + i128::from(by);
            let Some(new) = fit(sum, field, overflow) else { return (None, false) };
            put(bytes, field, new);
            (Some(new), new != old)
        }
    }
}

/// The number that stands for one which may not fit; none: nothing is changed.
fn fit(number: i128, field: Field, overflow: Overflow) -> Option<i64> {
    let (bits, Field::At { signed, .. }) = (field.bits(), field);
    let (min, max) = if signed {
        (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1)
    } else {
        (0, (1i128 << bits) - 1)
    };
    if (min..=max).contains(&number) {
        return Some(number as i64);
    }
    match overflow {
        Overflow::Refuse {} => None,
        Overflow::Saturate {} => Some(number.clamp(min, max) as i64),
        Overflow::Wrap {} if signed => Some(extend(number as u64, bits)),
        Overflow::Wrap {} => Some((number & max) as i64),
    }
}

/// A number of so many bits, the highest of which is its sign.
fn extend(number: u64, bits: u32) -> i64 {
    let unused = 64 - bits;
    (number << unused) as i64 >> unused
}

fn put(bytes: &mut [u8], field: Field, number: i64) {
    let (bits, Field::At { offset, .. }) = (field.bits(), field);
    for at in 0..bits {
        bits::set(bytes, offset + u64::from(at), number >> (bits - 1 - at) & 1 == 1);
    }
}
