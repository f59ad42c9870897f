//! HGETALL, HKEYS, HVALS: the whole hash.

use lockstep_core::keys::hashes::{Op, Part};

use super::on;
use crate::reply::{map, plain};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// HGETALL.
pub const HGETALL: Command =
    Command { spec: &HGETALL_SPEC, parse: parse_all, reply: map, subcommands: &[] };

/// HKEYS.
pub const HKEYS: Command =
    Command { spec: &HKEYS_SPEC, parse: parse_keys, reply: plain, subcommands: &[] };

/// HVALS.
pub const HVALS: Command =
    Command { spec: &HVALS_SPEC, parse: parse_values, reply: plain, subcommands: &[] };

const HGETALL_SPEC: Spec = Spec {
    name: "hgetall",
    usage: "HGETALL key",
    summary: "Returns all fields of the hash at a key with their values.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(N) where N is the number of fields",
    arity: 2,
    flags: &["readonly"],
    acl: &["@hash", "@read", "@slow"],
    tips: &["nondeterministic_output_order"],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static HKEYS_SPEC: Spec = Spec {
    name: "hkeys",
    usage: "HKEYS key",
    summary: "Returns all fields of the hash at a key.",
    ..HGETALL_SPEC
};

static HVALS_SPEC: Spec = Spec {
    name: "hvals",
    usage: "HVALS key",
    summary: "Returns the values of all fields of the hash at a key.",
    ..HGETALL_SPEC
};

fn parse_all<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::All { part: Part::Both {} }))
}

fn parse_keys<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::All { part: Part::Fields {} }))
}

fn parse_values<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(on(ctx, args.word()?, Op::All { part: Part::Values {} }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashes::tests::op;
    use lockstep_core::Outcome;

    use crate::Reply;
    use crate::testing::reply_to;

    #[test]
    fn a_whole_hash_is_a_map() {
        assert_eq!(op("hgetall k"), Op::All { part: Part::Both {} });
        let parts = [b"f", b"v"].map(|part| Outcome::Bytes(part.to_vec())).to_vec();
        let map = Reply::Map(vec![(Reply::bulk("f"), Reply::bulk("v"))]);
        assert_eq!(reply_to("hgetall k", Outcome::List(parts)), map);
    }

    #[test]
    fn either_part_may_be_asked_for_alone() {
        assert_eq!(op("hkeys k"), Op::All { part: Part::Fields {} });
        assert_eq!(op("hvals k"), Op::All { part: Part::Values {} });
    }
}
