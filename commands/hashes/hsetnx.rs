//! HSETNX: a value for a field that is not there.

use lockstep_core::keys::hashes::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// HSETNX.
pub const HSETNX: Command = Command { spec: &HSETNX_SPEC, parse, reply: plain, subcommands: &[] };

static HSETNX_SPEC: Spec = Spec {
    name: "hsetnx",
    usage: "HSETNX key field value",
    summary: "Sets a field of the hash at a key to a value unless the field is there.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(1)",
    arity: 4,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hash", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let (field, value) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::SetNew { field, value }))
}
