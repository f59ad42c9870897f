//! DBSIZE: how many keys there are.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Request, Road, Spec};

/// DBSIZE.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "dbsize",
    usage: "DBSIZE",
    summary: "Counts the keys of the selected database.",
    since: "1.0.0",
    group: Group::Server,
    complexity: "O(1)",
    arity: 1,
    flags: &["readonly", "fast"],
    acl: &["@keyspace", "@read", "@fast"],
    tips: &["request_policy:all_shards", "response_policy:agg_sum"],
    keys: &[],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::DbSize { db: ctx.db }.into())
}
