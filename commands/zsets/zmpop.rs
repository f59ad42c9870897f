//! ZMPOP: members from the first of several sorted sets that is there.

use lockstep_core::keys::Op;

use super::greatest;
use crate::reply::or_nil_array;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// ZMPOP.
pub const ZMPOP: Command =
    Command { spec: &ZMPOP_SPEC, parse, reply: or_nil_array, subcommands: &[] };

static ZMPOP_SPEC: Spec = Spec {
    name: "zmpop",
    usage: "ZMPOP numkeys key [key ...] <MIN | MAX> [COUNT count]",
    summary: "Removes and returns members from an end of the first of several sorted sets that is there, with its name.",
    since: "7.0.0",
    group: Group::SortedSet,
    complexity: "O(K + M * log N) where K is the number of keys, N the number of members and M how many are returned",
    arity: -4,
    flags: &["write", "movablekeys"],
    acl: &["@slow", "@sortedset", "@write"],
    tips: &[],
    keys: &[KeySpec::counted(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let keys = args.counted_keys()?;
    let max = greatest(&mut args)?;
    let count = args.count_of_elements()?;
    Ok(Op::ScoredPopFirst { db: ctx.db, keys, max, count }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn an_end_is_named() {
        let pop = |max, count| Op::ScoredPopFirst { db: DB, keys: vec![b"a", b"b"], max, count };
        assert_eq!(key_op("zmpop 2 a b min"), pop(false, 1));
        assert_eq!(key_op("zmpop 2 a b MAX count 3"), pop(true, 3));
        assert_eq!(refusal("zmpop 1 a left"), "ERR syntax error");
        assert_eq!(refusal("zmpop 1 a min count 0"), "ERR count should be greater than 0");
    }
}
