//! What a run showed, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::Flags;
use crate::environment::Environment;
use crate::record::{self, Recorder, SLICE, Slice};
use crate::statistics::{Mean, of_batches};
use crate::workload::{Command, Counters};

/// Batches that throughput and mean latency are judged by, at least.
const BATCHES_MIN: usize = 20;
/// A generator of which one send in a hundred left later than this was too slow
/// for its schedule.
const LAG_P99_MAX: Duration = Duration::from_millis(5);

/// What a run showed.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What was run.
    pub flags: Flags,
    /// Where.
    pub environment: Environment,
    /// Operations that ended in the measured time.
    pub operations: u64,
    /// The measured time in seconds.
    pub seconds: f64,
    /// Operations per second.
    pub throughput: Mean,
    /// Mean latency of the operations, in microseconds.
    pub mean_us: Mean,
    /// From when an operation was due (open loop) or begun (closed loop) to its end.
    pub latency: Percentiles,
    /// From the send of a request to its reply.
    pub service: Percentiles,
    /// The same by command.
    pub by_command: BTreeMap<Command, Percentiles>,
    /// How the generator kept its schedule (open loop).
    pub schedule: Option<Schedule>,
    /// Error replies by their text.
    pub errors: BTreeMap<String, u64>,
    /// Operations without a last reply.
    pub unanswered: u64,
    /// What the workload checked.
    pub counters: Counters,
}

/// Percentiles in microseconds.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Percentiles {
    pub count: u64,
    pub p50: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub p99_9: f64,
    pub p99_99: f64,
    pub max: f64,
    pub mean: f64,
    pub stddev: f64,
}

/// How the generator kept its schedule.
#[derive(Clone, Debug, Serialize)]
pub struct Schedule {
    /// Operations per second that were due.
    pub rate: f64,
    /// How late sends were.
    pub lag: Percentiles,
    /// Operations that were due and not sent.
    pub dropped: u64,
    /// Whether the figures may be called those of an open loop.
    pub kept: bool,
}

impl Report {
    /// Of what was seen.
    pub fn new(flags: &Flags, environment: Environment, seen: Recorder) -> Self {
        let mut service = record::histogram();
        seen.commands.values().for_each(|part| record::add(&mut service, part));
        let measured = flags.timed().unwrap_or_else(|| seen.to_last_reply());
        let (throughput, mean_us) = means(&seen.slices, measured);
        Self {
            flags: flags.clone(),
            environment,
            operations: seen.slices.iter().map(|slice| slice.count).sum(),
            seconds: measured.as_secs_f64(),
            throughput,
            mean_us,
            latency: Percentiles::of(&seen.latency),
            service: Percentiles::of(&service),
            by_command: seen.commands.iter().map(|(c, h)| (*c, Percentiles::of(h))).collect(),
            schedule: flags.rate.map(|rate| Schedule::of(rate, &seen.lag, seen.dropped)),
            errors: seen.errors,
            unanswered: seen.unanswered,
            counters: seen.counters,
        }
    }

    /// Whether the figures may be used.
    pub fn sound(&self) -> bool {
        self.errors.is_empty()
            && self.unanswered == 0
            && self.counters.broken_promises() == 0
            && self.schedule.as_ref().is_none_or(|schedule| schedule.kept)
    }
}

impl Percentiles {
    fn of(seen: &Histogram<u64>) -> Self {
        let us = |nanos: f64| (nanos / 10.0).round() / 100.0;
        let at = |quantile: f64| us(seen.value_at_quantile(quantile) as f64);
        Self {
            count: seen.len(),
            p50: at(0.5),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
            p99_9: at(0.999),
            p99_99: at(0.9999),
            max: us(seen.max() as f64),
            mean: us(seen.mean()),
            stddev: us(seen.stdev()),
        }
    }
}

impl Schedule {
    fn of(rate: f64, lag: &Histogram<u64>, dropped: u64) -> Self {
        let late = Duration::from_nanos(lag.value_at_quantile(0.99));
        let kept = dropped == 0 && late <= LAG_P99_MAX && !lag.is_empty();
        Self { rate, lag: Percentiles::of(lag), dropped, kept }
    }
}

/// Throughput and mean latency from batches: whole seconds when there are enough,
/// else as many equal parts as are needed.
fn means(slices: &[Slice], measured: Duration) -> (Mean, Mean) {
    let seconds = measured.as_secs() as usize;
    let whole = (measured.as_nanos() / SLICE.as_nanos()) as usize;
    let per_batch = if seconds >= BATCHES_MIN {
        (Duration::from_secs(1).as_nanos() / SLICE.as_nanos()) as usize
    } else {
        (whole / BATCHES_MIN).max(1)
    };
    let mut padded = slices.to_vec();
    padded.resize(whole, Slice::default());
    let batches: Vec<(u64, u64)> = padded
        .chunks_exact(per_batch)
        .map(|batch| batch.iter().fold((0, 0), |sum, s| (sum.0 + s.count, sum.1 + s.nanos)))
        .collect();
    let length = per_batch as f64 * SLICE.as_secs_f64();
    let rates: Vec<f64> = batches.iter().map(|(count, _)| *count as f64 / length).collect();
    let times = batches.iter().filter(|(count, _)| *count > 0);
    let times: Vec<f64> = times.map(|(count, nanos)| *nanos as f64 / *count as f64 / 1e3).collect();
    (of_batches(&rates), of_batches(&times))
}

