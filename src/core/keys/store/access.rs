//! When and how often an item was used, for eviction.

use std::sync::atomic::{AtomicU32, Ordering};

/// The counter of a new item, so that it is not the first to go.
const NEW_COUNT: u32 = 5;

/// How slowly the counter grows (Redis' lfu-log-factor).
const LOG_FACTOR: u64 = 10;

/// The seconds are kept in 24 bits.
const SECONDS_MASK: u32 = 0x00FF_FFFF;

/// The second of the last use (24 bits) and a logarithmic counter of uses
/// (8 bits) that falls by one each minute. Kept by each replica for itself.
#[derive(Debug)]
pub(in crate::keys) struct Access(AtomicU32);

impl Access {
    /// Used now for the first time.
    pub(in crate::keys) fn new(now_ms: u64) -> Self {
        Access(AtomicU32::new(pack(seconds(now_ms), NEW_COUNT)))
    }

    /// As a snapshot or RESTORE gives it.
    pub(in crate::keys) fn from_bits(bits: u32) -> Self {
        Access(AtomicU32::new(bits))
    }

    /// Unused for so many seconds.
    pub(in crate::keys) fn set_idle(&self, now_ms: u64, idle_s: u64) {
        let last = seconds(now_ms).wrapping_sub(idle_s as u32) & SECONDS_MASK;
        self.0.store(pack(last, self.bits() & 0xFF), Ordering::Relaxed);
    }

    /// Used so often, on the logarithmic scale.
    pub(in crate::keys) fn set_count(&self, now_ms: u64, count: u8) {
        self.0.store(pack(seconds(now_ms), u32::from(count)), Ordering::Relaxed);
    }

    pub(in crate::keys) fn bits(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Notes a use. `hash` is any number of the item's own: the counter grows by
    /// chance, and core draws no random numbers.
    pub(in crate::keys) fn touch(&self, now_ms: u64, hash: u64) {
        let before = self.bits();
        let count = grown(decayed(before, now_ms), hash ^ now_ms ^ u64::from(before));
        let after = pack(seconds(now_ms), count);
        if after != before {
            self.0.store(after, Ordering::Relaxed);
        }
    }

    pub(in crate::keys) fn idle_s(&self, now_ms: u64) -> u32 {
        idle_s(self.bits(), now_ms)
    }

    pub(in crate::keys) fn count(&self, now_ms: u64) -> u32 {
        decayed(self.bits(), now_ms)
    }
}

impl Clone for Access {
    fn clone(&self) -> Self {
        Access::from_bits(self.bits())
    }
}

/// Seconds since the last use.
fn idle_s(bits: u32, now_ms: u64) -> u32 {
    seconds(now_ms).wrapping_sub(bits >> 8) & SECONDS_MASK
}

fn seconds(now_ms: u64) -> u32 {
    (now_ms / 1000) as u32 & SECONDS_MASK
}

fn pack(seconds: u32, count: u32) -> u32 {
    (seconds << 8) | (count & 0xFF)
}

/// The counter, less the minutes that began since the last use.
fn decayed(bits: u32, now_ms: u64) -> u32 {
    let idle = idle_s(bits, now_ms);
    let minutes = (idle + (bits >> 8) % 60) / 60;
    (bits & 0xFF).saturating_sub(minutes)
}

fn grown(count: u32, chance: u64) -> u32 {
    if count == 255 {
        return count;
    }
    let one_in = u64::from(count.saturating_sub(NEW_COUNT)) * LOG_FACTOR + 1;
    if mix(chance).is_multiple_of(one_in) { count + 1 } else { count }
}

/// Spreads the bits of a number (the finalizer of SplitMix64).
pub(in crate::keys) fn mix(number: u64) -> u64 {
    let number = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_is_counted_in_seconds() {
        let access = Access::new(10_000);
        assert_eq!(access.idle_s(73_999), 63);
        access.touch(73_999, 1);
        assert_eq!(access.idle_s(74_500), 1);
        access.set_idle(74_500, 1000);
        assert_eq!(access.idle_s(74_500), 1000);
    }

    #[test]
    fn the_counter_grows_ever_slower_and_falls_each_minute() {
        let access = Access::new(0);
        for ms in 0..10_000 {
            access.touch(ms, 7);
        }
        let busy = access.count(10_000);
        assert!((30..=80).contains(&busy), "{busy}");
        assert_eq!(access.count(10_000 + 5 * 60_000), busy - 5);
        assert_eq!(access.count(10_000 + 500 * 60_000), 0);
    }
}
