//! INCRBYFLOAT: counting with fractions.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// INCRBYFLOAT.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "incrbyfloat",
    usage: "INCRBYFLOAT key amount",
    summary: "Adds a floating-point number to the number at a key, 0 if there is none, and returns the sum.",
    since: "2.6.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

/// The increment goes on as the text it is: the machine adds with more digits
/// than a 64-bit number keeps, and refuses what is no number.
fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let by = args.word()?;
    Ok(Op::IncrByFloat { db: ctx.db, key, by }.into())
}
