//! Where a key belongs.

use siphasher::sip::SipHasher13;

use crate::Slot;

/// A key with its slot and its hash, so that these are computed once.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) struct Name<'a> {
    pub key: &'a [u8],
    pub slot: u16,
    pub hash: u64,
}

/// SipHash-1-3 with the shard's seed: the same on all replicas, so that a scan
/// survives a change of the leader, and not known to clients, so that they
/// cannot choose keys that collide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::keys) struct Hasher {
    pub seed: u64,
}

impl Hasher {
    pub(in crate::keys) fn hash(self, key: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.seed, 0x006c_6f63_6b73_7465).hash(key)
    }

    pub(in crate::keys) fn name(self, key: &[u8]) -> Name<'_> {
        Name { key, slot: Slot::of(key).0, hash: self.hash(key) }
    }
}
