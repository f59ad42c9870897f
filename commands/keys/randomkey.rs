//! RANDOMKEY: any key.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Request, Road, Spec};

/// RANDOMKEY.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "randomkey",
    usage: "RANDOMKEY",
    summary: "Returns a key of the selected database, chosen at random.",
    since: "1.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 1,
    flags: &["readonly"],
    acl: &["@keyspace", "@read", "@slow"],
    tips: &["request_policy:all_shards", "nondeterministic_output"],
    keys: &[],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::RandomKey { db: ctx.db, seed: ctx.seed }.into())
}
