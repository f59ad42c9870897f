//! NODE LIST.

use lockstep_commands::Reply;
use lockstep_core::ShardId;
use lockstep_core::cluster::NodeState;

use super::map;
use crate::cluster::topology::Member;
use crate::cluster::{Topology, names};
use crate::config::seeds::address;

/// The nodes, one map each.
pub fn table(seen: &Topology) -> Reply {
    Reply::Array(seen.nodes.iter().map(|member| row(seen, member)).collect())
}

fn row(seen: &Topology, member: &Member) -> Reply {
    let info = &member.info;
    let flag = |flag: bool| Reply::Int(flag.into());
    let myself = info.id == seen.me;
    map([
        ("id", Reply::bulk(names::text(info.id))),
        ("address", Reply::bulk(address(&info.host, info.port))),
        ("peer-port", Reply::Int(info.peer_port.into())),
        ("zone", Reply::bulk(&info.zone)),
        ("state", Reply::bulk(state(info.state))),
        ("reachable", flag(myself || member.reachable)),
        ("leads", numbers(&seen.led_by(info.id))),
        ("replicas", numbers(&seen.kept_by(info.id))),
        ("version", Reply::Int(info.version.into())),
        ("myself", flag(myself)),
    ])
}

fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Joining => "joining",
        NodeState::Up => "up",
        NodeState::Draining => "draining",
    }
}

fn numbers(shards: &[ShardId]) -> Reply {
    Reply::Array(shards.iter().map(|shard| Reply::Int(shard.0.into())).collect())
}
