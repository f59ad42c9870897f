//! ZDIFF, ZDIFFSTORE: what is in the first of several sorted sets only.

use lockstep_core::keys::sets::Merge;

use super::merged;
use crate::reply::{pairs, plain};
use crate::{Args, BadArgs, Command, Context, Request, Spec};

/// ZDIFF.
pub const ZDIFF: Command = Command { spec: &ZDIFF_SPEC, parse, reply: pairs, subcommands: &[] };

/// ZDIFFSTORE.
pub const ZDIFFSTORE: Command =
    Command { spec: &ZDIFFSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static ZDIFF_SPEC: Spec = Spec {
    name: "zdiff",
    usage: "ZDIFF numkeys key [key ...] [WITHSCORES]",
    summary: "Returns the members that the first of several sorted sets has and no other, in the order of their scores.",
    ..merged::MERGE
};

static ZDIFFSTORE_SPEC: Spec = Spec {
    name: "zdiffstore",
    usage: "ZDIFFSTORE destination numkeys key [key ...]",
    summary: "Stores the members that the first of several sorted sets has and no other as a sorted set at a key and returns how many they are.",
    since: "6.2.0",
    ..merged::STORE
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::merge(("zdiff", Merge::Difference {}), ctx, args)
}

fn parse_store<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::store(("zdiffstore", Merge::Difference {}), ctx, args)
}
