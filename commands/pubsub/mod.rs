//! Channels: messages for whoever listens at the moment.

mod look;
mod publish;
mod subscribe;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    subscribe::PSUBSCRIBE,
    publish::PUBLISH,
    look::COMMAND,
    subscribe::PUNSUBSCRIBE,
    publish::SPUBLISH,
    subscribe::SSUBSCRIBE,
    subscribe::SUBSCRIBE,
    subscribe::SUNSUBSCRIBE,
    subscribe::UNSUBSCRIBE,
];
