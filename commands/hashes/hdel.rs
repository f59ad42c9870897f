//! HDEL: fields that are to go.

use lockstep_core::keys::hashes::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// HDEL.
pub const HDEL: Command = Command { spec: &HDEL_SPEC, parse, reply: plain, subcommands: &[] };

static HDEL_SPEC: Spec = Spec {
    name: "hdel",
    usage: "HDEL key field [field ...]",
    summary: "Removes fields from the hash at a key and returns how many were there.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::Del { fields: args.all().to_vec() }))
}
