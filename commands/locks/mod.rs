//! Locks.

pub mod lock;
pub mod lockcheck;
pub mod lockinfo;
pub mod lockrenew;
pub mod unlock;

mod words;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] =
    &[lock::COMMAND, lockcheck::COMMAND, lockinfo::COMMAND, lockrenew::COMMAND, unlock::COMMAND];
