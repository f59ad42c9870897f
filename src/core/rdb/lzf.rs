//! Unpacking LZF, the compression of strings in RDB files.
//!
//! A control byte below 32 says how many literal bytes follow, less one. Any
//! other one starts a copy of what was unpacked before: its three highest bits
//! are the length less two (7: the next byte adds to it), the rest and the byte
//! behind are the distance less one.

/// How many bytes a packed byte can stand for at most: 264 in three.
const GAIN_MAX: usize = 88;

/// Unpacks into exactly `len` bytes; none: it is damaged.
pub fn unpack(packed: &[u8], len: usize) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(len.min(packed.len().saturating_mul(GAIN_MAX)));
    let mut rest = packed.iter();
    while let Some(control) = rest.next() {
        if *control < 32 {
            let (literal, behind) = rest.as_slice().split_at_checked(usize::from(*control) + 1)?;
            out.extend_from_slice(literal);
            rest = behind.iter();
        } else {
            let more = if control >> 5 == 7 { *rest.next()? } else { 0 };
            let count = usize::from(control >> 5) + usize::from(more) + 2;
            let distance = usize::from(control & 31) << 8 | usize::from(*rest.next()?);
            copy(&mut out, distance + 1, count)?;
        }
        if out.len() > len {
            return None;
        }
    }
    (out.len() == len).then_some(out)
}

/// Appends `count` bytes from `distance` before the end; they may be new ones.
fn copy(out: &mut Vec<u8>, distance: usize, count: usize) -> Option<()> {
    let from = out.len().checked_sub(distance)?;
    for at in from..from + count {
        out.push(out[at]);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::unpack;

    #[test]
    fn literals_and_copies_are_unpacked() {
        assert_eq!(unpack(&[2, b'a', b'b', b'c'], 3), Some(b"abc".to_vec()));
        assert_eq!(unpack(&[1, b'a', b'b', 0x40, 1], 6), Some(b"ababab".to_vec()));
        assert_eq!(unpack(&[0, b'x', 0xE0, 255, 0], 265), Some(vec![b'x'; 265]));
        assert_eq!(unpack(&[], 0), Some(Vec::new()));
    }

    #[test]
    fn what_points_outside_is_refused() {
        for packed in
            [&[3, b'a'][..], &[0x20, 0], &[0, b'a', 0x20], &[0, b'a', 0xE0], &[0, b'a', 0x20, 1]]
        {
            for len in 0..5 {
                assert_eq!(unpack(packed, len), None, "{packed:?}");
            }
        }
        assert_eq!(unpack(&[0, b'a'], 2), None);
        assert_eq!(unpack(&[0, b'x', 0xE0, 255, 0], 100), None);
    }
}
