//! SINTER, SINTERSTORE: what is in all of several sets.

use lockstep_core::keys::Op;
use lockstep_core::keys::sets::Merge;

use crate::reply::{plain, set};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// SINTER.
pub const SINTER: Command = Command { spec: &SINTER_SPEC, parse, reply: set, subcommands: &[] };

/// SINTERSTORE.
pub const SINTERSTORE: Command =
    Command { spec: &SINTERSTORE_SPEC, parse: parse_store, reply: plain, subcommands: &[] };

static SINTER_SPEC: Spec = Spec {
    name: "sinter",
    usage: "SINTER key [key ...]",
    summary: "Returns the members that all of several sets have.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N*M) where N is the size of the smallest set and M the number of sets",
    arity: -2,
    flags: &["readonly"],
    acl: &["@read", "@set", "@slow"],
    tips: &["nondeterministic_output_order"],
    keys: &[KeySpec::range(&["RO", "access"], 1, -1, 1)],
    road: Road::Cache,
};

static SINTERSTORE_SPEC: Spec = Spec {
    name: "sinterstore",
    usage: "SINTERSTORE destination key [key ...]",
    summary: "Stores the members that all of several sets have as a set at a key and returns how many they are.",
    since: "1.0.0",
    group: Group::Set,
    complexity: "O(N*M) where N is the size of the smallest set and M the number of sets",
    arity: -3,
    flags: &["write", "denyoom"],
    acl: &["@set", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1), KeySpec::range(&["RO", "access"], 2, -1, 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let keys = args.all().to_vec();
    Ok(Op::SetMerge { db: ctx.db, how: Merge::Intersection {}, keys }.into())
}

fn parse_store<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let to = args.word()?;
    let keys = args.all().to_vec();
    Ok(Op::SetMergeStore { db: ctx.db, how: Merge::Intersection {}, to, keys }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn the_result_may_be_stored() {
        let how = Merge::Intersection {};
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        let merge = Op::SetMerge { db: DB, how, keys: keys.clone() };
        assert_eq!(key_op("sinter a b"), merge);
        let store = Op::SetMergeStore { db: DB, how, to: b"c", keys };
        assert_eq!(key_op("sinterstore c a b"), store);
    }
}
