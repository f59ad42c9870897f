//! HRANDFIELD: fields chosen at random.

use lockstep_core::keys::hashes::Op;

use super::on;
use crate::reply::pairs;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// HRANDFIELD.
pub const HRANDFIELD: Command =
    Command { spec: &HRANDFIELD_SPEC, parse, reply: pairs, subcommands: &[] };

static HRANDFIELD_SPEC: Spec = Spec {
    name: "hrandfield",
    usage: "HRANDFIELD key [count [WITHVALUES]]",
    summary: "Returns a field of the hash at a key chosen at random, or several: different ones, or with a negative count perhaps the same.",
    since: "6.2.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields returned",
    arity: -2,
    flags: &["readonly"],
    acl: &["@hash", "@read", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, seed) = (args.word()?, ctx.seed);
    let some = args.chosen("WITHVALUES")?;
    let random = some.map(|(count, values)| Op::RandomSome { count, values, seed });
    Ok(on(ctx, key, random.unwrap_or(Op::Random { seed })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashes::tests::op;
    use crate::testing::refusal;

    #[test]
    fn a_count_and_values_may_be_asked_for() {
        assert_eq!(op("hrandfield k"), Op::Random { seed: 42 });
        let some = |count, values| Op::RandomSome { count, values, seed: 42 };
        assert_eq!(op("hrandfield k 3"), some(3, false));
        assert_eq!(op("hrandfield k -3 withvalues"), some(-3, true));
    }

    #[test]
    fn counts_without_end_are_refused() {
        assert_eq!(refusal("hrandfield k 1 foo"), "ERR syntax error");
        let line = "hrandfield k 4611686018427387904 withvalues";
        assert_eq!(refusal(line), "ERR value is out of range");
        assert!(refusal("hrandfield k -9223372036854775808").contains("must between"));
    }
}
