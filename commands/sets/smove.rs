//! SMOVE: a member goes to another set.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SMOVE.
pub const SMOVE: Command = Command { spec: &SMOVE_SPEC, parse, reply: plain, subcommands: &[] };

static SMOVE_SPEC: Spec = Spec {
    name: "smove",
    usage: "SMOVE source destination member",
    summary: "Moves a member from one set to another.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(1)",
    arity: 4,
    flags: &["write", "fast"],
    acl: &["@fast", "@set", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1), KeySpec::one(&["RW", "insert"], 2)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (from, to) = (args.word()?, args.word()?);
    let member = args.word()?;
    Ok(Op::MemberMove { db: ctx.db, from, to, member }.into())
}
