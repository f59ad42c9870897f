//! LINDEX: an element by its index.

use lockstep_core::keys::lists::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// LINDEX.
pub const LINDEX: Command = Command { spec: &LINDEX_SPEC, parse, reply: plain, subcommands: &[] };

static LINDEX_SPEC: Spec = Spec {
    name: "lindex",
    usage: "LINDEX key index",
    summary: "Returns the element of the list at a key that has an index, counted from the end when negative.",
    since: "1.0.0",
    group: Group::List,
    complexity: "O(log N) where N is the number of elements",
    arity: 3,
    flags: &["readonly"],
    acl: &["@list", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, index) = (args.word()?, args.integer()?);
    Ok(on(ctx, key, Op::Index { index }))
}
