//! LLEN: how long a list is.

use lockstep_core::keys::lists::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// LLEN.
pub const LLEN: Command = Command { spec: &LLEN_SPEC, parse, reply: plain, subcommands: &[] };

static LLEN_SPEC: Spec = Spec {
    name: "llen",
    usage: "LLEN key",
    summary: "Returns how many elements the list at a key has.",
    since: "1.0.0",
    group: Group::List,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@list", "@read"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::Len {}))
}
