//! ZCARD: how many members there are.

use lockstep_core::keys::zsets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZCARD.
pub const ZCARD: Command = Command { spec: &ZCARD_SPEC, parse, reply: plain, subcommands: &[] };

static ZCARD_SPEC: Spec = Spec {
    name: "zcard",
    usage: "ZCARD key",
    summary: "Returns how many members the sorted set at a key has.",
    since: "1.2.0",
    group: Group::SortedSet,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::Len {}))
}
