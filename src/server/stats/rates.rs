//! How much happens per second, over the last 1.6 seconds.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

const SAMPLES_MAX: usize = 17;

/// Counters that only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauges {
    /// Commands executed.
    pub commands: u64,
    /// Bytes from clients.
    pub bytes_in: u64,
    /// Bytes to clients.
    pub bytes_out: u64,
}

/// How much happens per second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PerSecond {
    /// Commands executed.
    pub commands: f64,
    /// Bytes from clients.
    pub bytes_in: f64,
    /// Bytes to clients.
    pub bytes_out: f64,
}

#[derive(Debug, Default)]
pub(super) struct Rates {
    samples: Mutex<VecDeque<(Instant, Gauges)>>,
    count: AtomicU64,
}

impl Rates {
    /// Takes a sample. True with every tenth.
    pub(super) fn sample(&self, now: Instant, gauges: Gauges) -> bool {
        let mut samples = self.samples.lock();
        if samples.len() == SAMPLES_MAX {
            samples.pop_front();
        }
        samples.push_back((now, gauges));
        self.count.fetch_add(1, Ordering::Relaxed).is_multiple_of(10)
    }

    pub(super) fn per_second(&self) -> PerSecond {
        let samples = self.samples.lock();
        let (Some(first), Some(last)) = (samples.front(), samples.back()) else {
            return PerSecond::default();
        };
        let seconds = last.0.duration_since(first.0).as_secs_f64();
        if seconds <= 0.0 {
            return PerSecond::default();
        }
        let rate = |from: u64, to: u64| to.saturating_sub(from) as f64 / seconds;
        PerSecond {
            commands: rate(first.1.commands, last.1.commands),
            bytes_in: rate(first.1.bytes_in, last.1.bytes_in),
            bytes_out: rate(first.1.bytes_out, last.1.bytes_out),
        }
    }

    pub(super) fn reset(&self) {
        self.samples.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn rates_forget_what_was_long_ago() {
        let rates = Rates::default();
        let start = Instant::now();
        for tenth in 0..100u64 {
            let commands = if tenth < 50 { tenth * 1000 } else { 50_000 + (tenth - 50) };
            let gauges = Gauges { commands, ..Gauges::default() };
            rates.sample(start + Duration::from_millis(100 * tenth), gauges);
        }
        let rate = rates.per_second().commands;
        assert!((9.9..10.1).contains(&rate), "{rate}");
    }

    #[test]
    fn one_sample_is_no_rate() {
        let rates = Rates::default();
        assert_eq!(rates.per_second(), PerSecond::default());
        rates.sample(Instant::now(), Gauges { commands: 5, ..Gauges::default() });
        assert_eq!(rates.per_second(), PerSecond::default());
    }
}
