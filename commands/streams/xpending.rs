//! XPENDING: what a group was given and has not acknowledged.

use lockstep_core::Outcome;
use lockstep_core::keys::streams::Op;

use super::{count, id, on};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Reply, Request, Road, Spec, error};

/// XPENDING.
pub const XPENDING: Command = Command { spec: &XPENDING_SPEC, parse, reply, subcommands: &[] };

static XPENDING_SPEC: Spec = Spec {
    name: "xpending",
    usage: "XPENDING key group [[IDLE min-idle-time] start end count [consumer]]",
    summary: "Tells what a group of the stream at a key was given and has not acknowledged: of all a summary, or the entries of a range.",
    since: "5.0.0",
    group: Group::Stream,
    complexity: "O(log N + M) where N is the number of pending entries and M how many are looked at; of the summary O(C) where C is the number of consumers",
    arity: -3,
    flags: &["readonly"],
    acl: &["@read", "@slow", "@stream"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

/// How many words there may be behind the group.
const RANGE_WORDS: std::ops::RangeInclusive<usize> = 3..=6;

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, group) = (args.word()?, args.word()?);
    if args.is_empty() {
        return Ok(on(ctx, key, Op::Pending { group }));
    }
    if !RANGE_WORDS.contains(&args.len()) {
        return Err(error::SYNTAX);
    }
    let idle_ms = if args.token("IDLE") { args.integer()? } else { 0 };
    let (start, end) = (args.word()?, args.word()?);
    let count = count(&mut args)?;
    let (start, end) = (id::start(start)?, id::end(end)?);
    // Redis does not look at what stands behind the consumer.
    let consumer = args.next();
    Ok(on(ctx, key, Op::PendingRange { group, start, end, count, idle_ms, consumer }))
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        // The summary of nothing.
        Outcome::List(mut parts) if parts.last() == Some(&Outcome::Nil) => {
            parts.pop();
            let parts = parts.into_iter().map(|part| plain(spec, part));
            Reply::Array(parts.chain([Reply::NilArray]).collect())
        }
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::keys::streams::Id;

    use super::*;
    use crate::streams::tests::op;
    use crate::testing::{refusal, reply_to};

    #[test]
    fn a_summary_or_a_range_is_asked_for() {
        assert_eq!(op("xpending k g"), Op::Pending { group: b"g" });
        let range = |idle_ms, consumer| Op::PendingRange {
            group: b"g",
            start: Id::MIN,
            end: Id::MAX,
            count: 5,
            idle_ms,
            consumer,
        };
        assert_eq!(op("xpending k g - + 5"), range(0, None));
        assert_eq!(op("xpending k g IDLE 70 - + 5 c"), range(70, Some(b"c")));
        assert_eq!(refusal("xpending k g - +"), "ERR syntax error");
        assert_eq!(refusal("xpending k g IDLE 70 - +"), "ERR syntax error");
        assert_eq!(refusal("xpending k g - + x"), "ERR value is not an integer or out of range");
    }

    #[test]
    fn the_summary_of_nothing_ends_with_no_list() {
        let nothing = vec![Outcome::Int(0), Outcome::Nil, Outcome::Nil, Outcome::Nil];
        let shown = vec![Reply::Int(0), Reply::Nil, Reply::Nil, Reply::NilArray];
        assert_eq!(reply_to("xpending k g", Outcome::List(nothing)), Reply::Array(shown));
    }
}
