//! MEMORY: where the memory is.

use lockstep_core::keys::{About, Op};

use crate::here::Memory;
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec, error, help,
};

/// MEMORY.
pub const COMMAND: Command =
    Command { spec: &SPEC, parse: bare, reply: plain, subcommands: SUBCOMMANDS };

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &DOCTOR, parse: parse_doctor, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &MALLOC_STATS, parse: parse_malloc_stats, reply: plain, subcommands: &[] },
    Command { spec: &PURGE, parse: parse_purge, reply: plain, subcommands: &[] },
    Command { spec: &STATS, parse: parse_stats, reply: plain, subcommands: &[] },
    Command { spec: &USAGE, parse: parse_usage, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "memory",
    usage: "MEMORY",
    summary: "Looks after memory.",
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

static DOCTOR: Spec = Spec {
    name: "memory|doctor",
    usage: "MEMORY DOCTOR",
    summary: "Says in words what the numbers tell.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &[],
    acl: &["@slow"],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "memory|help",
    usage: "MEMORY HELP",
    summary: "Lists the subcommands.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static MALLOC_STATS: Spec = Spec {
    name: "memory|malloc-stats",
    usage: "MEMORY MALLOC-STATS",
    summary: "Shows what the allocator tells of itself.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "Depends on subcommand",
    arity: 2,
    flags: &[],
    acl: &["@slow"],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static PURGE: Spec = Spec {
    name: "memory|purge",
    usage: "MEMORY PURGE",
    summary: "Asks the allocator to give memory back.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "Depends on subcommand",
    arity: 2,
    flags: &[],
    acl: &["@slow"],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Here,
};

static STATS: Spec = Spec {
    name: "memory|stats",
    usage: "MEMORY STATS",
    summary: "Shows where the memory is.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 2,
    flags: &[],
    acl: &["@slow"],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static USAGE: Spec = Spec {
    name: "memory|usage",
    usage: "MEMORY USAGE key [SAMPLES count]",
    summary: "Tells how many bytes a key and its value take.",
    since: "4.0.0",
    group: Group::Server,
    complexity: "O(N)",
    arity: -3,
    flags: &["readonly"],
    acl: &["@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 2)],
    road: Road::Cache,
};

fn bare<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::wrong_arity("memory"))
}

fn parse_doctor<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Memory(Memory::Doctor).into())
}

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("MEMORY", SUBCOMMANDS)).into())
}

fn parse_malloc_stats<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Memory(Memory::MallocStats).into())
}

fn parse_purge<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Memory(Memory::Purge).into())
}

fn parse_stats<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Memory(Memory::Stats).into())
}

fn parse_usage<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    while !args.is_empty() {
        // Only values of many parts are sampled, and there are none.
        if !args.token("SAMPLES") || args.is_empty() {
            return Err(error::SYNTAX);
        }
        if args.integer()? < 0 {
            return Err(error::SYNTAX);
        }
    }
    Ok(Op::Object { db: ctx.db, key, about: About::Memory {} }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn usage_is_asked_of_the_key() {
        let op = Op::Object { db: DB, key: b"k", about: About::Memory {} };
        assert_eq!(key_op("MEMORY USAGE k"), op);
        assert_eq!(key_op("MEMORY USAGE k samples 0"), op);
        assert_eq!(refusal("MEMORY USAGE k SAMPLES"), "ERR syntax error");
        assert_eq!(refusal("MEMORY USAGE k FOO 1"), "ERR syntax error");
        assert_eq!(refusal("MEMORY USAGE k SAMPLES -1"), "ERR syntax error");
        assert_eq!(
            refusal("MEMORY USAGE k SAMPLES a"),
            "ERR value is not an integer or out of range"
        );
    }
}
