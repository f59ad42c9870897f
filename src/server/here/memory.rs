//! MEMORY.

use lockstep_commands::Reply;
use lockstep_commands::here::Memory;

use crate::Node;
use crate::info::Memory as Usage;

/// Executes a subcommand of MEMORY.
pub(super) fn run(node: &Node, command: Memory) -> Reply {
    match command {
        Memory::Stats => stats(&Usage::of(node)),
        Memory::Doctor => Reply::Verbatim(doctor(&Usage::of(node))),
        // The allocator gives memory back by itself.
        Memory::Purge => Reply::Ok,
        Memory::MallocStats => {
            Reply::Verbatim("The allocator (mimalloc) keeps no statistics here.\n".to_owned())
        }
    }
}

fn stats(usage: &Usage) -> Reply {
    let numbers = [
        ("peak.allocated", usage.peak),
        ("total.allocated", usage.used),
        ("startup.allocated", 0),
        ("replication.backlog", 0),
        ("clients.slaves", 0),
        ("clients.normal", usage.clients),
        ("cluster.links", 0),
        ("aof.buffer", usage.log_buffers),
        ("lua.caches", 0),
        ("functions.caches", 0),
        ("overhead.total", usage.overhead()),
        ("keys.count", usage.keys),
        ("keys.bytes-per-key", usage.dataset / usage.keys.max(1)),
        ("dataset.bytes", usage.dataset),
    ];
    let ratios = [
        ("dataset.percentage", usage.dataset_percent()),
        ("peak.percentage", usage.peak_percent()),
    ];
    let rest = [
        ("allocator.allocated", usage.used),
        ("allocator.active", usage.rss),
        ("allocator.resident", usage.rss),
    ];
    let fragmentation = [("fragmentation", usage.fragmentation_ratio())];
    let number = |(name, number): (&str, u64)| {
        (Reply::bulk(name), Reply::Int(i64::try_from(number).unwrap_or(i64::MAX)))
    };
    let ratio = |(name, ratio): (&str, f64)| (Reply::bulk(name), Reply::Double(ratio));
    let mut fields: Vec<(Reply, Reply)> = numbers.into_iter().map(number).collect();
    fields.extend(ratios.into_iter().map(ratio));
    fields.extend(rest.into_iter().map(number));
    fields.extend(fragmentation.into_iter().map(ratio));
    let more = usage.rss.saturating_sub(usage.used);
    fields.push(number(("fragmentation.bytes", more)));
    Reply::Map(fields)
}

/// Below this nothing can be said.
const LITTLE_BYTES: u64 = 5 << 20;

fn doctor(usage: &Usage) -> String {
    if usage.used < LITTLE_BYTES {
        return "There is too little data to say anything about memory.\n".to_owned();
    }
    let mut report = String::new();
    if usage.fragmentation_ratio() > 1.5 {
        report.push_str(
            "- The process takes far more memory than its data: after many keys were removed \
             or shrank this is normal and the room is used again.\n",
        );
    }
    if usage.limit > 0 && usage.used > usage.limit / 100 * 90 {
        report.push_str(
            "- More than 90 % of maxmemory is used: raise it, add an expiry to keys, or choose \
             an eviction policy (CONFIG SET maxmemory-policy).\n",
        );
    }
    if usage.clients > usage.used / 2 {
        report.push_str(
            "- Clients' buffers take more than the data: CLIENT LIST shows whose (omem, qbuf).\n",
        );
    }
    if report.is_empty() { "Nothing to complain about.\n".to_owned() } else { report }
}
