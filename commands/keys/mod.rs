//! The keys family.

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[];
