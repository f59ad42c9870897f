//! ZSCORE, ZMSCORE: the scores of members.

use lockstep_core::keys::zsets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZSCORE.
pub const ZSCORE: Command = Command { spec: &ZSCORE_SPEC, parse, reply: plain, subcommands: &[] };

/// ZMSCORE.
pub const ZMSCORE: Command =
    Command { spec: &ZMSCORE_SPEC, parse: parse_several, reply: plain, subcommands: &[] };

static ZSCORE_SPEC: Spec = Spec {
    name: "zscore",
    usage: "ZSCORE key member",
    summary: "Returns the score of a member of the sorted set at a key.",
    since: "1.2.0",
    group: Group::SortedSet,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static ZMSCORE_SPEC: Spec = Spec {
    name: "zmscore",
    usage: "ZMSCORE key member [member ...]",
    summary: "Returns the scores of several members of the sorted set at a key, nothing for those that are not there.",
    since: "6.2.0",
    group: Group::SortedSet,
    complexity: "O(N) where N is the number of members asked for",
    arity: -3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, member) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::Score { member }))
}

fn parse_several<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::MScore { members: args.all().to_vec() }))
}
