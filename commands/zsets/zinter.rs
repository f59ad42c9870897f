//! ZINTER, ZINTERSTORE: what is in all of several sorted sets.

use lockstep_core::keys::Op;
use lockstep_core::keys::sets::Merge;

use super::merged::Merged;
use crate::reply::{pairs, plain};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZINTER.
pub const ZINTER: Command = Command { spec: &ZINTER_SPEC, parse, reply: pairs, subcommands: &[] };

/// ZINTERSTORE.
pub const ZINTERSTORE: Command =
    Command { spec: &ZINTERSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static ZINTER_SPEC: Spec = Spec {
    name: "zinter",
    usage: "ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
    summary: "Returns the members that all of several sorted sets have, in the order of their scores.",
    since: "6.2.0",
    group: Group::SortedSet,
    complexity: "O(N*K + M*log M) where N is the number of members of a set, K the number of sets and M the number of members of the result",
    arity: -3,
    flags: &["readonly", "movablekeys"],
    acl: &["@read", "@slow", "@sortedset"],
    tips: &[],
    keys: &[KeySpec::counted(&["RO", "access"], 1)],
    road: Road::Cache,
};

static ZINTERSTORE_SPEC: Spec = Spec {
    name: "zinterstore",
    usage: "ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
    summary: "Stores the members that all of several sorted sets have as a sorted set at a key and returns how many they are.",
    since: "2.0.0",
    group: Group::SortedSet,
    complexity: "O(N*K + M*log M) where N is the number of members of a set, K the number of sets and M the number of members of the result",
    arity: -4,
    flags: &["write", "denyoom", "movablekeys"],
    acl: &["@slow", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 1), KeySpec::counted(&["RO", "access"], 2)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let merge = Merged::parse(&mut args, "zinter", true, true)?;
    let Merged { keys, weights, fold, scores } = merge;
    Ok(Op::ScoredMerge { db: ctx.db, how: Merge::Intersection {}, keys, weights, fold, scores }
        .into())
}

fn parse_store<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let to = args.word()?;
    let merge = Merged::parse(&mut args, "zinterstore", true, false)?;
    let Merged { keys, weights, fold, .. } = merge;
    Ok(Op::ScoredMergeStore { db: ctx.db, how: Merge::Intersection {}, to, keys, weights, fold }
        .into())
}
