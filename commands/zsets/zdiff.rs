//! ZDIFF, ZDIFFSTORE: what is in the first of several sorted sets only.

use lockstep_core::keys::Op;
use lockstep_core::keys::sets::Merge;

use super::merged::Merged;
use crate::reply::{pairs, plain};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZDIFF.
pub const ZDIFF: Command = Command { spec: &ZDIFF_SPEC, parse, reply: pairs, subcommands: &[] };

/// ZDIFFSTORE.
pub const ZDIFFSTORE: Command =
    Command { spec: &ZDIFFSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static ZDIFF_SPEC: Spec = Spec {
    name: "zdiff",
    usage: "ZDIFF numkeys key [key ...] [WITHSCORES]",
    summary: "Returns the members that the first of several sorted sets has and no other, in the order of their scores.",
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

static ZDIFFSTORE_SPEC: Spec = Spec {
    name: "zdiffstore",
    usage: "ZDIFFSTORE destination numkeys key [key ...]",
    summary: "Stores the members that the first of several sorted sets has and no other as a sorted set at a key and returns how many they are.",
    since: "6.2.0",
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
    let merge = Merged::parse(&mut args, "zdiff", false, true)?;
    let Merged { keys, weights, fold, scores } = merge;
    Ok(Op::ScoredMerge { db: ctx.db, how: Merge::Difference {}, keys, weights, fold, scores }
        .into())
}

fn parse_store<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let to = args.word()?;
    let merge = Merged::parse(&mut args, "zdiffstore", false, false)?;
    let Merged { keys, weights, fold, .. } = merge;
    Ok(Op::ScoredMergeStore { db: ctx.db, how: Merge::Difference {}, to, keys, weights, fold }
        .into())
}
