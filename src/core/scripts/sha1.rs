//! SHA-1, by which scripts are named. It protects nothing. Source: FIPS 180-4.

/// A SHA-1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha(pub [u8; 20]);

impl Sha {
    /// Its hexadecimal digits, in lower case.
    pub fn hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The one that these digits name, in capitals or not.
    pub fn from_hex(digits: &[u8]) -> Option<Sha> {
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let mut sha = [0; 20];
        if digits.len() != 2 * sha.len() {
            return None;
        }
        for (byte, pair) in sha.iter_mut().zip(digits.chunks(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Sha(sha))
    }
}

/// The SHA-1 of these bytes.
pub fn sha1(bytes: &[u8]) -> Sha {
    let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
    let blocks = bytes.chunks_exact(64);
    let rest = blocks.remainder();
    blocks.for_each(|block| mix(&mut state, block));
    let mut last = rest.to_vec();
    last.push(0x80);
    let end = if last.len() > 56 { 128 } else { 64 };
    last.resize(end - 8, 0);
    last.extend_from_slice(&(bytes.len() as u64).wrapping_mul(8).to_be_bytes());
    last.chunks(64).for_each(|block| mix(&mut state, block));
    let mut sha = [0; 20];
    for (part, word) in sha.chunks_mut(4).zip(state) {
        part.copy_from_slice(&word.to_be_bytes());
    }
    Sha(sha)
}

fn mix(state: &mut [u32; 5], block: &[u8]) {
    let mut words = [0u32; 80];
    for (word, part) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_be_bytes([part[0], part[1], part[2], part[3]]);
    }
    for at in 16..80 {
        let word = words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16];
        words[at] = word.rotate_left(1);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (round, word) in words.into_iter().enumerate() {
        let (chosen, constant) = match round / 20 {
            0 => (b & c | !b & d, 0x5a82_7999),
            1 => (b ^ c ^ d, 0x6ed9_eba1),
            2 => (b & c | b & d | c & d, 0x8f1b_bcdc),
            _ => (b ^ c ^ d, 0xca62_c1d6),
        };
        let next = a.rotate_left(5).wrapping_add(chosen).wrapping_add(e);
        let next = next.wrapping_add(constant).wrapping_add(word);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    for (part, add) in state.iter_mut().zip([a, b, c, d, e]) {
        *part = part.wrapping_add(add);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers_come_out() {
        let known = [
            (&b""[..], "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
            (b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "84983e441c3bd26ebaae4aa1f95129e5e54670f1",
            ),
            (&[b'a'; 1_000_000], "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
        ];
        for (bytes, hex) in known {
            assert_eq!(sha1(bytes).hex(), hex);
        }
    }

    #[test]
    fn digits_name_it_in_capitals_or_not() {
        let sha = sha1(b"abc");
        assert_eq!(Sha::from_hex(sha.hex().as_bytes()), Some(sha));
        assert_eq!(Sha::from_hex(sha.hex().to_uppercase().as_bytes()), Some(sha));
        assert_eq!(Sha::from_hex(b"abc"), None);
        assert_eq!(Sha::from_hex(&[b'g'; 40]), None);
    }
}
