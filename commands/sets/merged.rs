//! Several sets that become one: what SDIFF, SINTER and SUNION share.

use lockstep_core::keys::Op;
use lockstep_core::keys::sets::Merge;

use crate::{Args, BadArgs, Context, Group, KeySpec, Request, Road, Spec};

/// What the merging commands have in common, but for their names.
pub(super) const MERGE: Spec = Spec {
    name: "",
    usage: "",
    summary: "",
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

/// The same of those that store the result.
pub(super) const STORE: Spec = Spec {
    name: "",
    usage: "",
    summary: "",
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

/// The sets that the words name, merged.
pub(super) fn merge<'a>(
    how: Merge,
    ctx: &Context,
    mut args: Args<'a>,
) -> Result<Request<'a>, BadArgs> {
    Ok(Op::SetMerge { db: ctx.db, how, keys: args.all().to_vec() }.into())
}

/// The sets that the words behind the first name, merged and stored there.
pub(super) fn store<'a>(
    how: Merge,
    ctx: &Context,
    mut args: Args<'a>,
) -> Result<Request<'a>, BadArgs> {
    let to = args.word()?;
    Ok(Op::SetMergeStore { db: ctx.db, how, to, keys: args.all().to_vec() }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn the_result_may_be_stored() {
        for (merged, stored, how) in [
            ("sdiff a b", "sdiffstore c a b", Merge::Difference {}),
            ("sinter a b", "sinterstore c a b", Merge::Intersection {}),
            ("sunion a b", "sunionstore c a b", Merge::Union {}),
        ] {
            let keys: Vec<&[u8]> = vec![b"a", b"b"];
            let merge = Op::SetMerge { db: DB, how, keys: keys.clone() };
            assert_eq!(key_op(merged), merge);
            assert_eq!(key_op(stored), Op::SetMergeStore { db: DB, how, to: b"c", keys });
        }
    }
}
