//! CLUSTER SHARDS.

use lockstep_commands::Reply;

use super::{hostname, map};
use crate::cluster::topology::Member;
use crate::cluster::{Topology, names};

/// Every node as a group of slots of its own: those it leads, perhaps none.
pub fn shards(seen: &Topology) -> Reply {
    Reply::Array(seen.nodes.iter().map(|member| shard(seen, member)).collect())
}

fn shard(seen: &Topology, member: &Member) -> Reply {
    let ranges = seen.ranges(member.info.id);
    let slots = ranges.into_iter().flat_map(|(from, to)| [from, to]);
    map([
        ("slots", Reply::Array(slots.map(|slot| Reply::Int(slot.into())).collect())),
        ("nodes", Reply::Array(vec![node(seen, member)])),
    ])
}

fn node(seen: &Topology, member: &Member) -> Reply {
    let info = &member.info;
    let applied = if info.id == seen.me { seen.applied } else { 0 };
    let mut fields = vec![
        ("id", Reply::bulk(names::text(info.id))),
        ("port", Reply::Int(info.port.into())),
        ("ip", Reply::bulk(&info.host)),
        ("endpoint", Reply::bulk(&info.host)),
    ];
    fields.extend(hostname(info).map(|name| ("hostname", Reply::bulk(name))));
    fields.extend([
        ("role", Reply::bulk("master")),
        ("replication-offset", Reply::Int(i64::try_from(applied).unwrap_or(i64::MAX))),
        ("health", Reply::bulk(if member.reachable { "online" } else { "failed" })),
    ]);
    map(fields)
}
