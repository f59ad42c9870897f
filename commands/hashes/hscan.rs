//! HSCAN: all fields, some at a time.

use lockstep_core::keys::hashes::Op;

use super::on;
use crate::keys::scan::Walk;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// HSCAN.
pub const HSCAN: Command = Command { spec: &HSCAN_SPEC, parse, reply: plain, subcommands: &[] };

static HSCAN_SPEC: Spec = Spec {
    name: "hscan",
    usage: "HSCAN key cursor [MATCH pattern] [COUNT count]",
    summary: "Returns some fields of the hash at a key with their values and the cursor to go on with; cursor 0 starts and ends a scan.",
    since: "2.8.0",
    group: Group::Hash,
    complexity: "O(1) for every call, O(N) for a whole scan where N is the number of fields",
    arity: -3,
    flags: &["readonly"],
    acl: &["@hash", "@read", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let Walk { cursor, pattern, count } = Walk::parse(&mut args)?;
    Ok(on(ctx, key, Op::Scan { cursor, pattern, count }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashes::tests::op;
    use crate::testing::refusal;

    #[test]
    fn a_scan_may_be_narrowed() {
        let scan = Op::Scan { cursor: 7, pattern: Some(b"a*"), count: 5 };
        assert_eq!(op("hscan k 7 count 5 match a*"), scan);
        assert_eq!(refusal("hscan k x"), "ERR invalid cursor");
        assert_eq!(refusal("hscan k 0 type x"), "ERR syntax error");
    }
}
