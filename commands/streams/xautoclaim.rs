//! XAUTOCLAIM: a consumer takes over whatever others were given long ago.

use lockstep_core::keys::streams::Op;

use super::{id, on};
use crate::args::parse_integer;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// XAUTOCLAIM.
pub const XAUTOCLAIM: Command =
    Command { spec: &XAUTOCLAIM_SPEC, parse, reply: plain, subcommands: &[] };

static XAUTOCLAIM_SPEC: Spec = Spec {
    name: "xautoclaim",
    usage: "XAUTOCLAIM key group consumer min-idle-time start [COUNT count] [JUSTID]",
    summary: "Gives a consumer entries that others of its group have had for some time, from an id on, and returns where to go on, the entries, and the ids of those that are no longer there.",
    since: "6.2.0",
    group: Group::Stream,
    complexity: "O(C * log N) where C is the count and N the number of pending entries",
    arity: -6,
    flags: &["write", "fast"],
    acl: &["@fast", "@stream", "@write"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

/// How many entries without COUNT.
const COUNT: u64 = 100;

/// The largest COUNT, as in Redis: sixteen bytes are kept for each.
const COUNT_MAX: u64 = i64::MAX as u64 / 16;

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, group, consumer) = (args.word()?, args.word()?, args.word()?);
    let idle_ms = parse_integer(args.word()?)
        .ok_or_else(|| error::bad_claim_number("min-idle-time argument", "XAUTOCLAIM"))?;
    let start = id::start(args.word()?)?;
    let (mut count, mut just_id) = (COUNT, false);
    while !args.is_empty() {
        if args.len() > 1 && args.token("COUNT") {
            let number = parse_integer(args.word()?).and_then(|number| u64::try_from(number).ok());
            let fits = number.filter(|number| (1..=COUNT_MAX).contains(number));
            count = fits.ok_or(error::CLAIM_COUNT_ZERO)?;
        } else if args.token("JUSTID") {
            just_id = true;
        } else {
            return Err(error::SYNTAX);
        }
    }
    let idle_ms = idle_ms.max(0);
    Ok(on(ctx, key, Op::AutoClaim { group, consumer, idle_ms, start, count, just_id }))
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::streams::Id;

    use super::*;
    use crate::streams::tests::op;
    use crate::testing::refusal;

    #[test]
    fn it_goes_on_from_an_id() {
        let claim = |idle_ms, seq, count, just_id| Op::AutoClaim {
            group: b"g",
            consumer: b"c",
            idle_ms,
            start: Id { ms: 5, seq },
            count,
            just_id,
        };
        assert_eq!(op("xautoclaim k g c -5 5"), claim(0, 0, 100, false));
        assert_eq!(op("xautoclaim k g c 9 (5 JUSTID COUNT 7"), claim(9, 1, 7, true));
        assert_eq!(refusal("xautoclaim k g c 9 5 COUNT 0"), "ERR COUNT must be > 0");
        let text = "ERR Invalid min-idle-time argument for XAUTOCLAIM";
        assert_eq!(refusal("xautoclaim k g c x 5"), text);
        assert_eq!(refusal("xautoclaim k g c 9 5 COUNT"), "ERR syntax error");
    }
}
