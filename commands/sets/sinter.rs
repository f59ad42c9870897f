//! SINTER, SINTERSTORE: what is in all of several sets.

use lockstep_core::keys::sets::Merge;

use super::merged;
use crate::reply::{plain, set};
use crate::{Args, BadArgs, Command, Context, KeySpec, Request, Spec};

/// SINTER.
pub const SINTER: Command = Command { spec: &SINTER_SPEC, parse, reply: set, subcommands: &[] };

/// SINTERSTORE.
pub const SINTERSTORE: Command =
    Command { spec: &SINTERSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static SINTER_SPEC: Spec = Spec {
    name: "sinter",
    usage: "SINTER key [key ...]",
    summary: "Returns the members that all of several sets have.",
    complexity: "O(N*M) where N is the size of the smallest set and M the number of sets",
    ..merged::MERGE
};

static SINTERSTORE_SPEC: Spec = Spec {
    name: "sinterstore",
    usage: "SINTERSTORE destination key [key ...]",
    summary: "Stores the members that all of several sets have as a set at a key and returns how many they are.",
    complexity: "O(N*M) where N is the size of the smallest set and M the number of sets",
    keys: &[KeySpec::one(&["RW", "update"], 1), KeySpec::range(&["RO", "access"], 2, -1, 1)],
    ..merged::STORE
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::merge(Merge::Intersection {}, ctx, args)
}

fn parse_store<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::store(Merge::Intersection {}, ctx, args)
}
