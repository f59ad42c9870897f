//! Cluster mode as Redis has it, and the nodes of the cluster.

pub mod modes;
pub mod node;
pub mod topology;
mod words;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] =
    &[modes::ASKING, topology::COMMAND, node::COMMAND, modes::READONLY, modes::READWRITE];
