//! APPEND: more bytes behind a string.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// APPEND.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "append",
    usage: "APPEND key value",
    summary: "Appends bytes to the string at a key, creating it if there is none, and returns the new length.",
    since: "2.0.0",
    group: Group::String,
    complexity: "O(1) amortized",
    arity: 3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let value = args.word()?;
    Ok(Op::Append { db: ctx.db, key, value, max: ctx.string_bytes_max }.into())
}
