//! Commands that the node answers from what it knows itself.

/// A request to the node. Executed in `src/server/here`.
#[derive(Clone, Debug, PartialEq)]
pub enum Here<'a> {
    /// The answer was found while parsing (COMMAND, the HELP subcommands).
    Reply(crate::Reply),
    /// PING, with what to send back.
    Ping(Option<&'a [u8]>),
    /// ECHO.
    Echo(&'a [u8]),
    /// QUIT.
    Quit,
    /// RESET.
    Reset,
    /// SELECT.
    Select(lockstep_core::Db),
    /// MULTI.
    Multi,
    /// EXEC.
    Exec,
    /// DISCARD.
    Discard,
    /// WATCH.
    Watch(Vec<&'a [u8]>),
    /// UNWATCH.
    Unwatch,
}
