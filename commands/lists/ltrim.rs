//! LTRIM: a list without its ends.

use lockstep_core::keys::lists::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// LTRIM.
pub const LTRIM: Command = Command { spec: &LTRIM_SPEC, parse, reply: plain, subcommands: &[] };

static LTRIM_SPEC: Spec = Spec {
    name: "ltrim",
    usage: "LTRIM key start stop",
    summary: "Removes all elements of the list at a key but those from one index to another, both inclusive.",
    since: "1.0.0",
    group: Group::List,
    complexity: "O(log N + M) where N is the number of elements and M how many are removed",
    arity: 4,
    flags: &["write"],
    acl: &["@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let (start, end) = (args.integer()?, args.integer()?);
    Ok(on(ctx, key, Op::Trim { start, end }))
}
