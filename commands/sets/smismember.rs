//! SMISMEMBER: whether several are members.

use lockstep_core::keys::sets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SMISMEMBER.
pub const SMISMEMBER: Command =
    Command { spec: &SMISMEMBER_SPEC, parse, reply: plain, subcommands: &[] };

static SMISMEMBER_SPEC: Spec = Spec {
    name: "smismember",
    usage: "SMISMEMBER key member [member ...]",
    summary: "Tells of several values whether they are members of the set at a key.",
    since: "6.2.0",
    group: Group::Set,
    complexity: "O(N) where N is the number of members",
    arity: -3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@set"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::HasEach { members: args.all().to_vec() }))
}
