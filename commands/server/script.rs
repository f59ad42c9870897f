//! SCRIPT: there are none yet, and clients that ask may be told so.

use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error, help,
};

/// SCRIPT.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &EXISTS, parse: parse_exists, reply: plain, subcommands: &[] },
    Command { spec: &FLUSH, parse: parse_flush, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "script",
    usage: "SCRIPT",
    summary: "Looks after scripts; there are none.",
    since: "2.6.0",
    group: Group::Scripting,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static EXISTS: Spec = Spec {
    name: "script|exists",
    usage: "SCRIPT EXISTS sha1 [sha1 ...]",
    summary: "Tells which scripts are there: none.",
    since: "2.6.0",
    group: Group::Scripting,
    complexity: "O(N)",
    arity: -3,
    flags: &["noscript"],
    acl: &["@slow", "@scripting"],
    tips: &["request_policy:all_shards", "response_policy:agg_logical_and"],
    keys: &[],
    road: Road::Here,
};

static FLUSH: Spec = Spec {
    name: "script|flush",
    usage: "SCRIPT FLUSH [ASYNC | SYNC]",
    summary: "Removes all scripts, of which there are none.",
    since: "2.6.0",
    group: Group::Scripting,
    complexity: "O(N)",
    arity: -2,
    flags: &["noscript"],
    acl: &["@slow", "@scripting"],
    tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "script|help",
    usage: "SCRIPT HELP",
    summary: "Lists the subcommands.",
    since: "5.0.0",
    group: Group::Scripting,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow", "@scripting"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("script"))
}

fn parse_exists<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(Reply::Array(args.map(|_| Reply::Int(0)).collect())).into())
}

fn parse_flush<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let fine = args.is_empty() || args.token("SYNC") || args.token("ASYNC");
    if fine && args.is_empty() {
        Ok(Here::Answer(Reply::Ok).into())
    } else {
        Err(error::SCRIPT_FLUSH_MODE)
    }
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("SCRIPT", SUBCOMMANDS)).into())
}
