//! Handshake and session.

pub mod ping;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[ping::COMMAND];
