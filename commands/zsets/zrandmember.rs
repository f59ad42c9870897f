//! ZRANDMEMBER: members chosen at random.

use lockstep_core::keys::zsets::Op;

use super::on;
use crate::reply::pairs;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZRANDMEMBER.
pub const ZRANDMEMBER: Command =
    Command { spec: &ZRANDMEMBER_SPEC, parse, reply: pairs, subcommands: &[] };

static ZRANDMEMBER_SPEC: Spec = Spec {
    name: "zrandmember",
    usage: "ZRANDMEMBER key [count [WITHSCORES]]",
    summary: "Returns a member of the sorted set at a key chosen at random, or several: different ones, or with a negative count perhaps the same.",
    since: "6.2.0",
    group: Group::SortedSet,
    complexity: "O(N) where N is the number of members returned",
    arity: -2,
    flags: &["readonly"],
    acl: &["@read", "@slow", "@sortedset"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, seed) = (args.word()?, ctx.seed);
    let some = args.chosen("WITHSCORES")?;
    let random = some.map(|(count, scores)| Op::RandomSome { count, scores, seed });
    Ok(on(ctx, key, random.unwrap_or(Op::Random { seed })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::refusal;
    use crate::zsets::tests::op;

    #[test]
    fn a_count_and_scores_may_be_asked_for() {
        assert_eq!(op("zrandmember k"), Op::Random { seed: 42 });
        let some = Op::RandomSome { count: -3, scores: true, seed: 42 };
        assert_eq!(op("zrandmember k -3 withscores"), some);
        assert_eq!(refusal("zrandmember k 1 foo"), "ERR syntax error");
    }
}
