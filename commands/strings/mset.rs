//! MSET, MSETNX: strings for several keys at once.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// MSET.
pub const MSET: Command =
    Command { spec: &MSET_SPEC, parse: parse_mset, reply: plain, subcommands: &[] };

/// MSETNX.
pub const MSETNX: Command =
    Command { spec: &MSETNX_SPEC, parse: parse_msetnx, reply: plain, subcommands: &[] };

static MSET_SPEC: Spec = Spec {
    name: "mset",
    usage: "MSET key value [key value ...]",
    summary: "Stores strings at several keys at once.",
    since: "1.0.1",
    group: Group::String,
    complexity: "O(N) where N is the number of keys",
    arity: -3,
    flags: &["write", "denyoom"],
    acl: &["@write", "@string", "@slow"],
    tips: &["request_policy:multi_shard", "response_policy:all_succeeded"],
    keys: &[KeySpec::range(&["OW", "update"], 1, -1, 2)],
    road: Road::Log,
};

static MSETNX_SPEC: Spec = Spec {
    name: "msetnx",
    usage: "MSETNX key value [key value ...]",
    summary: "Stores strings at several keys at once, only if none of them exists yet.",
    since: "1.0.1",
    group: Group::String,
    complexity: "O(N) where N is the number of keys",
    arity: -3,
    flags: &["write", "denyoom"],
    acl: &["@write", "@string", "@slow"],
    tips: &["request_policy:multi_shard", "response_policy:agg_min"],
    keys: &[KeySpec::range(&["OW", "insert"], 1, -1, 2)],
    road: Road::Log,
};

fn parse_mset<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, false, "mset")
}

fn parse_msetnx<'a>(ctx: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    parse(ctx, args, true, "msetnx")
}

fn parse<'a>(
    ctx: &Context,
    mut args: Args<'a>,
    only_new: bool,
    name: &str,
) -> Result<Request<'a>, BadArgs> {
    let (pairs, rest) = args.all().as_chunks::<2>();
    if !rest.is_empty() {
        return Err(error::wrong_arity(name));
    }
    let pairs = pairs.iter().map(|[key, value]| (*key, *value)).collect();
    Ok(Op::MSet { db: ctx.db, pairs, only_new }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn keys_and_values_come_in_pairs() {
        let pairs: Vec<(&[u8], &[u8])> = vec![(b"a", b"1"), (b"b", b"2")];
        assert_eq!(
            key_op("msetnx a 1 b 2"),
            Op::MSet { db: DB, pairs: pairs.clone(), only_new: true }
        );
        assert_eq!(key_op("mset a 1 b 2"), Op::MSet { db: DB, pairs, only_new: false });
        assert_eq!(refusal("mset a 1 b"), "ERR wrong number of arguments for 'mset' command");
        assert_eq!(refusal("msetnx a 1 b"), "ERR wrong number of arguments for 'msetnx' command");
    }
}
