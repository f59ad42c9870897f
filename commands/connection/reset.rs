//! RESET: a connection as good as new.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec};

/// RESET.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "reset",
    usage: "RESET",
    summary: "Brings the connection back to the state right after connecting.",
    since: "6.2.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 1,
    flags: &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    acl: &["@fast", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Reset.into())
}
