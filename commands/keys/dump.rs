//! DUMP: a value as bytes.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// DUMP.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "dump",
    usage: "DUMP key",
    summary: "Returns the value at a key in a form that RESTORE takes, on Redis too.",
    since: "2.6.0",
    group: Group::Generic,
    complexity: "O(N) where N is the size of the value",
    arity: 2,
    flags: &["readonly"],
    acl: &["@keyspace", "@read", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Dump { db: ctx.db, key: args.word()? }.into())
}
