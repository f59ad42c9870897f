//! ZUNION, ZUNIONSTORE: what is in any of several sorted sets.

use lockstep_core::keys::sets::Merge;

use super::merged;
use crate::reply::{pairs, plain};
use crate::{Args, BadArgs, Command, Context, Request, Spec};

/// ZUNION.
pub const ZUNION: Command = Command { spec: &ZUNION_SPEC, parse, reply: pairs, subcommands: &[] };

/// ZUNIONSTORE.
pub const ZUNIONSTORE: Command =
    Command { spec: &ZUNIONSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static ZUNION_SPEC: Spec = Spec {
    name: "zunion",
    usage: "ZUNION numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
    summary: "Returns the members that any of several sorted sets has, in the order of their scores.",
    ..merged::MERGE
};

static ZUNIONSTORE_SPEC: Spec = Spec {
    name: "zunionstore",
    usage: "ZUNIONSTORE destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
    summary: "Stores the members that any of several sorted sets has as a sorted set at a key and returns how many they are.",
    ..merged::STORE
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::merge(("zunion", Merge::Union {}), ctx, args)
}

fn parse_store<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::store(("zunionstore", Merge::Union {}), ctx, args)
}
