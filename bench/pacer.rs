//! The schedule of an open loop.
//!
//! A thread of its own sleeps from one due time to the next, because the timers
//! of the runtime are no finer than a millisecond, and hands each due time to a
//! connection, in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::mpsc;

use crate::flags::{Arrival, Flags};
use crate::record::Window;

/// Due operations that a connection may be behind with.
pub const BEHIND_MAX: usize = 100_000;
/// Shorter sleeps cost more processor time than they gain in precision.
const NAP: Duration = Duration::from_micros(50);

/// The due times for one connection.
pub type Due = mpsc::Receiver<Instant>;

/// Hands out due times until the window closes. Gives the connections' ends.
pub fn start(
    flags: &Flags,
    begin: Instant,
    window: Window,
    dropped: Arc<AtomicU64>,
) -> Vec<Option<Due>> {
    let Some(rate) = flags.rate else { return Vec::new() };
    // Consumers take what there is.
    let producers = flags.workload.has_producers().then(|| flags.producers());
    let paced = producers.unwrap_or(flags.clients);
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..paced).map(|_| mpsc::channel(BEHIND_MAX)).unzip();
    let schedule = Schedule {
        next: begin,
        gap: 1.0 / rate,
        arrival: flags.arrival,
        random: SmallRng::seed_from_u64(flags.seed),
    };
    std::thread::spawn(move || pace(schedule, &senders, window, &dropped));
    receivers.into_iter().map(Some).collect()
}

fn pace(
    schedule: Schedule,
    senders: &[mpsc::Sender<Instant>],
    window: Window,
    dropped: &AtomicU64,
) {
    let due = schedule.take_while(|due| *due < window.until);
    for (due, sender) in due.zip(senders.iter().cycle()) {
        let now = Instant::now();
        if due > now {
            std::thread::sleep((due - now).max(NAP));
        }
        // A closed connection has counted its own end as an error.
        if let Err(mpsc::error::TrySendError::Full(_)) = sender.try_send(due)
            && window.holds(due)
        {
            dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The due times, in order.
#[derive(Debug)]
struct Schedule {
    next: Instant,
    gap: f64,
    arrival: Arrival,
    random: SmallRng,
}

impl Iterator for Schedule {
    type Item = Instant;

    fn next(&mut self) -> Option<Instant> {
        let due = self.next;
        let gap = match self.arrival {
            Arrival::Constant => self.gap,
            Arrival::Poisson => -self.gap * (1.0 - self.random.random::<f64>()).ln(),
        };
        self.next += Duration::from_secs_f64(gap);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_gap(arrival: Arrival) -> f64 {
        let begin = Instant::now();
        let random = SmallRng::seed_from_u64(1);
        let mut schedule = Schedule { next: begin, gap: 0.001, arrival, random };
        let last = schedule.nth(100_000).unwrap_or(begin);
        last.duration_since(begin).as_secs_f64() / 100_000.0
    }

    #[test]
    fn both_arrivals_keep_the_rate() {
        assert!((mean_gap(Arrival::Constant) - 0.001).abs() < 1e-6);
        assert!((mean_gap(Arrival::Poisson) - 0.001).abs() < 2e-5);
    }
}
