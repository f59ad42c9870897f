//! ZCOUNT, ZLEXCOUNT: how many members a range has.

use lockstep_core::keys::zsets::Op;

use super::on;
use super::range::By;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZCOUNT.
pub const ZCOUNT: Command = Command { spec: &ZCOUNT_SPEC, parse, reply: plain, subcommands: &[] };

/// ZLEXCOUNT.
pub const ZLEXCOUNT: Command =
    Command { spec: &ZLEXCOUNT_SPEC, parse: parse_lex, reply: plain, subcommands: &[] };

static ZCOUNT_SPEC: Spec = Spec {
    name: "zcount",
    usage: "ZCOUNT key min max",
    summary: "Returns how many members of the sorted set at a key have a score within a range.",
    since: "2.0.0",
    group: Group::SortedSet,
    complexity: "O(log N) where N is the number of members",
    arity: 4,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static ZLEXCOUNT_SPEC: Spec = Spec {
    name: "zlexcount",
    usage: "ZLEXCOUNT key min max",
    summary: "Returns how many members of the sorted set at a key, whose scores are all equal, are within a range.",
    since: "2.8.9",
    group: Group::SortedSet,
    complexity: "O(log N) where N is the number of members",
    arity: 4,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let span = By::Score.span(args.word()?, args.word()?)?;
    Ok(on(ctx, key, Op::Count { span }))
}

fn parse_lex<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let span = By::Lex.span(args.word()?, args.word()?)?;
    Ok(on(ctx, key, Op::Count { span }))
}
