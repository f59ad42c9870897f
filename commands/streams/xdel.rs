//! XDEL: entries that go.

use lockstep_core::keys::streams::Op;

use super::{id, on};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// XDEL.
pub const XDEL: Command = Command { spec: &XDEL_SPEC, parse, reply: plain, subcommands: &[] };

static XDEL_SPEC: Spec = Spec {
    name: "xdel",
    usage: "XDEL key id [id ...]",
    summary: "Removes entries from the stream at a key and returns how many were there.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(log N) for each entry, where N is the number of entries",
    arity: -3,
    flags: &["write", "fast"],
    acl: &["@fast", "@stream", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    Ok(on(ctx, key, Op::Delete { ids: id::all(&mut args)? }))
}
