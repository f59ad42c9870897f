//! LRANGE: elements from one index to another.

use lockstep_core::keys::lists::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// LRANGE.
pub const LRANGE: Command = Command { spec: &LRANGE_SPEC, parse, reply: plain, subcommands: &[] };

static LRANGE_SPEC: Spec = Spec {
    name: "lrange",
    usage: "LRANGE key start stop",
    summary: "Returns the elements of the list at a key from one index to another, both inclusive and counted from the end when negative.",
    since: "1.0.0",
    group: Group::List,
    complexity: "O(log N + M) where N is the number of elements and M how many are returned",
    arity: 4,
    flags: &["readonly"],
    acl: &["@list", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let (start, end) = (args.integer()?, args.integer()?);
    Ok(on(ctx, key, Op::Range { start, end }))
}
