//! Hash slots, as in Redis Cluster: CRC16 (XMODEM) of the name, or of its hash
//! tag, modulo 16,384.

use crate::wire::{Malformed, Wire};

/// How many slots there are.
pub const SLOTS: u16 = 16_384;

/// A hash slot, 0 to 16,383.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

impl Slot {
    /// The slot of a key, a lock name or a queue name.
    ///
    /// If the name has a non-empty part between the first `{` and the first `}`
    /// behind it, only that part counts (Redis Cluster specification, hash tags).
    pub fn of(name: &[u8]) -> Self {
        Slot(crc16(tag(name)) % SLOTS)
    }
}

impl<'a> Wire<'a> for Slot {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        let slot = u16::take(input)?;
        if slot < SLOTS { Ok(Slot(slot)) } else { Err(Malformed) }
    }
}

/// Whether a name has a hash tag.
pub fn has_tag(name: &[u8]) -> bool {
    find_tag(name).is_some()
}

fn tag(name: &[u8]) -> &[u8] {
    find_tag(name).unwrap_or(name)
}

fn find_tag(name: &[u8]) -> Option<&[u8]> {
    let open = memchr::memchr(b'{', name)?;
    let rest = &name[open + 1..];
    let close = memchr::memchr(b'}', rest)?;
    (close > 0).then(|| &rest[..close])
}

const TABLE: [u16; 256] = table();

const fn table() -> [u16; 256] {
    let mut table = [0u16; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u16) << 8;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 0x8000 != 0 { (crc << 1) ^ 0x1021 } else { crc << 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| (crc << 8) ^ TABLE[usize::from((crc >> 8) as u8 ^ byte)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_the_redis_cluster_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(Slot::of(b"{user1000}.following"), Slot(3443));
        assert_eq!(Slot::of(b"foo{}{bar}"), Slot(8363));
        assert_eq!(Slot::of(b"foo{{bar}}zap"), Slot(4015));
    }

    #[test]
    fn a_hash_tag_has_at_least_one_byte() {
        assert!(has_tag(b"{a}") && has_tag(b"lock:{a}:1"));
        assert!(!has_tag(b"a") && !has_tag(b"{}a") && !has_tag(b"{a") && !has_tag(b"}a{"));
    }
}
