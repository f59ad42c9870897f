//! DEL, UNLINK: the end of keys.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// DEL.
pub const DEL: Command = Command { spec: &DEL_SPEC, parse, reply: plain, subcommands: &[] };

/// UNLINK.
pub const UNLINK: Command = Command { spec: &UNLINK_SPEC, parse, reply: plain, subcommands: &[] };

static DEL_SPEC: Spec = Spec {
    name: "del",
    usage: "DEL key [key ...]",
    summary: "Deletes keys and returns how many there were.",
    since: "1.0.0",
    group: Group::Generic,
    complexity: "O(N) where N is the number of keys",
    arity: -2,
    flags: &["write"],
    acl: &["@keyspace", "@write", "@slow"],
    tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
    keys: &[KeySpec::range(&["RM", "delete"], 1, -1, 1)],
    road: Road::Log,
};

static UNLINK_SPEC: Spec = Spec {
    name: "unlink",
    usage: "UNLINK key [key ...]",
    summary: "Deletes keys and returns how many there were; memory is given back without holding up others.",
    since: "4.0.0",
    group: Group::Generic,
    complexity: "O(N) where N is the number of keys",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@keyspace", "@write", "@fast"],
    tips: &["request_policy:multi_shard", "response_policy:agg_sum"],
    keys: &[KeySpec::range(&["RM", "delete"], 1, -1, 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Del { db: ctx.db, keys: args.all().to_vec() }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn both_delete_all_keys_given() {
        let op = Op::Del { db: DB, keys: vec![b"a", b"b", b"a"] };
        assert_eq!(key_op("del a b a"), op);
        assert_eq!(key_op("unlink a b a"), op);
    }
}
