//! XLEN: how many entries a stream has.

use lockstep_core::keys::streams::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// XLEN.
pub const XLEN: Command = Command { spec: &XLEN_SPEC, parse, reply: plain, subcommands: &[] };

static XLEN_SPEC: Spec = Spec {
    name: "xlen",
    usage: "XLEN key",
    summary: "Returns how many entries the stream at a key has.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@read", "@stream"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::Len {}))
}
