//! Which keys the home itself has read since they were written last.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// How many groups of keys are told apart.
const GROUPS: u64 = 1 << 16;

/// One bit for each group of keys: whether the directory knows that the home has read
/// one of them. A bit that is wrong costs a look at the directory, or leaves the home's
/// own letter out; it decides nothing.
#[derive(Debug)]
pub(super) struct Noted(Box<[AtomicU64]>);

impl Default for Noted {
    fn default() -> Self {
        Noted((0..GROUPS / 64).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Noted {
    /// Whether a key is noted.
    pub(super) fn has(&self, hash: u64) -> bool {
        let (at, bit) = place(hash);
        self.0[at].load(Relaxed) & bit != 0
    }

    /// Notes a key.
    pub(super) fn add(&self, hash: u64) {
        let (at, bit) = place(hash);
        self.0[at].fetch_or(bit, Relaxed);
    }

    /// A key is written.
    pub(super) fn remove(&self, hash: u64) {
        let (at, bit) = place(hash);
        if self.0[at].load(Relaxed) & bit != 0 {
            self.0[at].fetch_and(!bit, Relaxed);
        }
    }

    /// All keys are.
    pub(super) fn clear(&self) {
        self.0.iter().for_each(|word| word.store(0, Relaxed));
    }
}

fn place(hash: u64) -> (usize, u64) {
    let group = hash % GROUPS;
    ((group / 64) as usize, 1 << (group % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_noted_until_it_is_written() {
        let noted = Noted::default();
        noted.add(77);
        assert!(noted.has(77) && !noted.has(78));
        noted.remove(77);
        assert!(!noted.has(77));
        noted.add(5);
        noted.clear();
        assert!(!noted.has(5));
    }
}
