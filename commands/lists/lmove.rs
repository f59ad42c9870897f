//! LMOVE, RPOPLPUSH: an element goes to another list.

use lockstep_core::keys::Op;

use super::end;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec};

/// LMOVE.
pub const LMOVE: Command = Command { spec: &LMOVE_SPEC, parse, reply: plain, subcommands: &[] };

/// RPOPLPUSH.
pub const RPOPLPUSH: Command =
    Command { spec: &RPOPLPUSH_SPEC, parse: parse_old, reply: plain, subcommands: &[] };

static LMOVE_SPEC: Spec = Spec {
    name: "lmove",
    usage: "LMOVE source destination <LEFT | RIGHT> <LEFT | RIGHT>",
    summary: "Removes an element from one end of a list, puts it to an end of another one, and returns it.",
    since: "6.2.0",
    group: Group::List,
    complexity: "O(1)",
    arity: 5,
    flags: &["write", "denyoom"],
    acl: &["@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1), KeySpec::one(&["RW", "insert"], 2)],
    road: Road::Log,
};

static RPOPLPUSH_SPEC: Spec = Spec {
    name: "rpoplpush",
    usage: "RPOPLPUSH source destination",
    summary: "Does the same as LMOVE with RIGHT and LEFT.",
    since: "1.2.0",
    group: Group::List,
    complexity: "O(1)",
    arity: 3,
    flags: &["write", "denyoom"],
    acl: &["@list", "@slow", "@write"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "delete"], 1), KeySpec::one(&["RW", "insert"], 2)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (from, to) = (args.word()?, args.word()?);
    let (from_front, to_front) = (end(&mut args)?, end(&mut args)?);
    Ok(Op::ListMove { db: ctx.db, from, to, from_front, to_front }.into())
}

fn parse_old<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (from, to) = (args.word()?, args.word()?);
    Ok(Op::ListMove { db: ctx.db, from, to, from_front: false, to_front: true }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, key_op, refusal};

    #[test]
    fn both_ends_are_named() {
        let shift = |from_front, to_front| Op::ListMove {
            db: DB,
            from: b"a",
            to: b"b",
            from_front,
            to_front,
        };
        assert_eq!(key_op("lmove a b left right"), shift(true, false));
        assert_eq!(key_op("rpoplpush a b"), shift(false, true));
        assert_eq!(refusal("lmove a b up left"), "ERR syntax error");
    }
}
