//! PFADD: elements are counted.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// PFADD.
pub const PFADD: Command = Command { spec: &PFADD_SPEC, parse, reply: plain, subcommands: &[] };

static PFADD_SPEC: Spec = Spec {
    name: "pfadd",
    usage: "PFADD key [element [element ...]]",
    summary: "Counts elements in the HyperLogLog at a key, and returns whether that changed it.",
    since: "2.8.9",
    group: Group::HyperLogLog,
    complexity: "O(1) for each element",
    arity: -2,
    flags: &["write", "denyoom", "fast"],
    acl: &["@fast", "@hyperloglog", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "insert"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, sparse_max) = (args.word()?, ctx.sparse_bytes_max);
    let elements = args.all().to_vec();
    Ok(Op::CountDistinct { db: ctx.db, key, elements, sparse_max }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn any_number_of_elements_is_counted() {
        let count = |elements| Op::CountDistinct { db: DB, key: b"k", elements, sparse_max: 3_000 };
        assert_eq!(key_op("pfadd k"), count(Vec::new()));
        assert_eq!(key_op("pfadd k a b a"), count(vec![b"a", b"b", b"a"]));
    }
}
