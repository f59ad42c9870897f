//! SRANDMEMBER: members chosen at random.

use lockstep_core::keys::sets::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// SRANDMEMBER.
pub const SRANDMEMBER: Command =
    Command { spec: &SRANDMEMBER_SPEC, parse, reply: plain, subcommands: &[] };

static SRANDMEMBER_SPEC: Spec = Spec {
    name: "srandmember",
    usage: "SRANDMEMBER key [count]",
    summary: "Returns a member of the set at a key chosen at random, or several: different ones, or with a negative count perhaps the same.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N) where N is the number of members returned",
    arity: -2,
    flags: &["readonly"],
    acl: &["@read", "@set", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, seed) = (args.word()?, ctx.seed);
    if args.is_empty() {
        return Ok(on(ctx, key, Op::Random { seed }));
    }
    if args.len() > 1 {
        return Err(error::SYNTAX);
    }
    let count = args.integer_in(-i64::MAX, i64::MAX)?;
    Ok(on(ctx, key, Op::RandomSome { count, seed }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sets::tests::op;
    use crate::testing::refusal;

    #[test]
    fn a_count_may_be_given() {
        assert_eq!(op("srandmember k"), Op::Random { seed: 42 });
        assert_eq!(op("srandmember k -3"), Op::RandomSome { count: -3, seed: 42 });
        assert_eq!(refusal("srandmember k 1 2"), "ERR syntax error");
        assert!(refusal("srandmember k -9223372036854775808").contains("must between"));
    }
}
