//! What goes wrong between a node and its cluster.

use std::fmt;

/// Why a host could not start, or could not do what it was asked for: what was
/// being done, and what stood in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError(pub String);

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HostError {}

/// Makes an error of what was being done and what stood in the way.
pub(super) fn error(doing: &str, why: impl fmt::Display) -> HostError {
    HostError(format!("{doing}: {why}"))
}

/// Why the cluster did not take a change of its nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminError {
    /// It was refused, and why.
    Refused(String),
    /// The group that keeps the map has no leader now: nothing was changed, try
    /// again.
    NoLeader,
    /// Nobody knows whether it was changed; look at the list of nodes.
    Unknown,
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdminError::Refused(why) => f.write_str(why),
            AdminError::NoLeader => {
                f.write_str("the map of the cluster has no leader now; nothing was changed")
            }
            AdminError::Unknown => {
                f.write_str("nobody knows whether it was changed; look at the list of nodes")
            }
        }
    }
}

impl std::error::Error for AdminError {}
