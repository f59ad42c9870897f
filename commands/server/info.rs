//! INFO: the state of the node.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec};

/// INFO.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "info",
    usage: "INFO [section [section ...]]",
    summary: "Shows the state of this node, in sections.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: -1,
    flags: &["loading", "stale"],
    acl: &["@slow", "@dangerous"],
    tips: &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Info(args.collect()).into())
}
