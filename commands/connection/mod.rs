//! Handshake and session.

pub mod auth;
pub mod client;
pub mod echo;
pub mod hello;
pub mod ping;
pub mod quit;
pub mod reset;
pub mod select;

#[cfg(test)]
pub(crate) mod words;

use crate::Command;

/// The commands of this family.
pub static COMMANDS: &[Command] = &[
    auth::COMMAND,
    client::COMMAND,
    echo::COMMAND,
    hello::COMMAND,
    ping::COMMAND,
    quit::COMMAND,
    reset::COMMAND,
    select::COMMAND,
];
