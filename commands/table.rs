//! The table of all commands.

use lockstep_core::Outcome;

use crate::{Args, BadArgs, Context, Reply, Request, Spec};
use crate::{connection, strings};

/// A command: what is known of it, how it is parsed, how its outcome is shown.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// What is known of it.
    pub spec: &'static Spec,
    /// From words to a request. The arity was checked.
    pub parse: for<'a> fn(&Context, Args<'a>) -> Result<Request<'a>, BadArgs>,
    /// From an outcome to a reply.
    pub reply: fn(&Spec, Outcome) -> Reply,
    /// Its subcommands. A container is never parsed itself.
    pub subcommands: &'static [Command],
}

/// All commands, sorted by name.
pub static ALL: &[Command] = &[connection::ping::COMMAND, strings::get::COMMAND];

/// Finds the command of these words and how many of them name it (1, or 2 for a
/// subcommand).
///
/// # Errors
/// The text for an unknown command or subcommand, or for a wrong number of words.
pub fn find(words: &[&[u8]]) -> Result<(&'static Command, usize), BadArgs> {
    let _ = words;
    Err(crate::error::unknown_command(words))
}
