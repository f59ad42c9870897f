//! What was measured.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use hdrhistogram::Histogram;

/// Longer than any message takes, in microseconds.
const MICROS_MAX: u64 = 60_000_000;

/// What all producers and consumers have seen.
pub struct Seen {
    begin: Instant,
    end: Instant,
    pushed: AtomicU64,
    acked: AtomicU64,
    /// Within the measured time.
    acked_then: AtomicU64,
    micros: Mutex<Histogram<u64>>,
}

impl Seen {
    /// Nothing yet.
    pub fn new(begin: Instant, end: Instant) -> Self {
        let micros = Histogram::new_with_bounds(1, MICROS_MAX, 3);
        Self {
            begin,
            end,
            pushed: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            acked_then: AtomicU64::new(0),
            micros: Mutex::new(micros.expect("bounds that hdrhistogram allows")),
        }
    }

    /// Whether producers may begin with another message.
    pub fn goes_on(&self) -> bool {
        Instant::now() < self.end
    }

    /// A message that was sent then has been confirmed.
    pub fn pushed(&self, sent: Instant) {
        self.pushed.fetch_add(1, Relaxed);
        if self.holds(sent) {
            let micros = u64::try_from(sent.elapsed().as_micros()).unwrap_or(MICROS_MAX);
            self.micros.lock().expect("no holder panics").saturating_record(micros);
        }
    }

    /// A message has been acknowledged.
    pub fn acked(&self) {
        self.acked.fetch_add(1, Relaxed);
        if self.holds(Instant::now()) {
            self.acked_then.fetch_add(1, Relaxed);
        }
    }

    /// Whether as much was taken as was pushed.
    pub fn is_drained(&self) -> bool {
        self.acked.load(Relaxed) >= self.pushed.load(Relaxed)
    }

    fn holds(&self, moment: Instant) -> bool {
        moment >= self.begin && moment < self.end
    }

    /// The figures as JSON.
    pub fn line(&self) -> String {
        let micros = self.micros.lock().expect("no holder panics");
        let seconds = self.end.duration_since(self.begin).as_secs_f64();
        let per_second = self.acked_then.load(Relaxed) as f64 / seconds;
        format!(
            "{{\"per_second\": {per_second:.1}, \"push_p50_us\": {}, \"push_p99_us\": {}, \
             \"pushed\": {}, \"acked\": {}}}",
            micros.value_at_quantile(0.5),
            micros.value_at_quantile(0.99),
            self.pushed.load(Relaxed),
            self.acked.load(Relaxed),
        )
    }
}
