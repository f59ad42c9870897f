//! SUNION, SUNIONSTORE: what is in any of several sets.

use lockstep_core::keys::sets::Merge;

use super::merged;
use crate::reply::{plain, set};
use crate::{Args, BadArgs, Command, Context, Request, Spec};

/// SUNION.
pub const SUNION: Command = Command { spec: &SUNION_SPEC, parse, reply: set, subcommands: &[] };

/// SUNIONSTORE.
pub const SUNIONSTORE: Command =
    Command { spec: &SUNIONSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static SUNION_SPEC: Spec = Spec {
    name: "sunion",
    usage: "SUNION key [key ...]",
    summary: "Returns the members that any of several sets has.",
    complexity: "O(N) where N is the number of members of all sets",
    ..merged::MERGE
};

static SUNIONSTORE_SPEC: Spec = Spec {
    name: "sunionstore",
    usage: "SUNIONSTORE destination key [key ...]",
    summary: "Stores the members that any of several sets has as a set at a key and returns how many they are.",
    complexity: "O(N) where N is the number of members of all sets",
    ..merged::STORE
};

fn parse<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::merge(Merge::Union {}, ctx, args)
}

fn parse_store<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    merged::store(Merge::Union {}, ctx, args)
}
