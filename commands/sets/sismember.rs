//! SISMEMBER: whether one is a member.

use lockstep_core::keys::sets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SISMEMBER.
pub const SISMEMBER: Command =
    Command { spec: &SISMEMBER_SPEC, parse, reply: plain, subcommands: &[] };

static SISMEMBER_SPEC: Spec = Spec {
    name: "sismember",
    usage: "SISMEMBER key member",
    summary: "Tells whether a value is a member of the set at a key.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@set"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, member) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::Has { member }))
}
