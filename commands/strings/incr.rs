//! INCR, DECR, INCRBY, DECRBY: counting.

use lockstep_core::keys::Op;

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// INCR.
pub const INCR: Command =
    Command { spec: &INCR_SPEC, parse: parse_incr, reply: plain, subcommands: &[] };

/// DECR.
pub const DECR: Command =
    Command { spec: &DECR_SPEC, parse: parse_decr, reply: plain, subcommands: &[] };

/// INCRBY.
pub const INCRBY: Command =
    Command { spec: &INCRBY_SPEC, parse: parse_incrby, reply: plain, subcommands: &[] };

/// DECRBY.
pub const DECRBY: Command =
    Command { spec: &DECRBY_SPEC, parse: parse_decrby, reply: plain, subcommands: &[] };

static INCR_SPEC: Spec = Spec {
    name: "incr",
    usage: "INCR key",
    summary: "Adds one to the integer at a key, 0 if there is none, and returns the sum.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 2,
    flags: &["write", "denyoom", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

static DECR_SPEC: Spec = Spec {
    name: "decr",
    usage: "DECR key",
    summary: "Subtracts one from the integer at a key, 0 if there is none, and returns the difference.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 2,
    flags: &["write", "denyoom", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

static INCRBY_SPEC: Spec = Spec {
    name: "incrby",
    usage: "INCRBY key increment",
    summary: "Adds a number to the integer at a key, 0 if there is none, and returns the sum.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

static DECRBY_SPEC: Spec = Spec {
    name: "decrby",
    usage: "DECRBY key decrement",
    summary: "Subtracts a number from the integer at a key, 0 if there is none, and returns the difference.",
    since: "1.0.0",
    group: Group::String,
    complexity: "O(1)",
    arity: 3,
    flags: &["write", "denyoom", "fast"],
    acl: &["@write", "@string", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

fn parse_incr<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::IncrBy { db: ctx.db, key: args.word()?, by: 1 }.into())
}

fn parse_decr<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::IncrBy { db: ctx.db, key: args.word()?, by: -1 }.into())
}

fn parse_incrby<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let by = args.integer()?;
    Ok(Op::IncrBy { db: ctx.db, key, by }.into())
}

fn parse_decrby<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let key = args.word()?;
    let by = args.integer()?.checked_neg().ok_or(error::DECREMENT_OVERFLOW)?;
    Ok(Op::IncrBy { db: ctx.db, key, by }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn all_four_are_one_addition() {
        let op = |by| Op::IncrBy { db: DB, key: b"k", by };
        assert_eq!(key_op("incr k"), op(1));
        assert_eq!(key_op("decr k"), op(-1));
        assert_eq!(key_op("incrby k -9223372036854775808"), op(i64::MIN));
        assert_eq!(key_op("decrby k 9223372036854775807"), op(-i64::MAX));
    }

    #[test]
    fn a_decrement_without_a_negative_twin_is_refused() {
        assert_eq!(refusal("decrby k -9223372036854775808"), "ERR decrement would overflow");
        assert_eq!(refusal("decrby k 1.5"), "ERR value is not an integer or out of range");
    }
}
