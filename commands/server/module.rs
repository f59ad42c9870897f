//! MODULE: there are none.

use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error, help,
};

/// MODULE.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &LIST, parse: parse_list, reply: plain, subcommands: &[] },
    Command { spec: &LOAD, parse: refuse, reply: plain, subcommands: &[] },
    Command { spec: &LOADEX, parse: refuse, reply: plain, subcommands: &[] },
    Command { spec: &UNLOAD, parse: refuse, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "module",
    usage: "MODULE",
    summary: "Looks after modules; there are none.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "module|help",
    usage: "MODULE HELP",
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

static LIST: Spec = Spec {
    name: "module|list",
    usage: "MODULE LIST",
    summary: "Lists no modules.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: 2,
    flags: &["admin", "noscript"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &["nondeterministic_output_order"],
    keys: &[],
    road: Road::Here,
};

static LOAD: Spec = Spec {
    name: "module|load",
    usage: "MODULE LOAD path [arg [arg ...]]",
    summary: "Is refused.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -3,
    flags: &["admin", "noscript", "no_async_loading"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LOADEX: Spec = Spec {
    name: "module|loadex",
    usage: "MODULE LOADEX path [arg [arg ...]]",
    summary: "Is refused.",
    since: "7.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -3,
    flags: &["admin", "noscript", "no_async_loading"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static UNLOAD: Spec = Spec {
    name: "module|unload",
    usage: "MODULE UNLOAD name",
    summary: "Is refused.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 3,
    flags: &["admin", "noscript", "no_async_loading"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("module"))
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("MODULE", SUBCOMMANDS)).into())
}

fn parse_list<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(Reply::Array(Vec::new())).into())
}

fn refuse<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::NO_MODULES)
}
