//! QUIT: the end of a connection.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec};

/// QUIT.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "quit",
    usage: "QUIT",
    summary: "Answers OK and closes the connection.",
    since: "1.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: -1,
    flags: &["noscript", "loading", "stale", "fast", "no_auth", "allow_busy"],
    acl: &["@fast", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Quit.into())
}
