//! PFCOUNT: how many different elements there were.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// PFCOUNT. As in Redis the count of one key is kept in its value, and where that is out of
/// date the leader writes the new one, through the log, before it answers: the first PFCOUNT
/// behind a PFADD costs as much as a write, the next ones cost a read. It only counts in
/// transactions, in scripts and behind unfinished writes of its pipeline.
pub const PFCOUNT: Command = Command { spec: &PFCOUNT_SPEC, parse, reply: plain, subcommands: &[] };

static PFCOUNT_SPEC: Spec = Spec {
    name: "pfcount",
    usage: "PFCOUNT key [key ...]",
    summary: "Returns how many different elements were counted in any of the HyperLogLogs at keys, with an error of about 0.81%. The count of one key is kept in the value: the first PFCOUNT behind a change is a write.",
    since: "2.8.9",
    group: Group::HyperLogLog,
    complexity: "O(N) where N is the number of keys",
    arity: -2,
    flags: &["readonly"],
    acl: &["@hyperloglog", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::range(&["RW", "access"], 1, -1, 1).noted(
        "RW because it may change the internal representation of the key, and propagate to replicas",
    )],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::DistinctCount { db: ctx.db, keys: args.all().to_vec() }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn several_keys_count_together() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        assert_eq!(key_op("pfcount a b"), Op::DistinctCount { db: DB, keys });
    }
}
