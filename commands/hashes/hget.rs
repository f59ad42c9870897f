//! HGET, HEXISTS, HSTRLEN: one field.

use lockstep_core::keys::hashes::Op;

use super::on;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// HGET.
pub const HGET: Command =
    Command { spec: &HGET_SPEC, parse: parse_get, reply: plain, subcommands: &[] };

/// HEXISTS.
pub const HEXISTS: Command =
    Command { spec: &HEXISTS_SPEC, parse: parse_exists, reply: plain, subcommands: &[] };

/// HSTRLEN.
pub const HSTRLEN: Command =
    Command { spec: &HSTRLEN_SPEC, parse: parse_len, reply: plain, subcommands: &[] };

static HGET_SPEC: Spec = Spec {
    name: "hget",
    usage: "HGET key field",
    summary: "Returns the value of a field of the hash at a key.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@hash", "@read"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static HEXISTS_SPEC: Spec = Spec {
    name: "hexists",
    usage: "HEXISTS key field",
    summary: "Tells whether the hash at a key has a field.",
    since: "2.0.0",
    group: Group::Hash,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@hash", "@read"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

static HSTRLEN_SPEC: Spec = Spec {
    name: "hstrlen",
    usage: "HSTRLEN key field",
    summary: "Returns the length of the value of a field of the hash at a key.",
    since: "3.2.0",
    group: Group::Hash,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly", "fast"],
    acl: &["@fast", "@hash", "@read"],
    tips: &[],
    keys: &[KeySpec::one(&["RO"], 1)],
    road: Road::Cache,
};

fn parse_get<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, field) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::Get { field }))
}

fn parse_exists<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, field) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::Exists { field }))
}

fn parse_len<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (key, field) = (args.word()?, args.word()?);
    Ok(on(ctx, key, Op::StrLen { field }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashes::tests::op;

    #[test]
    fn one_field_is_asked_for() {
        assert_eq!(op("hget k f"), Op::Get { field: b"f" });
        assert_eq!(op("hexists k f"), Op::Exists { field: b"f" });
        assert_eq!(op("hstrlen k f"), Op::StrLen { field: b"f" });
    }
}
