//! ZREMRANGEBYRANK, ZREMRANGEBYSCORE, ZREMRANGEBYLEX: ranges that are to go.

use lockstep_core::keys::zsets::Op;

use super::on;
use super::range::By;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZREMRANGEBYRANK.
pub const ZREMRANGEBYRANK: Command =
    Command { spec: &ZREMRANGEBYRANK_SPEC, parse: parse_rank, reply: plain, subcommands: &[] };

/// ZREMRANGEBYSCORE.
pub const ZREMRANGEBYSCORE: Command =
    Command { spec: &ZREMRANGEBYSCORE_SPEC, parse: parse_score, reply: plain, subcommands: &[] };

/// ZREMRANGEBYLEX.
pub const ZREMRANGEBYLEX: Command =
    Command { spec: &ZREMRANGEBYLEX_SPEC, parse: parse_lex, reply: plain, subcommands: &[] };

static ZREMRANGEBYRANK_SPEC: Spec = Spec {
    name: "zremrangebyrank",
    usage: "ZREMRANGEBYRANK key start stop",
    summary: "Removes the members of the sorted set at a key from one rank to another and returns how many.",
    since: "2.0.0",
    group: Group::SortedSet,
    complexity: "O(log N + M) where N is the number of members and M how many are removed",
    arity: 4,
    flags: &["write"],
    acl: &["@slow", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

static ZREMRANGEBYSCORE_SPEC: Spec = Spec {
    name: "zremrangebyscore",
    usage: "ZREMRANGEBYSCORE key min max",
    summary: "Removes the members of the sorted set at a key with scores within a range and returns how many.",
    since: "1.2.0",
    group: Group::SortedSet,
    complexity: "O(log N + M) where N is the number of members and M how many are removed",
    arity: 4,
    flags: &["write"],
    acl: &["@slow", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

static ZREMRANGEBYLEX_SPEC: Spec = Spec {
    name: "zremrangebylex",
    usage: "ZREMRANGEBYLEX key min max",
    summary: "Removes the members of the sorted set at a key, whose scores are all equal, that are within a range and returns how many.",
    since: "2.8.9",
    group: Group::SortedSet,
    complexity: "O(log N + M) where N is the number of members and M how many are removed",
    arity: 4,
    flags: &["write"],
    acl: &["@slow", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse_rank<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    remove(ctx, args, By::Rank)
}

fn parse_score<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    remove(ctx, args, By::Score)
}

fn parse_lex<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    remove(ctx, args, By::Lex)
}

fn remove<'a>(ctx: &Context, mut args: Args<'a>, by: By) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let span = by.span(args.word()?, args.word()?)?;
    Ok(on(ctx, key, Op::RemoveSpan { span }))
}
