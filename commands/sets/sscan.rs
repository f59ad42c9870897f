//! SSCAN: all members, some at a time.

use lockstep_core::keys::sets::Op;

use super::on;
use crate::keys::scan::Walk;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SSCAN.
pub const SSCAN: Command = Command { spec: &SSCAN_SPEC, parse, reply: plain, subcommands: &[] };

static SSCAN_SPEC: Spec = Spec {
    name: "sscan",
    usage: "SSCAN key cursor [MATCH pattern] [COUNT count]",
    summary: "Returns some members of the set at a key and the cursor to go on with; cursor 0 starts and ends a scan.",
    since: "2.8.0",
    group: Group::Set,
    complexity: "O(1) for every call, O(N) for a whole scan where N is the number of members",
    arity: -3,
    flags: &["readonly"],
    acl: &["@read", "@set", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let Walk { cursor, pattern, count } = Walk::parse(&mut args)?;
    Ok(on(ctx, key, Op::Scan { cursor, pattern, count }))
}
