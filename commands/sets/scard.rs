//! SCARD: how many members there are.

use lockstep_core::keys::sets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SCARD.
pub const SCARD: Command = Command { spec: &SCARD_SPEC, parse, reply: plain, subcommands: &[] };

static SCARD_SPEC: Spec = Spec {
    name: "scard",
    usage: "SCARD key",
    summary: "Returns how many members the set at a key has.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@set"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::Len {}))
}
