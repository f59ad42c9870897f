//! ZSCAN: all members, some at a time.

use lockstep_core::Outcome;
use lockstep_core::keys::zsets::Op;

use super::on;
use crate::keys::scan::Walk;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec};

/// ZSCAN.
pub const ZSCAN: Command = Command { spec: &ZSCAN_SPEC, parse, reply: scanned, subcommands: &[] };

static ZSCAN_SPEC: Spec = Spec {
    name: "zscan",
    usage: "ZSCAN key cursor [MATCH pattern] [COUNT count]",
    summary: "Returns some members of the sorted set at a key with their scores and the cursor to go on with; cursor 0 starts and ends a scan.",
    since: "2.8.0",
    group: Group::SortedSet,
    complexity: "O(1) for every call, O(N) for a whole scan where N is the number of members",
    arity: -3,
    flags: &["readonly"],
    acl: &["@read", "@slow", "@sortedset"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let Walk { cursor, pattern, count } = Walk::parse(&mut args)?;
    Ok(on(ctx, key, Op::Scan { cursor, pattern, count }))
}

/// Members and scores in turn, the scores as text whatever the protocol is.
fn scanned(spec: &Spec, outcome: Outcome) -> Reply {
    let Reply::Array(mut parts) = plain(spec, outcome.clone()) else {
        return plain(spec, outcome);
    };
    if let Some(Reply::Array(pairs)) = parts.pop() {
        let flat = pairs.into_iter().flat_map(|pair| match pair {
            Reply::Array(pair) => pair,
            other => vec![other],
        });
        let text = |part| match part {
            Reply::Double(number) => Reply::DoubleText(number),
            other => other,
        };
        parts.push(Reply::Array(flat.map(text).collect()));
    }
    Reply::Array(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::reply_to;

    #[test]
    fn scores_are_text() {
        let member = Outcome::Bytes(b"m".to_vec());
        let pair = Outcome::List(vec![member, Outcome::Float(1.5)]);
        let cursor = Outcome::Bytes(b"0".to_vec());
        let outcome = Outcome::List(vec![cursor, Outcome::List(vec![pair])]);
        let members = Reply::Array(vec![Reply::bulk("m"), Reply::DoubleText(1.5)]);
        let wanted = Reply::Array(vec![Reply::bulk("0"), members]);
        assert_eq!(reply_to("zscan k 0", outcome), wanted);
    }
}
