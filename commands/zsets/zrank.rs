//! ZRANK, ZREVRANK: where a member stands.

use lockstep_core::keys::zsets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZRANK.
pub const ZRANK: Command = Command { spec: &ZRANK_SPEC, parse, reply: plain, subcommands: &[] };

/// ZREVRANK.
pub const ZREVRANK: Command =
    Command { spec: &ZREVRANK_SPEC, parse: parse_back, reply: plain, subcommands: &[] };

static ZRANK_SPEC: Spec = Spec {
    name: "zrank",
    usage: "ZRANK key member",
    summary: "Returns how many members of the sorted set at a key stand before one.",
    since: "2.0.0",
    group: Group::SortedSet,
    complexity: "O(log N) where N is the number of members",
    arity: 3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static ZREVRANK_SPEC: Spec = Spec {
    name: "zrevrank",
    usage: "ZREVRANK key member",
    summary: "Returns how many members of the sorted set at a key stand behind one.",
    since: "2.0.0",
    group: Group::SortedSet,
    complexity: "O(log N) where N is the number of members",
    arity: 3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, member) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::Rank { member, reverse: false }))
}

fn parse_back<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, member) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::Rank { member, reverse: true }))
}
