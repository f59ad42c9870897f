//! TIME: the node's clock.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec};

/// TIME.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "time",
    usage: "TIME",
    summary: "Tells the time of the server.",
    since: "2.6.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 1,
    flags: &["loading", "stale", "fast"],
    acl: &["@fast"],
    tips: &["nondeterministic_output"],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Time.into())
}
