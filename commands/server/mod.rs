//! The server family.

pub mod command;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[command::COMMAND];
