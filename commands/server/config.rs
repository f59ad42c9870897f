//! CONFIG: the settings.

use crate::here::Config;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error, help};

/// CONFIG.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &GET, parse: parse_get, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &RESETSTAT, parse: parse_resetstat, reply: plain, subcommands: &[] },
    Command { spec: &REWRITE, parse: parse_rewrite, reply: plain, subcommands: &[] },
    Command { spec: &SET, parse: parse_set, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "config",
    usage: "CONFIG",
    summary: "Looks at settings and changes them.",
    since: "2.0.0",
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
    name: "config|get",
    usage: "CONFIG GET parameter [parameter ...]",
    summary: "Shows the settings that match patterns.",
    since: "2.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: -3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "config|help",
    usage: "CONFIG HELP",
    summary: "Lists the subcommands.",
    since: "5.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static RESETSTAT: Spec = Spec {
    name: "config|resetstat",
    usage: "CONFIG RESETSTAT",
    summary: "Sets the counters of INFO to zero.",
    since: "2.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static REWRITE: Spec = Spec {
    name: "config|rewrite",
    usage: "CONFIG REWRITE",
    summary: "Keeps what was set at run time for the next start.",
    since: "2.8.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SET: Spec = Spec {
    name: "config|set",
    usage: "CONFIG SET parameter value [parameter value ...]",
    summary: "Changes settings, all that are named or none.",
    since: "2.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: -4,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Here,
};

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("config"))
}

fn parse_get<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Config(Config::Get(args.collect())).into())
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("CONFIG", SUBCOMMANDS)).into())
}

fn parse_resetstat<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Config(Config::ResetStat).into())
}

fn parse_rewrite<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Config(Config::Rewrite).into())
}

fn parse_set<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let mut pairs = Vec::with_capacity(args.len() / 2);
    while let Some(name) = args.next() {
        pairs.push((name, args.word()?));
    }
    Ok(Here::Config(Config::Set(pairs)).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn names_and_values_come_in_pairs() {
        let pairs = vec![(&b"hz"[..], &b"10"[..]), (b"maxmemory", b"1mb")];
        assert_eq!(
            parsed(&["CONFIG", "SET", "hz", "10", "maxmemory", "1mb"]),
            Ok(Here::Config(Config::Set(pairs)).into())
        );
        assert_eq!(parsed(&["CONFIG", "SET", "hz", "10", "maxmemory"]), Err(error::SYNTAX));
        assert_eq!(parsed(&["CONFIG", "SET"]), Err(error::wrong_arity("config|set")));
    }
}
