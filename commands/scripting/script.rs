//! SCRIPT: the scripts that are remembered.

use lockstep_core::Op;
use lockstep_core::scripts;

use super::{answer, enabled};
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
    Command { spec: &KILL, parse: parse_kill, reply: plain, subcommands: &[] },
    Command { spec: &LOAD, parse: parse_load, reply: answer::reply, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "script",
    usage: "SCRIPT",
    summary: "Looks after the scripts that are remembered: on all nodes, and as long as they are \
              not flushed.",
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
    summary: "Tells which scripts are remembered.",
    since: "2.6.0",
    group: Group::Scripting,
    complexity: "O(N) where N is the number of scripts that are asked for",
    arity: -3,
    flags: &["noscript"],
    acl: &["@slow", "@scripting"],
    tips: &["request_policy:all_shards", "response_policy:agg_logical_and"],
    keys: &[],
    road: Road::Cache,
};

static FLUSH: Spec = Spec {
    name: "script|flush",
    usage: "SCRIPT FLUSH [ASYNC | SYNC]",
    summary: "Forgets all scripts.",
    since: "2.6.0",
    group: Group::Scripting,
    complexity: "O(N) where N is the number of scripts",
    arity: -2,
    flags: &["noscript"],
    acl: &["@slow", "@scripting"],
    tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Log,
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

static KILL: Spec = Spec {
    name: "script|kill",
    usage: "SCRIPT KILL",
    summary: "Says that no script runs: one that takes long is stopped by its count of steps.",
    since: "2.6.0",
    group: Group::Scripting,
    complexity: "O(1)",
    arity: 2,
    flags: &["noscript", "allow_busy"],
    acl: &["@slow", "@scripting"],
    tips: &["request_policy:all_shards", "response_policy:one_succeeded"],
    keys: &[],
    road: Road::Here,
};

static LOAD: Spec = Spec {
    name: "script|load",
    usage: "SCRIPT LOAD script",
    summary: "Remembers a script, and gives its SHA-1.",
    since: "2.6.0",
    group: Group::Scripting,
    complexity: "O(N) where N is the length of the script",
    arity: 3,
    flags: &["noscript", "stale"],
    acl: &["@slow", "@scripting"],
    tips: &["request_policy:all_nodes", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Log,
};

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("script"))
}

fn on<'a>(ctx: &Context, op: scripts::Op<'a>) -> Result<Request<'a>, BadArgs> {
    enabled(ctx)?;
    Ok(Request::Op(Op::Script { op }))
}

fn parse_exists<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    on(ctx, scripts::Op::Exists { shas: args.collect() })
}

fn parse_flush<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let fine = args.is_empty() || args.token("SYNC") || args.token("ASYNC");
    if fine && args.is_empty() {
        on(ctx, scripts::Op::Flush {})
    } else {
        Err(error::SCRIPT_FLUSH_MODE)
    }
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("SCRIPT", SUBCOMMANDS)).into())
}

fn parse_kill<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(Reply::Error(error::NO_SCRIPT_RUNS)).into())
}

fn parse_load<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    on(ctx, scripts::Op::Load { body: args.word()?, bytes_max: ctx.scripts.cache_max })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, request};

    #[test]
    fn scripts_are_for_the_log_of_the_key_space() {
        let op = |op| Request::Op(Op::Script { op });
        assert_eq!(request("SCRIPT FLUSH async"), op(scripts::Op::Flush {}));
        assert_eq!(request("SCRIPT EXISTS a"), op(scripts::Op::Exists { shas: vec![b"a"] }));
        let load = scripts::Op::Load { body: b"b", bytes_max: 64 << 20 };
        assert_eq!(request("SCRIPT LOAD b"), op(load));
        assert_eq!(refusal("SCRIPT FLUSH x"), "ERR SCRIPT FLUSH only support SYNC|ASYNC option");
    }

    #[test]
    fn none_runs_that_could_be_killed() {
        let due = Reply::Error(error::NO_SCRIPT_RUNS);
        assert_eq!(request("SCRIPT KILL"), Here::Answer(due).into());
    }
}
