//! KEYS: the keys that fit a pattern.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Request, Road, Spec};

/// KEYS.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "keys",
    usage: "KEYS pattern",
    summary: "Returns all keys of the selected database that fit a glob pattern; SCAN does it in small steps.",
    since: "1.0.0",
    group: Group::Generic,
    complexity: "O(N) where N is the number of keys in the database",
    arity: 2,
    flags: &["readonly"],
    acl: &["@keyspace", "@read", "@slow", "@dangerous"],
    tips: &["request_policy:all_shards", "nondeterministic_output_order"],
    keys: &[],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Keys { db: ctx.db, pattern: args.word()? }.into())
}
