//! Strings.

pub mod get;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[get::COMMAND];
