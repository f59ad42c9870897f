//! SREM: members that are to go.

use lockstep_core::keys::sets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SREM.
pub const SREM: Command = Command { spec: &SREM_SPEC, parse, reply: plain, subcommands: &[] };

static SREM_SPEC: Spec = Spec {
    name: "srem",
    usage: "SREM key member [member ...]",
    summary: "Removes members from the set at a key and returns how many were there.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N) where N is the number of members",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@fast", "@set", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::Remove { members: args.all().to_vec() }))
}
