//! LATENCY.

use lockstep_commands::here::Latency;
use lockstep_commands::{Command, Reply, error, table};

use crate::Node;
use crate::config::Setting;
use crate::latency::{Event, Sample};
use crate::slowlog::now_seconds;
use crate::stats::Usage;

/// Executes a subcommand of LATENCY.
pub(super) fn run(node: &Node, command: &Latency<'_>) -> Reply {
    match command {
        Latency::Latest => {
            let events = node.latency.all().into_iter();
            Reply::Array(events.map(|(name, event)| latest(name, &event)).collect())
        }
        Latency::History(name) => {
            let samples = node.latency.get(name).unwrap_or_default().samples;
            Reply::Array(samples.into_iter().map(pair).collect())
        }
        Latency::Reset(names) => number(node.latency.reset(names) as u64),
        Latency::Graph(name) => match node.latency.get(name) {
            Some(event) => {
                let graph = event.graph(&String::from_utf8_lossy(name), now_seconds());
                Reply::Verbatim(graph)
            }
            None => error::no_latency_samples(name).into(),
        },
        Latency::Doctor => {
            let watching = node.settings.number(Setting::LatencyMonitorThreshold) > 0;
            Reply::Verbatim(node.latency.doctor(watching))
        }
        Latency::Histogram(names) => Reply::Map(histograms(node, names)),
    }
}

fn latest(name: &str, event: &Event) -> Reply {
    let last = event.samples.back().copied().unwrap_or(Sample { at_seconds: 0, ms: 0 });
    Reply::Array(vec![
        Reply::bulk(name),
        number(last.at_seconds),
        number(last.ms),
        number(event.worst_ms),
    ])
}

fn pair(sample: Sample) -> Reply {
    Reply::Array(vec![number(sample.at_seconds), number(sample.ms)])
}

/// Of each command that was called: of all, or of those that are named. The name
/// of a container stands for its subcommands.
fn histograms(node: &Node, names: &[&[u8]]) -> Vec<(Reply, Reply)> {
    let used = if names.is_empty() {
        node.stats.commands()
    } else {
        let named = names.iter().filter_map(|name| table::by_name(name));
        let each = named.flat_map(|it| std::iter::once(it).chain(it.subcommands));
        each.map(|command| (command, node.stats.command(command))).collect()
    };
    let called = used.into_iter().filter(|(_, usage)| usage.calls > 0);
    called.map(|(command, usage)| histogram(command, &usage)).collect()
}

fn histogram(command: &Command, usage: &Usage) -> (Reply, Reply) {
    let buckets = usage.histogram.cumulative().into_iter();
    let buckets = buckets.map(|(micros, count)| (number(micros), number(count))).collect();
    let fields = vec![
        (Reply::bulk("calls"), number(usage.histogram.count())),
        (Reply::bulk("histogram_usec"), Reply::Map(buckets)),
    ];
    (Reply::bulk(command.spec.name), Reply::Map(fields))
}

fn number(number: u64) -> Reply {
    Reply::Int(i64::try_from(number).unwrap_or(i64::MAX))
}
