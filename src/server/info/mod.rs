//! INFO: the node's state as lines of text, in the format of Redis.

mod cache;
mod clients;
mod memory;
mod page;
mod persistence;
mod queues;
mod replication;
mod server;
pub(crate) mod shards;
mod stats;
mod system;

use lockstep_commands::Reply;

use crate::Node;
pub use memory::{Memory, used_memory};
use page::Page;
pub use replication::replicas;

/// The version of Redis whose commands are spoken.
pub const REDIS_VERSION: &str = "7.4.0";

/// Adds a section's lines to a page.
type Fill = fn(&Node, &mut Page);

struct Section {
    /// What clients ask for.
    name: &'static str,
    /// What stands above it.
    title: &'static str,
    /// Whether it is there when nothing is asked for.
    default: bool,
    fill: Fill,
}

static SECTIONS: &[Section] = &[
    Section { name: "server", title: "Server", default: true, fill: server::fill },
    Section { name: "clients", title: "Clients", default: true, fill: clients::fill },
    Section { name: "memory", title: "Memory", default: true, fill: memory::fill },
    Section { name: "persistence", title: "Persistence", default: true, fill: persistence::fill },
    Section { name: "stats", title: "Stats", default: true, fill: stats::fill },
    Section { name: "replication", title: "Replication", default: true, fill: replication::fill },
    Section { name: "cpu", title: "CPU", default: true, fill: system::fill_cpu },
    Section { name: "modules", title: "Modules", default: true, fill: |_, _| {} },
    Section {
        name: "commandstats",
        title: "Commandstats",
        default: false,
        fill: stats::fill_commands,
    },
    Section { name: "errorstats", title: "Errorstats", default: true, fill: stats::fill_errors },
    Section {
        name: "latencystats",
        title: "Latencystats",
        default: false,
        fill: stats::fill_latencies,
    },
    Section { name: "cluster", title: "Cluster", default: true, fill: replication::fill_cluster },
    Section {
        name: "lockstep",
        title: "Lockstep",
        default: true,
        fill: replication::fill_lockstep,
    },
    Section { name: "locks", title: "Locks", default: true, fill: replication::fill_locks },
    Section { name: "queues", title: "Queues", default: true, fill: queues::fill },
    Section { name: "cache", title: "Cache", default: true, fill: cache::fill },
    Section { name: "coherence", title: "Coherence", default: true, fill: cache::fill_coherence },
    Section { name: "keyspace", title: "Keyspace", default: true, fill: stats::fill_keyspace },
];

/// INFO with these words.
pub fn reply(node: &Node, sections: &[&[u8]]) -> Reply {
    Reply::Verbatim(text(node, sections))
}

/// The sections that are asked for, in the order of the table.
pub fn text(node: &Node, sections: &[&[u8]]) -> String {
    let mut page = Page::default();
    for section in SECTIONS.iter().filter(|section| wanted(section, sections)) {
        page.section(section.title);
        (section.fill)(node, &mut page);
    }
    page.into_text()
}

fn wanted(section: &Section, asked: &[&[u8]]) -> bool {
    let is = |word: &[u8], name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    if asked.is_empty() {
        return section.default;
    }
    asked.iter().any(|word| {
        is(word, section.name)
            || is(word, "everything")
            || (is(word, "all") && section.name != "modules")
            || (is(word, "default") && section.default)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(asked: &[&str]) -> Vec<&'static str> {
        let asked: Vec<&[u8]> = asked.iter().map(|word| word.as_bytes()).collect();
        let wanted = SECTIONS.iter().filter(|section| wanted(section, &asked));
        wanted.map(|section| section.name).collect()
    }

    #[test]
    fn long_sections_are_there_when_asked_for() {
        assert!(!names(&[]).contains(&"commandstats"));
        assert_eq!(names(&["default"]), names(&[]));
        assert!(names(&["all"]).contains(&"latencystats"));
        assert!(!names(&["all"]).contains(&"modules"));
        assert_eq!(names(&["everything"]).len(), SECTIONS.len());
    }

    #[test]
    fn sections_come_in_their_own_order_and_unknown_ones_not_at_all() {
        assert_eq!(names(&["CPU", "server", "foo", "server"]), ["server", "cpu"]);
        assert!(names(&["foo"]).is_empty());
    }
}
