//! GETRANGE, SUBSTR: part of a string.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// GETRANGE.
pub const GETRANGE: Command =
    Command { spec: &GETRANGE_SPEC, parse, reply: plain, subcommands: &[] };

/// SUBSTR.
pub const SUBSTR: Command = Command { spec: &SUBSTR_SPEC, parse, reply: plain, subcommands: &[] };

static GETRANGE_SPEC: Spec = Spec {
    name: "getrange",
    usage: "GETRANGE key start end",
    summary: "Returns the part of the string at a key between two offsets, both inclusive and counted from the end when negative.",
    since: "2.4.0",
    group: Group::String,
    complexity: "O(N) where N is the length of the part",
    arity: 4,
    flags: &["readonly"],
    acl: &["@read", "@string", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static SUBSTR_SPEC: Spec = Spec {
    name: "substr",
    usage: "SUBSTR key start end",
    summary: "Does the same as GETRANGE under its former name.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(N) where N is the length of the part",
    arity: 4,
    flags: &["readonly"],
    acl: &["@read", "@string", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let start = args.integer()?;
    let end = args.integer()?;
    Ok(Op::GetRange { db: ctx.db, key, start, end }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op};

    #[test]
    fn offsets_may_count_from_the_end() {
        let op = Op::GetRange { db: DB, key: b"k", start: 0, end: -1 };
        assert_eq!(key_op("getrange k 0 -1"), op);
        assert_eq!(key_op("substr k 0 -1"), op);
    }
}
