//! Several commands as one.

pub mod multi;
pub mod watch;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] =
    &[multi::DISCARD, multi::EXEC, multi::MULTI, watch::UNWATCH, watch::WATCH];
