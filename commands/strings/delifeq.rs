//! DELIFEQ, DELEX: the end of a key that holds a certain string.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// DELIFEQ.
pub const DELIFEQ: Command =
    Command { spec: &DELIFEQ_SPEC, parse: parse_delifeq, reply: plain, subcommands: &[] };

/// DELEX.
pub const DELEX: Command =
    Command { spec: &DELEX_SPEC, parse: parse_delex, reply: plain, subcommands: &[] };

static DELIFEQ_SPEC: Spec = Spec {
    name: "delifeq",
    usage: "DELIFEQ key value",
    summary: "Deletes a key if it holds this string; the way to release a lock made with SET NX.",
    since: "0.1.0",
    group: Group::String,
    complexity: "O(N) where N is the length of the string",
    arity: 3,
    flags: &["write", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

static DELEX_SPEC: Spec = Spec {
    name: "delex",
    usage: "DELEX key [IFEQ comparison-value]",
    summary: "Deletes a key, with IFEQ only if it holds this string.",
    since: "0.1.0",
    group: Group::String,
    complexity: "O(N) where N is the length of the string",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1)],
    road: Road::Log,
};

fn parse_delifeq<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let value = args.word()?;
    Ok(Op::DelIfEqual { db: ctx.db, key, value }.into())
}

fn parse_delex<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let op = match args.token("IFEQ") {
        true => Op::DelIfEqual { db: ctx.db, key, value: args.word()? },
        false => Op::Del { db: ctx.db, keys: vec![key] },
    };
    args.end()?;
    Ok(op.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn both_compare_before_they_delete() {
        let op = Op::DelIfEqual { db: DB, key: b"k", value: b"v" };
        assert_eq!(key_op("delifeq k v"), op);
        assert_eq!(key_op("delex k ifeq v"), op);
    }

    #[test]
    fn delex_without_a_condition_is_del() {
        assert_eq!(key_op("delex k"), Op::Del { db: DB, keys: vec![b"k"] });
        assert_eq!(refusal("delex k ifeq"), "ERR syntax error");
        assert_eq!(refusal("delex k foo v"), "ERR syntax error");
    }
}
