//! PING: is anybody there?

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec};

/// PING.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "ping",
    usage: "PING [message]",
    summary: "Answers PONG, or the message it was given.",
    since: "1.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: -1,
    flags: &["fast"],
    acl: &["@fast", "@connection"],
    tips: &["request_policy:all_shards", "response_policy:all_succeeded"],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let message = args.next();
    if !args.is_empty() {
        return Err(crate::error::wrong_arity("ping"));
    }
    Ok(Here::Ping(message).into())
}
