//! SMEMBERS: the whole set.

use lockstep_core::keys::sets::Op;

use super::on;
use crate::reply::set;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SMEMBERS.
pub const SMEMBERS: Command = Command { spec: &SMEMBERS_SPEC, parse, reply: set, subcommands: &[] };

static SMEMBERS_SPEC: Spec = Spec {
    name: "smembers",
    usage: "SMEMBERS key",
    summary: "Returns all members of the set at a key.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N) where N is the number of members",
    arity: 2,
    flags: &["readonly"],
    acl: &["@read", "@set", "@slow"],
    tips: &["nondeterministic_output_order"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::All {}))
}
