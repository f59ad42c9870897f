//! ZINTERCARD: how much is in all of several sorted sets.

use lockstep_core::keys::Op;

use super::numbered_keys;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// ZINTERCARD.
pub const ZINTERCARD: Command =
    Command { spec: &ZINTERCARD_SPEC, parse, reply: plain, subcommands: &[] };

static ZINTERCARD_SPEC: Spec = Spec {
    name: "zintercard",
    usage: "ZINTERCARD numkeys key [key ...] [LIMIT limit]",
    summary: "Returns how many members all of several sorted sets have, counted up to a limit.",
    since: "7.0.0",
    group: Group::SortedSet,
    complexity: "O(N*K) where N is the size of the smallest set and K the number of sets",
    arity: -3,
    flags: &["readonly", "movablekeys"],
    acl: &["@read", "@slow", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::counted(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let keys = numbered_keys(&mut args, "zintercard")?;
    let mut limit = 0;
    while !args.is_empty() {
        if !args.token("LIMIT") || args.is_empty() {
            return Err(error::SYNTAX);
        }
        let number = args.integer().ok().and_then(|number| u64::try_from(number).ok());
        limit = number.ok_or(error::NEGATIVE_LIMIT)?;
    }
    Ok(Op::ScoredCommon { db: ctx.db, keys, limit }.into())
}
