//! CLUSTER SLOTS.

use lockstep_commands::Reply;
use lockstep_core::NodeId;

use crate::cluster::topology::Range;
use crate::cluster::{Topology, names};

/// Every range that is led, with its leader and nobody else: an address that
/// stood for the master of one range and the replica of another would make
/// clients count one of the two only.
pub fn slots(seen: &Topology) -> Reply {
    let range = |((from, to), leader): (Range, NodeId)| {
        let member = seen.member(leader)?;
        let node = Reply::Array(vec![
            Reply::bulk(&member.info.host),
            Reply::Int(member.info.port.into()),
            Reply::bulk(names::text(leader)),
            Reply::Array(Vec::new()),
        ]);
        Some(Reply::Array(vec![Reply::Int(i64::from(from)), Reply::Int(i64::from(to)), node]))
    };
    Reply::Array(seen.led_ranges().into_iter().filter_map(range).collect())
}
