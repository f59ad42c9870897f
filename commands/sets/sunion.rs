//! SUNION, SUNIONSTORE: what is in any of several sets.

use lockstep_core::keys::Op;
use lockstep_core::keys::sets::Merge;

use crate::reply::{plain, set};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SUNION.
pub const SUNION: Command = Command { spec: &SUNION_SPEC, parse, reply: set, subcommands: &[] };

/// SUNIONSTORE.
pub const SUNIONSTORE: Command =
    Command { spec: &SUNIONSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static SUNION_SPEC: Spec = Spec {
    name: "sunion",
    usage: "SUNION key [key ...]",
    summary: "Returns the members that any of several sets has.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N) where N is the number of members of all sets",
    arity: -2,
    flags: &["readonly"],
    acl: &["@read", "@set", "@slow"],
    tips: &["nondeterministic_output_order"],
    keys: &[KeySpec::range(&["RO", "access"], 1, -1, 1)],
    road: Road::Cache,
};

static SUNIONSTORE_SPEC: Spec = Spec {
    name: "sunionstore",
    usage: "SUNIONSTORE destination key [key ...]",
    summary: "Stores the members that any of several sets has as a set at a key and returns how many they are.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N) where N is the number of members of all sets",
    arity: -3,
    flags: &["write", "denyoom"],
    acl: &["@set", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["OW", "update"], 1), KeySpec::range(&["RO", "access"], 2, -1, 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let keys = args.all().to_vec();
    Ok(Op::SetMerge { db: ctx.db, how: Merge::Union {}, keys }.into())
}

fn parse_store<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let to = args.word()?;
    let keys = args.all().to_vec();
    Ok(Op::SetMergeStore { db: ctx.db, how: Merge::Union {}, to, keys }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn the_result_may_be_stored() {
        let how = Merge::Union {};
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        let merge = Op::SetMerge { db: DB, how, keys: keys.clone() };
        assert_eq!(key_op("sunion a b"), merge);
        let store = Op::SetMergeStore { db: DB, how, to: b"c", keys };
        assert_eq!(key_op("sunionstore c a b"), store);
    }
}
