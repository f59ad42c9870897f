//! LATENCY GRAPH and LATENCY DOCTOR: the samples for people.

use super::{Event, Latency};

const GRAPH_ROWS: u64 = 4;
const GRAPH_COLUMNS: usize = 80;

impl Event {
    /// The samples as bars, the newest on the right.
    pub fn graph(&self, name: &str, now_seconds: u64) -> String {
        let skip = self.samples.len().saturating_sub(GRAPH_COLUMNS);
        let samples: Vec<_> = self.samples.iter().skip(skip).collect();
        let high = samples.iter().map(|sample| sample.ms).max().unwrap_or(0);
        let low = samples.iter().map(|sample| sample.ms).min().unwrap_or(0);
        let worst = self.worst_ms;
        let mut graph =
            format!("{name} - high {high} ms, low {low} ms (all time high {worst} ms)\n");
        graph.push_str(&"-".repeat(GRAPH_COLUMNS));
        graph.push('\n');
        let span = (high - low).max(1);
        for row in (0..GRAPH_ROWS).rev() {
            let bars = samples.iter().map(|sample| {
                let height = (sample.ms - low).saturating_mul(GRAPH_ROWS - 1) / span;
                match height.cmp(&row) {
                    std::cmp::Ordering::Greater => '|',
                    std::cmp::Ordering::Equal if row == 0 => '_',
                    std::cmp::Ordering::Equal => '#',
                    std::cmp::Ordering::Less => ' ',
                }
            });
            graph.extend(bars);
            graph.push('\n');
        }
        graph.push('\n');
        let ages: Vec<_> = samples
            .iter()
            .map(|sample| age(now_seconds.saturating_sub(sample.at_seconds)))
            .collect();
        let rows = ages.iter().map(String::len).max().unwrap_or(0);
        for row in 0..rows {
            graph.extend(ages.iter().map(|age| age.chars().nth(row).unwrap_or(' ')));
            graph.push('\n');
        }
        graph
    }
}

fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

impl Latency {
    /// What the samples say, and what to do about it. `watching` is whether
    /// events are taken note of at all.
    pub fn doctor(&self, watching: bool) -> String {
        let events = self.all();
        if events.is_empty() && !watching {
            return "Nothing is watched: latency-monitor-threshold is 0. Set it to a number of \
                    milliseconds (CONFIG SET latency-monitor-threshold 100) and ask again later.\n"
                .to_owned();
        }
        if events.is_empty() {
            return "Nothing took longer than latency-monitor-threshold so far.\n".to_owned();
        }
        let mut report = "Some things took longer than latency-monitor-threshold:\n\n".to_owned();
        for (at, (name, event)) in events.iter().enumerate() {
            report.push_str(&format!("{}. {name}: {}\n", at + 1, summary(event)));
        }
        report.push_str("\nWhat may help:\n");
        for (name, advice) in ADVICE {
            if events.iter().any(|(event, _)| event == name) {
                report.push_str(&format!("- {advice}\n"));
            }
        }
        report
    }
}

fn summary(event: &Event) -> String {
    let count = event.samples.len() as u64;
    let sum: u64 = event.samples.iter().map(|sample| sample.ms).sum();
    let mean = sum / count.max(1);
    let deviation: u64 = event.samples.iter().map(|sample| sample.ms.abs_diff(mean)).sum();
    format!(
        "{count} seconds with spikes, {mean} ms on average (mean deviation {} ms), {} ms at worst.",
        deviation / count.max(1),
        event.worst_ms
    )
}

const ADVICE: &[(&str, &str)] = &[
    (
        "command",
        "SLOWLOG GET shows the slow commands with their words; those that touch many keys \
         (KEYS, FLUSHALL, long MGETs) can be split or replaced by SCAN.",
    ),
    (
        "fast-command",
        "Commands that should be fast waited for something: look at the load of the processors, \
         and for writes at the time of fsync (INFO persistence) and at --fsync.",
    ),
    (
        "fsync",
        "The disk is slow to make writes safe: a disk of its own for --dir helps, or \
         --fsync everysec if a second of writes may be lost.",
    ),
];

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Sample;
    use super::*;

    #[test]
    fn a_graph_has_a_column_for_each_sample() {
        let latency = Latency::default();
        for (at_seconds, ms) in [(100, 10), (130, 40)] {
            latency.add("command", Sample { at_seconds, ms });
        }
        let graph = latency.get(b"command").unwrap().graph("command", 190);
        let lines: Vec<&str> = graph.lines().collect();
        assert_eq!(lines[0], "command - high 40 ms, low 10 ms (all time high 40 ms)");
        assert_eq!(lines[2..6], [" #", " |", " |", "_|"]);
        assert_eq!(lines[7..], ["11", "mm"]);
    }

    #[test]
    fn the_doctor_tells_nothing_from_nothing_watched() {
        let latency = Latency::default();
        assert!(latency.doctor(false).contains("threshold is 0"));
        assert!(latency.doctor(true).contains("so far"));
        latency.add("command", Sample { at_seconds: 1, ms: 30 });
        let report = latency.doctor(true);
        assert!(report.contains("1. command: 1 seconds with spikes, 30 ms on average"), "{report}");
        assert!(report.contains("SLOWLOG GET"), "{report}");
    }
}
