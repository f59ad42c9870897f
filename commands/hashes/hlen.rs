//! HLEN: how many fields there are.

use lockstep_core::keys::hashes::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// HLEN.
pub const HLEN: Command = Command { spec: &HLEN_SPEC, parse, reply: plain, subcommands: &[] };

static HLEN_SPEC: Spec = Spec {
    name: "hlen",
    usage: "HLEN key",
    summary: "Returns how many fields the hash at a key has.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@hash", "@read"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::Len {}))
}
