//! SDIFF, SDIFFSTORE: what is in the first of several sets only.

use lockstep_core::keys::sets::Merge;

use super::merged;
use crate::reply::{plain, set};
use crate::{Args, BadArgs, Command, Context, Request, Spec};

/// SDIFF.
pub const SDIFF: Command = Command { spec: &SDIFF_SPEC, parse, reply: set, subcommands: &[] };

/// SDIFFSTORE.
pub const SDIFFSTORE: Command =
    Command { spec: &SDIFFSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static SDIFF_SPEC: Spec = Spec {
    name: "sdiff",
    usage: "SDIFF key [key ...]",
    summary: "Returns the members that the first of several sets has and no other.",
    ..merged::MERGE
};

static SDIFFSTORE_SPEC: Spec = Spec {
    name: "sdiffstore",
    usage: "SDIFFSTORE destination key [key ...]",
    summary: "Stores the members that the first of several sets has and no other as a set at a key and returns how many they are.",
    ..merged::STORE
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::merge(Merge::Difference {}, ctx, args)
}

fn parse_store<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::store(Merge::Difference {}, ctx, args)
}
