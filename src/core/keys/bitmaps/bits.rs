//! Single bits and ranges of them.

use super::{Merge, Range};

/// A bit; 0 behind the end.
pub fn get(bytes: &[u8], offset: u64) -> bool {
    let byte = usize::try_from(offset / 8).ok().and_then(|at| bytes.get(at));
    byte.is_some_and(|byte| byte >> (7 - offset % 8) & 1 == 1)
}

/// Sets a bit that is there.
pub fn set(bytes: &mut [u8], offset: u64, bit: bool) {
    let (byte, mask) = (&mut bytes[(offset / 8) as usize], 0x80 >> (offset % 8));
    if bit { *byte |= mask } else { *byte &= !mask }
}

/// BITCOUNT.
pub fn count(bytes: &[u8], range: Option<Range>) -> u64 {
    let range = range.unwrap_or(Range::Of { start: 0, end: -1, bits: false });
    let Range::Of { start, end, bits } = range;
    if start < 0 && end < 0 && start > end {
        return 0;
    }
    let Some((first, last)) = span(bytes.len(), start, end, bits) else { return 0 };
    let (from, to) = (first / 8, last / 8);
    let all: u64 = bytes[from..=to].iter().map(|byte| u64::from(byte.count_ones())).sum();
    let before = u32::from(bytes[from]) >> (8 - first % 8);
    let behind = bytes[to] & after(last);
    all - u64::from(before.count_ones() + behind.count_ones())
}

/// BITPOS.
pub fn position(bytes: &[u8], bit: bool, start: i64, end: Option<i64>, bits: bool) -> Option<u64> {
    let (first, last) = span(bytes.len(), start, end.unwrap_or(-1), bits)?;
    let (from, to) = (first / 8, last / 8);
    let wanted = |byte: u8| if bit { byte } else { !byte };
    let masked = |at: usize| {
        let mut byte = wanted(bytes[at]);
        if at == from {
            byte &= 0xFF >> (first % 8);
        }
        if at == to {
            byte &= !after(last);
        }
        byte
    };
    let found = |at: usize, byte: u8| at as u64 * 8 + u64::from(byte.leading_zeros());
    let head = masked(from);
    if head != 0 {
        return Some(found(from, head));
    }
    let rest = bytes[from..to].iter().skip(1).position(|byte| wanted(*byte) != 0);
    if let Some(at) = rest.map(|at| from + 1 + at) {
        return Some(found(at, masked(at)));
    }
    let tail = masked(to);
    match tail {
        // Zeros follow a string whose end was not named.
        0 => (!bit && end.is_none()).then_some(bytes.len() as u64 * 8),
        tail => Some(found(to, tail)),
    }
}

/// BITOP: strings that are shorter go on with zeros.
pub fn merge(how: Merge, strings: &[impl AsRef<[u8]>]) -> Vec<u8> {
    let longest = strings.iter().map(|string| string.as_ref().len()).max().unwrap_or(0);
    let mut merged = vec![0; longest];
    let Some((first, rest)) = strings.split_first() else { return merged };
    merged[..first.as_ref().len()].copy_from_slice(first.as_ref());
    if how == (Merge::Not {}) {
        merged.iter_mut().for_each(|byte| *byte = !*byte);
        return merged;
    }
    for string in rest {
        let string = string.as_ref();
        let (both, beyond) = merged.split_at_mut(string.len());
        let pairs = both.iter_mut().zip(string);
        match how {
            Merge::And {} => {
                pairs.for_each(|(byte, other)| *byte &= other);
                beyond.fill(0);
            }
            Merge::Or {} => pairs.for_each(|(byte, other)| *byte |= other),
            Merge::Xor {} | Merge::Not {} => pairs.for_each(|(byte, other)| *byte ^= other),
        }
    }
    merged
}

/// The first and the last bit of a part of a string of `len` bytes, if there is any.
fn span(len: usize, start: i64, end: i64, bits: bool) -> Option<(usize, usize)> {
    let unit = if bits { 1 } else { 8 };
    let total = i64::try_from(len * 8 / unit).expect("strings are far shorter");
    let place = |at: i64| if at < 0 { at.saturating_add(total).max(0) } else { at };
    let (start, end) = (place(start), place(end).min(total - 1));
    (start <= end).then(|| (start as usize * unit, end as usize * unit + unit - 1))
}

/// Those bits of a byte that are behind this one.
fn after(bit: usize) -> u8 {
    (1 << (7 - bit % 8)) - 1
}
