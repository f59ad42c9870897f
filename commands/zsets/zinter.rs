//! ZINTER, ZINTERSTORE: what is in all of several sorted sets.

use lockstep_core::keys::sets::Merge;

use super::merged;
use crate::reply::{pairs, plain};
use crate::{Args, BadArgs, Command, Context, Request, Spec};

/// ZINTER.
pub const ZINTER: Command = Command { spec: &ZINTER_SPEC, parse, reply: pairs, subcommands: &[] };

/// ZINTERSTORE.
pub const ZINTERSTORE: Command =
    Command { spec: &ZINTERSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static ZINTER_SPEC: Spec = Spec {
    name: "zinter",
    usage: "ZINTER numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
    summary: "Returns the members that all of several sorted sets have, in the order of their scores.",
    ..merged::MERGE
};

static ZINTERSTORE_SPEC: Spec = Spec {
    name: "zinterstore",
    usage: "ZINTERSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
    summary: "Stores the members that all of several sorted sets have as a sorted set at a key and returns how many they are.",
    ..merged::STORE
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::merge(("zinter", Merge::Intersection {}), ctx, args)
}

fn parse_store<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::store(("zinterstore", Merge::Intersection {}), ctx, args)
}
