//! RENAME, RENAMENX: another name for a key.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// RENAME.
pub const RENAME: Command =
    Command { spec: &RENAME_SPEC, parse: parse_rename, reply: plain, subcommands: &[] };

/// RENAMENX.
pub const RENAMENX: Command =
    Command { spec: &RENAMENX_SPEC, parse: parse_renamenx, reply: plain, subcommands: &[] };

static RENAME_SPEC: Spec = Spec {
    name: "rename",
    usage: "RENAME key newkey",
    summary: "Moves the value and deadline of a key to another key, whatever was there before.",
    since: "1.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 3,
    flags: &["write"],
    acl: &["@keyspace", "@write", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1), KeySpec::one(&["OW", "update"], 2)],
    road: Road::Log,
};

static RENAMENX_SPEC: Spec = Spec {
    name: "renamenx",
    usage: "RENAMENX key newkey",
    summary: "Moves the value and deadline of a key to a key that does not exist yet.",
    since: "1.0.0",
    group: Group::Generic,
    complexity: "O(1)",
    arity: 3,
    flags: &["write", "fast"],
    acl: &["@keyspace", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1), KeySpec::one(&["OW", "insert"], 2)],
    road: Road::Log,
};

fn parse_rename<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (from, to) = (args.word()?, args.word()?);
    Ok(Op::Rename { db: ctx.db, from, to, only_new: false }.into())
}

fn parse_renamenx<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (from, to) = (args.word()?, args.word()?);
    Ok(Op::Rename { db: ctx.db, from, to, only_new: true }.into())
}
