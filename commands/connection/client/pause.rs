//! CLIENT PAUSE, UNPAUSE and UNBLOCK: making clients wait, and ending a wait.

use crate::args::parse_integer;
use crate::here::Client;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// CLIENT PAUSE.
pub const PAUSE: Command =
    Command { spec: &PAUSE_SPEC, parse: parse_pause, reply: plain, subcommands: &[] };
/// CLIENT UNPAUSE.
pub const UNPAUSE: Command =
    Command { spec: &UNPAUSE_SPEC, parse: parse_unpause, reply: plain, subcommands: &[] };
/// CLIENT UNBLOCK.
pub const UNBLOCK: Command =
    Command { spec: &UNBLOCK_SPEC, parse: parse_unblock, reply: plain, subcommands: &[] };

static PAUSE_SPEC: Spec = Spec {
    name: "client|pause",
    usage: "CLIENT PAUSE timeout [WRITE | ALL]",
    summary: "Holds back the commands of all clients for a while.",
    since: "2.9.50",
    group: Group::Connection,
    complexity: "O(1)",
    arity: -3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static UNPAUSE_SPEC: Spec = Spec {
    name: "client|unpause",
    usage: "CLIENT UNPAUSE",
    summary: "Ends a pause.",
    since: "6.2.0",
    group: Group::Connection,
    complexity: "O(N)",
    arity: 2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static UNBLOCK_SPEC: Spec = Spec {
    name: "client|unblock",
    usage: "CLIENT UNBLOCK client-id [TIMEOUT | ERROR]",
    summary: "Ends the wait of another connection.",
    since: "5.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: -3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_pause<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let sub = args.called();
    let timeout = args.word()?;
    let writes_only = match args.next() {
        None => false,
        Some(_) if !args.is_empty() => return Err(error::wrong_subcommand(sub, "CLIENT")),
        Some(mode) if mode.eq_ignore_ascii_case(b"WRITE") => true,
        Some(mode) if mode.eq_ignore_ascii_case(b"ALL") => false,
        Some(_) => return Err(error::PAUSE_MODE),
    };
    let timeout_ms = timeout_ms(timeout)?;
    Ok(Here::Client(Client::Pause { timeout_ms, writes_only }).into())
}

fn parse_unpause<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Client(Client::Unpause).into())
}

fn parse_unblock<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let sub = args.called();
    let id = args.word()?;
    let error = match args.next() {
        None => false,
        Some(_) if !args.is_empty() => return Err(error::wrong_subcommand(sub, "CLIENT")),
        Some(reason) if reason.eq_ignore_ascii_case(b"TIMEOUT") => false,
        Some(reason) if reason.eq_ignore_ascii_case(b"ERROR") => true,
        Some(_) => return Err(error::UNBLOCK_REASON),
    };
    let id = parse_integer(id).ok_or(error::NOT_INTEGER)?;
    Ok(Here::Client(Client::Unblock { id, error }).into())
}

/// A timeout in milliseconds.
///
/// # Errors
/// What is no number, and what is negative.
pub(crate) fn timeout_ms(word: &[u8]) -> Result<u64, BadArgs> {
    let timeout = parse_integer(word).ok_or(error::TIMEOUT_NOT_INTEGER)?;
    u64::try_from(timeout).map_err(|_| error::TIMEOUT_NEGATIVE)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn a_pause_holds_all_or_only_writes() {
        let pause = |timeout_ms, writes_only| {
            Ok(Here::Client(Client::Pause { timeout_ms, writes_only }).into())
        };
        assert_eq!(parsed(&["CLIENT", "PAUSE", "5"]), pause(5, false));
        assert_eq!(parsed(&["CLIENT", "PAUSE", "5", "all"]), pause(5, false));
        assert_eq!(parsed(&["CLIENT", "PAUSE", "5", "WRITE"]), pause(5, true));
    }

    #[test]
    fn a_bad_mode_is_told_before_a_bad_timeout() {
        assert_eq!(parsed(&["CLIENT", "PAUSE", "a", "foo"]), Err(error::PAUSE_MODE));
        assert_eq!(parsed(&["CLIENT", "PAUSE", "a"]), Err(error::TIMEOUT_NOT_INTEGER));
        assert_eq!(parsed(&["CLIENT", "PAUSE", "-1"]), Err(error::TIMEOUT_NEGATIVE));
        assert_eq!(
            parsed(&["CLIENT", "pause", "1", "ALL", "x"]).unwrap_err().0,
            "ERR unknown subcommand or wrong number of arguments for 'pause'. Try CLIENT HELP."
        );
    }

    #[test]
    fn unblocking_gives_a_timeout_unless_an_error_is_asked_for() {
        let unblock = |id, error| Ok(Here::Client(Client::Unblock { id, error }).into());
        assert_eq!(parsed(&["CLIENT", "UNBLOCK", "9"]), unblock(9, false));
        assert_eq!(parsed(&["CLIENT", "UNBLOCK", "-1", "error"]), unblock(-1, true));
        assert_eq!(parsed(&["CLIENT", "UNBLOCK", "9", "foo"]), Err(error::UNBLOCK_REASON));
        assert_eq!(parsed(&["CLIENT", "UNBLOCK", "a"]), Err(error::NOT_INTEGER));
    }
}
