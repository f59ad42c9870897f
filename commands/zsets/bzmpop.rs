//! BZMPOP: members from the first of several sorted sets that is there, now or soon.

use lockstep_core::keys::waits::Want;

use super::greatest;
use crate::reply::or_nil_array;
use crate::waiting::{pop, seconds};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// BZMPOP.
pub const BZMPOP: Command =
    Command { spec: &BZMPOP_SPEC, parse, reply: or_nil_array, subcommands: &[] };

static BZMPOP_SPEC: Spec = Spec {
    name: "bzmpop",
    usage: "BZMPOP timeout numkeys key [key ...] <MIN | MAX> [COUNT count]",
    summary: "Does the same as ZMPOP. If no sorted set is there, waits for one at most so many seconds, 0 without end.",
    since: "7.0.0",
    group: Group::SortedSet,
    complexity: "O(K + M * log N) where K is the number of keys, N the number of members and M how many are returned",
    arity: -5,
    flags: &["write", "blocking", "movablekeys"],
    acl: &["@blocking", "@slow", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::counted(&["RW", "access", "delete"], 2)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    // The time is judged last, as in Redis.
    let time = args.word()?;
    let keys = args.counted_keys()?;
    let max = greatest(&mut args)?;
    let count = args.count_of_elements()?;
    Ok(pop(ctx, keys, Want::Members { max, count }, seconds(time)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::refusal;
    use crate::waiting::tests::asked;

    #[test]
    fn an_end_is_named() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        let want = Want::Members { max: true, count: 2 };
        assert_eq!(asked("bzmpop 1 2 a b max count 2"), (keys, want, 1000));
        assert_eq!(refusal("bzmpop -1 0 a min"), "ERR numkeys should be greater than 0");
        assert_eq!(refusal("bzmpop -1 1 a min"), "ERR timeout is negative");
        assert_eq!(refusal("bzmpop 1 1 a left"), "ERR syntax error");
    }
}
