//! Time as the machines are told of it.

use std::time::Duration;

use lockstep_core::wire::{Malformed, Wire};

/// A moment by the monotonic clock of one node, in nanoseconds. Never compared with
/// one of another node: what comes from there is only given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// So much later; at the end of time if that is not far enough.
    #[must_use]
    pub fn after(self, span: Duration) -> Time {
        Time(self.0.saturating_add(nanos(span)))
    }

    /// How long since an earlier moment; nothing if that is later.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl<'a> Wire<'a> for Time {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        u64::take(input).map(Time)
    }
}

/// How far the rate of a clock may be off, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Drift(pub u32);

impl Drift {
    /// One in a hundred; a clock that is being corrected runs 500 millionths off.
    pub const DEFAULT: Drift = Drift(10_000);

    /// A span that is surely over when `span` is over by another clock.
    pub fn shortened(self, span: Duration) -> Duration {
        span.saturating_sub(self.part_of(span))
    }

    /// A span that is surely not over before `span` is over by another clock.
    pub fn lengthened(self, span: Duration) -> Duration {
        span.saturating_add(self.part_of(span))
    }

    fn part_of(self, span: Duration) -> Duration {
        let part = u128::from(nanos(span)) * u128::from(self.0) / 1_000_000;
        Duration::from_nanos(u64::try_from(part).unwrap_or(u64::MAX))
    }
}

impl Default for Drift {
    fn default() -> Self {
        Drift::DEFAULT
    }
}

pub(crate) fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