/// Writes the report.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json(report: &Report, path: &Path) -> io::Result<()> {
    serde_json::to_writer_pretty(File::create(path)?, report).map_err(io::Error::other)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let environment = &self.environment;
        writeln!(
            f,
            "{:?}, {} clients, {}, {}, {} x {}, {} build",
            self.flags.workload,
            self.flags.clients,
            self.loop_name(),
            environment.server,
            environment.processors,
            environment.processor,
            environment.build,
        )?;
        writeln!(
            f,
            "{} operations in {:.2} s: {:.0} +- {:.0} op/s (95 %, {} batches), mean {:.1} +- {:.1} us",
            self.operations,
            self.seconds,
            self.throughput.mean,
            self.throughput.half_width,
            self.throughput.batches,
            self.mean_us.mean,
            self.mean_us.half_width,
        )?;
        writeln!(
            f,
            "{:12} {:>10} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
            "us", "count", "p50", "p90", "p95", "p99", "p99.9", "p99.99", "max", "mean", "stddev"
        )?;
        line(f, "latency", &self.latency)?;
        if self.schedule.is_some() || self.by_command.len() > 1 {
            line(f, "service", &self.service)?;
            for (command, seen) in &self.by_command {
                line(f, &format!("  {command:?}").to_uppercase(), seen)?;
            }
        }
        self.problems(f)
    }
}

impl Report {
    fn loop_name(&self) -> String {
        match &self.schedule {
            None => format!("closed loop, {} in flight each", self.flags.pipeline),
            Some(schedule) if schedule.kept => {
                format!("open loop, {:?} at {:.0}/s", self.flags.arrival, schedule.rate)
            }
            Some(schedule) => format!(
                "NOT an open loop (the generator lagged behind its schedule of {:.0}/s)",
                schedule.rate
            ),
        }
    }

    fn problems(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schedule) = &self.schedule {
            line(f, "sent late by", &schedule.lag)?;
            writeln!(f, "not sent: {}", schedule.dropped)?;
        }
        let counts = self.counters.lines();
        if !counts.is_empty() {
            let parts: Vec<String> =
                counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            writeln!(f, "{}", parts.join(", "))?;
        }
        if self.unanswered > 0 {
            writeln!(f, "UNANSWERED: {}", self.unanswered)?;
        }
        for (text, count) in &self.errors {
            writeln!(f, "ERROR {count} x {text}")?;
        }
        if self.counters.broken_promises() > 0 {
            writeln!(f, "BROKEN PROMISES: {}", self.counters.broken_promises())?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, seen: &Percentiles) -> fmt::Result {
    let Percentiles { count, p50, p90, p95, p99, p99_9, p99_99, max, mean, stddev } = seen;
    write!(f, "{name:12} {count:>10}")?;
    for value in [p50, p90, p95, p99, p99_9, p99_99, max, mean, stddev] {
        write!(f, " {value:>9.1}")?;
    }
    writeln!(f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_is_cut_into_seconds_and_a_short_one_into_twenty_parts() {
        let slices = vec![Slice { count: 10, nanos: 10_000 }; 3_000];
        let (long, _) = means(&slices, Duration::from_secs(30));
        assert_eq!((long.batches, long.mean, long.half_width), (30, 1_000.0, 0.0));
        let (short, mean) = means(&slices[..100], Duration::from_secs(1));
        assert_eq!((short.batches, short.mean, mean.mean), (20, 1_000.0, 1.0));
    }

    #[test]
    fn a_silent_end_counts_against_the_throughput() {
        let slices = vec![Slice { count: 10, nanos: 10 }; 50];
        let (rate, _) = means(&slices, Duration::from_secs(1));
        assert_eq!(rate.mean, 500.0);
    }

    #[test]
    fn a_generator_that_was_late_keeps_no_open_loop() {
        let mut lag = record::histogram();
        lag.record_n(20_000, 1_000).expect("in bounds");
        assert!(Schedule::of(1.0, &lag, 0).kept);
        assert!(!Schedule::of(1.0, &lag, 1).kept);
        lag.record_n(50_000_000, 100).expect("in bounds");
        assert!(!Schedule::of(1.0, &lag, 0).kept);
    }
}
