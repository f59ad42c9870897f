//! Whether a node lives and whether it is ready, check by check.

use lockstep_raft::Health;

use crate::Node;

/// One thing that must be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is looked at.
    pub name: &'static str,
    /// Whether it is right.
    pub fine: bool,
    /// What was found.
    pub found: String,
}

impl Check {
    fn new(name: &'static str, fine: bool, found: impl Into<String>) -> Check {
        Check { name, fine, found: found.into() }
    }
}

/// Whether the process turns its wheels. Never depends on other nodes: whoever
/// restarts what does not live would otherwise restart a minority.
pub fn live(node: &Node) -> Vec<Check> {
    vec![log(node)]
}

/// Whether clients should be sent here.
pub fn ready(node: &Node) -> Vec<Check> {
    let health = node.shards.host().health();
    vec![log(node), disk(node), cluster(node, &health), shards(&health), running(node, &health)]
}

fn log(node: &Node) -> Check {
    let failed = node.shards.log().failed();
    let found = failed.as_ref().map_or_else(|| "takes writes".to_owned(), ToString::to_string);
    Check::new("log", failed.is_none(), found)
}

fn disk(node: &Node) -> Check {
    let full = node.shards.disk_full();
    Check::new("disk", !full, if full { "the log has no room" } else { "the log has room" })
}

fn cluster(node: &Node, health: &Health) -> Check {
    if health.removed {
        return Check::new("cluster", false, "this node was removed from the cluster");
    }
    if !health.founded {
        return Check::new("cluster", false, node.shards.not_formed());
    }
    let missing: Vec<String> = health.missing.iter().map(|node| node.client_address()).collect();
    let found = match &missing[..] {
        [] => "all nodes can be reached".to_owned(),
        missing => format!("{} cannot be reached", missing.join(", ")),
    };
    // The others may well do without those.
    Check::new("cluster", true, found)
}

fn shards(health: &Health) -> Check {
    let led = health.shards.iter().filter(|shard| shard.leader.is_some()).count();
    let all = health.shards.len();
    let without: Vec<String> = health
        .shards
        .iter()
        .filter(|shard| shard.leader.is_none())
        .map(|shard| shard.shard.0.to_string())
        .collect();
    let mut found = format!("{led} of {all} have a leader");
    if !without.is_empty() {
        found.push_str(&format!(", not {}", without.join(", ")));
    } else if !health.quorum {
        found.push_str(", not all of them can be reached");
    }
    Check::new("shards", health.quorum, found)
}

fn running(node: &Node, health: &Health) -> Check {
    let stopping = *node.stop.borrow();
    let found = match (stopping, health.draining) {
        (true, _) => "the node is stopping",
        (_, true) => "the node is draining",
        _ => "the node is running",
    };
    Check::new("running", !stopping && !health.draining, found)
}
