//! GETDEL: the string a key held.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// GETDEL.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "getdel",
    usage: "GETDEL key",
    summary: "Returns the string stored at a key and deletes the key.",
    since: "6.2.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 2,
    flags: &["write", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(Op::GetDel { db: ctx.db, key }.into())
}
