//! LREM: elements that equal a value are to go.

use lockstep_core::keys::lists::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// LREM.
pub const LREM: Command = Command { spec: &LREM_SPEC, parse, reply: plain, subcommands: &[] };

static LREM_SPEC: Spec = Spec {
    name: "lrem",
    usage: "LREM key count element",
    summary: "Removes elements that equal a value from the list at a key: the first so many, the last so many when the count is negative, all when it is 0.",
    since: "1.0.0",
    group: Group::List,
    complexity: "O(N) where N is the number of elements",
    arity: 4,
    flags: &["write"],
    acl: &["@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, count) = (args.word()?, args.integer()?);
    let value = args.word()?;
    Ok(on(ctx, key, Op::Remove { count, value }))
}
