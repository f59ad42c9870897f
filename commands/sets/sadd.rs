//! SADD: members for a set.

use lockstep_core::keys::sets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SADD.
pub const SADD: Command = Command { spec: &SADD_SPEC, parse, reply: plain, subcommands: &[] };

static SADD_SPEC: Spec = Spec {
    name: "sadd",
    usage: "SADD key member [member ...]",
    summary: "Adds members to the set at a key and returns how many of them are new.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N) where N is the number of members",
    arity: -3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@set", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::Add { members: args.all().to_vec() }))
}
