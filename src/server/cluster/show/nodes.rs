//! CLUSTER NODES.

use std::fmt::Write;

use super::hostname;
use crate::cluster::topology::Member;
use crate::cluster::{Topology, names};

/// A line for every node: all are masters, with the ranges they lead.
pub fn nodes(seen: &Topology) -> String {
    seen.nodes.iter().map(|member| line(seen, member)).collect()
}

fn line(seen: &Topology, member: &Member) -> String {
    let info = &member.info;
    let mut line =
        format!("{} {}:{}@{}", names::text(info.id), info.host, info.port, info.peer_port);
    let mut add = |part: std::fmt::Arguments<'_>| {
        line.write_fmt(part).expect("a string takes everything");
    };
    if let Some(name) = hostname(info) {
        add(format_args!(",{name}"));
    }
    let myself = info.id == seen.me;
    let reachable = myself || member.reachable;
    add(format_args!(
        " {} - 0 0 {} {}",
        match (myself, reachable) {
            (true, _) => "myself,master",
            (false, true) => "master",
            (false, false) => "master,fail?",
        },
        seen.epoch,
        if reachable { "connected" } else { "disconnected" },
    ));
    for (from, to) in seen.ranges(info.id) {
        match from == to {
            true => add(format_args!(" {from}")),
            false => add(format_args!(" {from}-{to}")),
        }
    }
    line.push('\n');
    line
}
