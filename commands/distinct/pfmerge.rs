//! PFMERGE: what was counted at several keys, at one.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// PFMERGE.
pub const PFMERGE: Command = Command { spec: &PFMERGE_SPEC, parse, reply: plain, subcommands: &[] };

static PFMERGE_SPEC: Spec = Spec {
    name: "pfmerge",
    usage: "PFMERGE destkey [sourcekey [sourcekey ...]]",
    summary: "Adds to the HyperLogLog at a key what was counted in those at other keys.",
    since: "2.8.9",
    group: Group::HyperLogLog,
    complexity: "O(N) where N is the number of keys",
    arity: -2,
    flags: &["write", "denyoom"],
    acl: &["@hyperloglog", "@slow", "@write"],
    tips: &[],
    keys: &[
        KeySpec::one(&["RW", "access", "insert"], 1),
        KeySpec::range(&["RO", "access"], 2, -1, 1),
    ],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (to, sparse_max) = (args.word()?, ctx.sparse_bytes_max);
    let keys = args.all().to_vec();
    Ok(Op::DistinctMerge { db: ctx.db, to, keys, sparse_max }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn the_first_key_takes_what_the_others_have() {
        let merge = |keys| Op::DistinctMerge { db: DB, to: b"to", keys, sparse_max: 3_000 };
        assert_eq!(key_op("pfmerge to"), merge(Vec::new()));
        assert_eq!(key_op("pfmerge to a b"), merge(vec![b"a", b"b"]));
    }
}
