//! MGET: the strings of several keys.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// MGET.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "mget",
    usage: "MGET key [key ...]",
    summary: "Returns the strings stored at several keys, nothing for those that hold none.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(N) where N is the number of keys",
    arity: -2,
    flags: &["readonly", "fast"],
    acl: &["@read", "@string", "@fast"],
    tips: &["request_policy:multi_shard"],
    keys: &[KeySpec::range(&["RO", "access"], 1, -1, 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::MGet { db: ctx.db, keys: args.all().to_vec() }.into())
}
