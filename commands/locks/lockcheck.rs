//! LOCKCHECK and LOCKASSERT: is a token still good?

use lockstep_core::Token;
use lockstep_core::locks::{Op, Owner};

use super::words::{Said, name};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// LOCKCHECK.
pub const CHECK: Command =
    Command { spec: &CHECK_SPEC, parse: parse_check, reply: plain, subcommands: &[] };
/// LOCKASSERT.
pub const ASSERT: Command =
    Command { spec: &ASSERT_SPEC, parse: parse_assert, reply: plain, subcommands: &[] };

static CHECK_SPEC: Spec = Spec {
    name: "lockcheck",
    usage: "LOCKCHECK key TOKEN token [OWNER owner | SESSION session]",
    summary: "Tells how many milliseconds of its lease the hold with this token has left, \
              -1 when the token is not valid any more. A hold without a lease, which lasts as long \
              as its connection or session, has 9007199254740991 left.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1)",
    arity: -4,
    flags: &["readonly", "fast"],
    acl: &["@lock", "@read", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Cache,
};

static ASSERT_SPEC: Spec = Spec {
    name: "lockassert",
    usage: "LOCKASSERT key TOKEN token [OWNER owner | SESSION session]",
    summary: "Inside MULTI, makes EXEC do nothing at all and answer FENCED unless the hold with \
              this token is still there. Alone it is LOCKCHECK with that error instead of -1. \
              The lock must be in the same shard as what it guards: give both the same hash tag.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1)",
    arity: -4,
    flags: &["write", "fast"],
    acl: &["@lock", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 1)],
    road: Road::Log,
};

fn parse_check<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (name, token, owner) = words(args)?;
    Ok(Op::Check { name, token, owner }.into())
}

fn parse_assert<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (name, token, owner) = words(args)?;
    Ok(Op::Assert { name, token, owner }.into())
}

fn words<'a>(mut args: Args<'a>) -> Result<(&'a [u8], Token, Option<Owner<'a>>), BadArgs> {
    let name = name(&mut args)?;
    let mut said = Said::default();
    while !args.is_empty() {
        if !said.take_owner(&mut args)? && !said.take_token(&mut args)? {
            return Err(error::SYNTAX);
        }
    }
    Ok((name, said.token().ok_or(error::SYNTAX)?, said.owner()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lock_op, refusal};

    #[test]
    fn options_come_in_any_order_and_case() {
        let (name, token) = (b"k", Token(7));
        assert_eq!(lock_op("lockcheck k token 7"), Op::Check { name, token, owner: None });
        assert_eq!(lock_op("lockassert k token 7"), Op::Assert { name, token, owner: None });
        let owner = Some(Owner::Named { name: b"me" });
        assert_eq!(lock_op("LOCKCHECK k OWNER me Token 7"), Op::Check { name, token, owner });
        assert_eq!(lock_op("LOCKASSERT k OWNER me Token 7"), Op::Assert { name, token, owner });
        let owner = Some(Owner::Session { id: b"s1" });
        assert_eq!(lock_op("lockcheck k token 7 session s1"), Op::Check { name, token, owner });
    }

    #[test]
    fn a_token_must_be_given() {
        for command in ["lockcheck k owner me", "lockassert k owner me", "lockcheck k token 1 x"] {
            assert_eq!(refusal(command), "ERR syntax error");
        }
        assert_eq!(refusal("lockcheck k token x"), "ERR token is not a positive integer");
    }
}
