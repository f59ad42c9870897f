//! SLOWLOG: the commands that took longest.

use crate::args::parse_integer;
use crate::here::Slowlog;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error, help};

/// SLOWLOG.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &GET, parse: parse_get, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &LEN, parse: parse_len, reply: plain, subcommands: &[] },
    Command { spec: &RESET, parse: parse_reset, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "slowlog",
    usage: "SLOWLOG",
    summary: "Looks after the log of slow commands.",
    since: "2.2.12",
    group: Group::Server,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static GET: Spec = Spec {
    name: "slowlog|get",
    usage: "SLOWLOG GET [count]",
    summary: "Shows the newest entries (10; -1: all): id, time, microseconds, words, client address and name.",
    since: "2.2.12",
    group: Group::Server,
    complexity: "O(N)",
    arity: -2,
    flags: &["admin", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["request_policy:all_nodes", "nondeterministic_output"],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "slowlog|help",
    usage: "SLOWLOG HELP",
    summary: "Lists the subcommands.",
    since: "6.2.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LEN: Spec = Spec {
    name: "slowlog|len",
    usage: "SLOWLOG LEN",
    summary: "Counts the entries.",
    since: "2.2.12",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["admin", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["request_policy:all_nodes", "response_policy:agg_sum", "nondeterministic_output"],
    keys: &[],
    road: Road::Here,
};

static RESET: Spec = Spec {
    name: "slowlog|reset",
    usage: "SLOWLOG RESET",
    summary: "Forgets all entries.",
    since: "2.2.12",
    group: Group::Server,
    complexity: "O(N)",
    arity: 2,
    flags: &["admin", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Here,
};

/// So many entries are shown when no number is given.
const COUNT: usize = 10;

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("slowlog"))
}

fn parse_get<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let sub = args.called();
    let count = match args.next() {
        None => Some(COUNT),
        Some(_) if !args.is_empty() => return Err(error::wrong_subcommand(sub, "SLOWLOG")),
        Some(word) => match parse_integer(word) {
            Some(-1) => None,
            Some(count) if count >= 0 => Some(usize::try_from(count).unwrap_or(usize::MAX)),
            _ => return Err(error::SLOWLOG_COUNT),
        },
    };
    Ok(Here::Slowlog(Slowlog::Get(count)).into())
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("SLOWLOG", SUBCOMMANDS)).into())
}

fn parse_len<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Slowlog(Slowlog::Len).into())
}

fn parse_reset<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Slowlog(Slowlog::Reset).into())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn the_count_may_be_left_out_or_be_all() {
        let get = |count| Ok(Here::Slowlog(Slowlog::Get(count)).into());
        assert_eq!(parsed(&["SLOWLOG", "GET"]), get(Some(10)));
        assert_eq!(parsed(&["SLOWLOG", "GET", "-1"]), get(None));
        assert_eq!(parsed(&["SLOWLOG", "GET", "3"]), get(Some(3)));
        assert_eq!(parsed(&["SLOWLOG", "GET", "-2"]), Err(error::SLOWLOG_COUNT));
        assert_eq!(
            parsed(&["SLOWLOG", "GET", "1", "2"]).unwrap_err().0,
            "ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP."
        );
    }
}
