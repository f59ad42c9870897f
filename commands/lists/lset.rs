//! LSET: another value for an element.

use lockstep_core::keys::lists::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// LSET.
pub const LSET: Command = Command { spec: &LSET_SPEC, parse, reply: plain, subcommands: &[] };

static LSET_SPEC: Spec = Spec {
    name: "lset",
    usage: "LSET key index element",
    summary: "Sets the element of the list at a key that has an index.",
    since: "1.0.0",
    group: Group::List,
    complexity: "O(log N) where N is the number of elements",
    arity: 4,
    flags: &["write", "denyoom"],
    acl: &["@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, index) = (args.word()?, args.integer()?);
    let value = args.word()?;
    Ok(on(ctx, key, Op::Set { index, value }))
}
