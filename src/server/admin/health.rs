//! Whether a node lives and whether it is ready, check by check.

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

/// Whether the process turns its wheels. Never depends on other nodes: whoever
/// restarts what does not live would otherwise restart a minority.
pub fn live(node: &Node) -> Vec<Check> {
    vec![log(node)]
}

/// Whether clients should be sent here.
pub fn ready(node: &Node) -> Vec<Check> {
    vec![log(node), shards(node), running(node)]
}

fn log(node: &Node) -> Check {
    let failed = node.shards.log().failed();
    let found = failed.as_ref().map_or_else(|| "takes writes".to_owned(), ToString::to_string);
    Check { name: "log", fine: failed.is_none(), found }
}

fn shards(node: &Node) -> Check {
    let groups = node.shards.all();
    let led = groups.iter().filter(|group| group.leads()).count();
    let found = format!("{led} of {} have a leader", groups.len());
    Check { name: "shards", fine: led == groups.len(), found }
}

fn running(node: &Node) -> Check {
    let stopping = *node.stop.borrow();
    let found = if stopping { "the node is stopping" } else { "the node is running" };
    Check { name: "running", fine: !stopping, found: found.to_owned() }
}
