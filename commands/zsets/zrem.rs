//! ZREM: members that are to go.

use lockstep_core::keys::zsets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZREM.
pub const ZREM: Command = Command { spec: &ZREM_SPEC, parse, reply: plain, subcommands: &[] };

static ZREM_SPEC: Spec = Spec {
    name: "zrem",
    usage: "ZREM key member [member ...]",
    summary: "Removes members from the sorted set at a key and returns how many were there.",
    since: "1.2.0",
    group: Group::SortedSet,
    complexity: "O(log N) for each member, where N is the number of members",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@fast", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::Remove { members: args.all().to_vec() }))
}
