//! What one thread has seen.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::workload::{Command, Counters};

/// The width of the slices that throughput is counted in.
pub const SLICE: Duration = Duration::from_millis(10);
const NANOS_LOW: u64 = 1_000;
const NANOS_HIGH: u64 = 3_600_000_000_000;
const DIGITS: u8 = 3;
/// Different error texts that are told apart.
const ERRORS_MAX: usize = 16;

/// The part of a run that counts.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The end of the warm-up.
    pub from: Instant,
    /// No operation starts after it.
    pub until: Instant,
}

impl Window {
    /// Whether an operation that was due at this moment counts.
    pub fn holds(&self, moment: Instant) -> bool {
        moment >= self.from && moment < self.until
    }
}

/// Operations that ended within one [`SLICE`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Slice {
    /// How many.
    pub count: u64,
    /// The sum of their latencies in nanoseconds.
    pub nanos: u64,
}

/// What one thread has seen. All times are nanoseconds.
#[derive(Debug)]
pub struct Recorder {
    window: Window,
    /// From when an operation was due to its last reply.
    pub latency: Histogram<u64>,
    /// From the send of a request to its reply, by command.
    pub commands: BTreeMap<Command, Histogram<u64>>,
    /// From when a request was due to when it was sent (open loop).
    pub lag: Histogram<u64>,
    /// Operations by the slice they ended in.
    pub slices: Vec<Slice>,
    /// Error replies by their text.
    pub errors: BTreeMap<String, u64>,
    /// Operations that were due but could not be handed to a connection.
    pub dropped: u64,
    /// Operations that had no last reply when the run ended.
    pub unanswered: u64,
    /// The moment of the last reply that counts.
    pub ended: Option<Instant>,
    /// What the workload checked.
    pub counters: Counters,
}

impl Recorder {
    /// An empty one.
    pub fn new(window: Window) -> Self {
        Self {
            window,
            latency: histogram(),
            commands: BTreeMap::new(),
            lag: histogram(),
            slices: Vec::new(),
            errors: BTreeMap::new(),
            dropped: 0,
            unanswered: 0,
            ended: None,
            counters: Counters::default(),
        }
    }

    /// An operation ended now.
    pub fn operation(&mut self, due: Instant, now: Instant) {
        let nanos = nanos(due, now);
        if self.window.holds(due) {
            self.latency.saturating_record(nanos);
        }
        if self.window.holds(now) {
            let slice =
                (now.duration_since(self.window.from).as_nanos() / SLICE.as_nanos()) as usize;
            if slice >= self.slices.len() {
                self.slices.resize(slice + 1, Slice::default());
            }
            self.slices[slice].count += 1;
            self.slices[slice].nanos += nanos;
            self.ended = self.ended.max(Some(now));
        }
    }

    /// A request was answered now.
    pub fn request(&mut self, command: Command, sent: Instant, now: Instant) {
        if self.window.holds(sent) {
            let seen = self.commands.entry(command).or_insert_with(histogram);
            seen.saturating_record(nanos(sent, now));
        }
    }

    /// A request that was due then was sent now.
    pub fn sent(&mut self, due: Instant, now: Instant) {
        if self.window.holds(due) {
            self.lag.saturating_record(nanos(due, now));
        }
    }

    /// An error reply. What it quotes is left out, so that equal errors stay equal.
    pub fn error(&mut self, text: &str) {
        let text = text.split(" '").next().unwrap_or(text);
        let known = self.errors.contains_key(text) || self.errors.len() < ERRORS_MAX;
        let name = if known { text } else { "other errors" };
        *self.errors.entry(name.to_owned()).or_default() += 1;
    }

    /// Takes over what another thread has seen.
    pub fn merge(&mut self, other: Recorder) {
        add(&mut self.latency, &other.latency);
        add(&mut self.lag, &other.lag);
        for (command, seen) in &other.commands {
            add(self.commands.entry(*command).or_insert_with(histogram), seen);
        }
        self.slices.resize(self.slices.len().max(other.slices.len()), Slice::default());
        for (mine, theirs) in self.slices.iter_mut().zip(&other.slices) {
            mine.count += theirs.count;
            mine.nanos += theirs.nanos;
        }
        for (text, count) in other.errors {
            *self.errors.entry(text).or_default() += count;
        }
        self.dropped += other.dropped;
        self.unanswered += other.unanswered;
        self.ended = self.ended.max(other.ended);
        self.counters.add(&other.counters);
    }

    /// The time to the last reply, for a run that ends with its work.
    pub fn to_last_reply(&self) -> Duration {
        let end = self.ended.unwrap_or(self.window.from);
        end.saturating_duration_since(self.window.from)
    }
}

/// An empty histogram, three digits, from 1 us to an hour.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(NANOS_LOW, NANOS_HIGH, DIGITS).expect("the bounds are in order")
}

/// Adds one histogram to another of the same bounds.
pub fn add(to: &mut Histogram<u64>, from: &Histogram<u64>) {
    to.add(from).expect("all histograms have the same bounds");
}

fn nanos(from: Instant, to: Instant) -> u64 {
    u64::try_from(to.saturating_duration_since(from).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder() -> (Recorder, Instant) {
        let from = Instant::now();
        (Recorder::new(Window { from, until: from + Duration::from_secs(1) }), from)
    }

    #[test]
    fn what_was_due_in_the_window_counts_even_if_answered_late() {
        let (mut seen, from) = recorder();
        seen.operation(from + Duration::from_millis(900), from + Duration::from_millis(3_900));
        assert_eq!(seen.latency.len(), 1);
        assert!(seen.latency.max() >= 2_990_000_000);
    }

    #[test]
    fn the_warm_up_does_not_count() {
        let from = Instant::now() + Duration::from_secs(5);
        let mut seen = Recorder::new(Window { from, until: from + Duration::from_secs(1) });
        seen.operation(Instant::now(), Instant::now());
        assert_eq!((seen.latency.len(), seen.slices.len()), (0, 0));
    }

    #[test]
    fn two_threads_are_added_up() {
        let (mut one, from) = recorder();
        let mut other = Recorder::new(one.window);
        for seen in [&mut one, &mut other] {
            seen.operation(from, from + Duration::from_millis(25));
            seen.error("ERR no 'word'");
        }
        one.merge(other);
        assert_eq!((one.latency.len(), one.slices[2].count, one.errors["ERR no"]), (2, 2, 2));
    }
}
