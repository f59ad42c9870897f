//! Latency events: what took longer than `latency-monitor-threshold`.

mod report;

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;

use crate::Node;
use crate::config::Setting;
use crate::session::Session;
use crate::slowlog::now_seconds;

/// So many samples are kept of each event.
pub const SAMPLES_MAX: usize = 160;

/// The latency events.
#[derive(Debug, Default)]
pub struct Latency {
    events: Mutex<BTreeMap<&'static str, Event>>,
}

/// What is known of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The worst ever, in milliseconds.
    pub worst_ms: u64,
    /// The last ones, oldest first.
    pub samples: VecDeque<Sample>,
}

/// The worst of an event in one second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// When, in seconds since the Unix epoch.
    pub at_seconds: u64,
    /// How long.
    pub ms: u64,
}

impl Latency {
    /// Takes note of an event of this node that took so long, if that is long.
    pub fn offer(&self, node: &Node, event: &'static str, micros: u64) {
        let threshold_ms = node.settings.number(Setting::LatencyMonitorThreshold);
        if threshold_ms > 0 && micros / 1000 >= threshold_ms {
            self.add(event, Sample { at_seconds: now_seconds(), ms: micros / 1000 });
        }
    }

    /// Takes note of the command that a session has just ended.
    pub fn offer_command(&self, node: &Node, session: &Session, micros: u64) {
        let command = session.client.last_command();
        let fast = command.is_some_and(|command| command.spec.is("fast"));
        self.offer(node, if fast { "fast-command" } else { "command" }, micros);
    }

    /// Adds a sample; of one second only the worst is kept.
    pub fn add(&self, event: &'static str, sample: Sample) {
        let mut events = self.events.lock();
        let event = events.entry(event).or_default();
        event.worst_ms = event.worst_ms.max(sample.ms);
        if let Some(last) = event.samples.back_mut()
            && last.at_seconds == sample.at_seconds
        {
            last.ms = last.ms.max(sample.ms);
            return;
        }
        if event.samples.len() == SAMPLES_MAX {
            event.samples.pop_front();
        }
        event.samples.push_back(sample);
    }

    /// All events, by name.
    pub fn all(&self) -> Vec<(&'static str, Event)> {
        self.events.lock().iter().map(|(name, event)| (*name, event.clone())).collect()
    }

    /// One event.
    pub fn get(&self, name: &[u8]) -> Option<Event> {
        let name = std::str::from_utf8(name).ok()?;
        self.events.lock().get(name).cloned()
    }

    /// Forgets the events with these names, or all; how many that were.
    pub fn reset(&self, names: &[&[u8]]) -> usize {
        let mut events = self.events.lock();
        let before = events.len();
        events.retain(|name, _| !names.is_empty() && !names.contains(&name.as_bytes()));
        before - events.len()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sample(at_seconds: u64, ms: u64) -> Sample {
        Sample { at_seconds, ms }
    }

    #[test]
    fn of_one_second_the_worst_is_kept() {
        let latency = Latency::default();
        for ms in [5, 9, 7] {
            latency.add("command", sample(1, ms));
        }
        latency.add("command", sample(2, 3));
        let event = latency.get(b"command").unwrap();
        assert_eq!(event.samples, [sample(1, 9), sample(2, 3)]);
        assert_eq!(event.worst_ms, 9);
    }

    #[test]
    fn old_samples_make_room() {
        let latency = Latency::default();
        for second in 0..200 {
            latency.add("command", sample(second, 1));
        }
        let event = latency.get(b"command").unwrap();
        assert_eq!(event.samples.len(), SAMPLES_MAX);
        assert_eq!(event.samples[0].at_seconds, 40);
    }

    #[test]
    fn a_reset_takes_the_named_events_or_all() {
        let latency = Latency::default();
        latency.add("command", sample(1, 1));
        latency.add("fast-command", sample(1, 1));
        assert_eq!(latency.reset(&[b"command", b"nope"]), 1);
        assert_eq!(latency.all().len(), 1);
        assert_eq!(latency.reset(&[]), 1);
        assert!(latency.all().is_empty());
    }
}
