//! Names that are not worth asking for a copy of.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use lockstep_cache::Time;

/// How many are remembered at most.
const PLACES: usize = 4_096;
/// For how long.
const SKIPPED_FOR: Duration = Duration::from_secs(1);

/// Names of which the home gave no copy lately: what they hold is of another type, or
/// too long. One takes the place of another; then it is asked for in vain once more.
#[derive(Debug)]
pub(super) struct Skips(Box<[AtomicU64]>);

impl Default for Skips {
    fn default() -> Self {
        Skips((0..PLACES).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Skips {
    /// Nobody asks for this one for a while.
    pub(super) fn add(&self, hash: u64, now: Time) {
        self.0[place(hash)].store(word(hash, now.after(SKIPPED_FOR)), Relaxed);
    }

    /// Whether it is in vain to ask.
    pub(super) fn has(&self, hash: u64, now: Time) -> bool {
        let found = self.0[place(hash)].load(Relaxed);
        found >> 32 == hash >> 32
            && found & u64::from(u32::MAX) > word(hash, now) & u64::from(u32::MAX)
    }
}

fn place(hash: u64) -> usize {
    (hash % PLACES as u64) as usize
}

/// Half of the hash, and the time in milliseconds.
fn word(hash: u64, time: Time) -> u64 {
    (hash >> 32 << 32) | ((time.0 / 1_000_000) & u64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_skipped_for_a_while_and_no_other_one() {
        let skips = Skips::default();
        let now = Time(5_000_000_000);
        let (hash, other) = (7 << 32 | 3, 8 << 32 | 3);
        assert!(!skips.has(hash, now));
        skips.add(hash, now);
        assert!(skips.has(hash, now) && !skips.has(other, now));
        assert!(skips.has(hash, now.after(Duration::from_millis(900))));
        assert!(!skips.has(hash, now.after(SKIPPED_FOR)));
    }
}
