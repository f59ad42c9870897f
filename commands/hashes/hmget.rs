//! HMGET: several fields.

use lockstep_core::keys::hashes::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// HMGET.
pub const HMGET: Command = Command { spec: &HMGET_SPEC, parse, reply: plain, subcommands: &[] };

static HMGET_SPEC: Spec = Spec {
    name: "hmget",
    usage: "HMGET key field [field ...]",
    summary: "Returns the values of several fields of the hash at a key, nothing for those that are not there.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: -3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@hash", "@read"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::MGet { fields: args.all().to_vec() }))
}
