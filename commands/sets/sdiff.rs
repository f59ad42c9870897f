//! SDIFF, SDIFFSTORE: what is in the first of several sets only.

use lockstep_core::keys::Op;
use lockstep_core::keys::sets::Merge;

use crate::reply::{plain, set};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SDIFF.
pub const SDIFF: Command = Command { spec: &SDIFF_SPEC, parse, reply: set, subcommands: &[] };

/// SDIFFSTORE.
pub const SDIFFSTORE: Command =
    Command { spec: &SDIFFSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static SDIFF_SPEC: Spec = Spec {
    name: "sdiff",
    usage: "SDIFF key [key ...]",
    summary: "Returns the members that the first of several sets has and no other.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N*M) where N is the size of the first set and M the number of sets",
    arity: -2,
    flags: &["readonly"],
    acl: &["@read", "@set", "@slow"],
    tips: &["nondeterministic_output_order"],
    keys: &[KeySpec::range(&["RO", "access"], 1, -1, 1)],
    road: Road::Cache,
};

static SDIFFSTORE_SPEC: Spec = Spec {
    name: "sdiffstore",
    usage: "SDIFFSTORE destination key [key ...]",
    summary: "Stores the members that the first of several sets has and no other as a set at a key and returns how many they are.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N*M) where N is the size of the first set and M the number of sets",
    arity: -3,
    flags: &["write", "denyoom"],
    acl: &["@set", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 1), KeySpec::range(&["RO", "access"], 2, -1, 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let keys = args.all().to_vec();
    Ok(Op::SetMerge { db: ctx.db, how: Merge::Difference {}, keys }.into())
}

fn parse_store<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let to = args.word()?;
    let keys = args.all().to_vec();
    Ok(Op::SetMergeStore { db: ctx.db, how: Merge::Difference {}, to, keys }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn the_result_may_be_stored() {
        let how = Merge::Difference {};
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        let merge = Op::SetMerge { db: DB, how, keys: keys.clone() };
        assert_eq!(key_op("sdiff a b"), merge);
        let store = Op::SetMergeStore { db: DB, how, to: b"c", keys };
        assert_eq!(key_op("sdiffstore c a b"), store);
    }
}
