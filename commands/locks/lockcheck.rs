//! LOCKCHECK: is a token still good?

use lockstep_core::locks::Op;

use super::words::{Said, name};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// LOCKCHECK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lockcheck",
    usage: "LOCKCHECK key TOKEN token [OWNER owner]",
    summary: "Tells how many milliseconds of its lease the hold with this token has left, \
              -1 when the token is not valid any more. A hold without a lease, which lasts as long \
              as its connection, has 9007199254740991 left.",
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

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let mut said = Said::default();
    while !args.is_empty() {
        if !said.take_owner(&mut args)? && !said.take_token(&mut args)? {
            return Err(error::SYNTAX);
        }
    }
    let token = said.token().ok_or(error::SYNTAX)?;
    Ok(Op::Check { name, token, owner: said.owner() }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Token;
    use lockstep_core::locks::Owner;

    use super::*;
    use crate::testing::{lock_op, refusal};

    #[test]
    fn options_come_in_any_order_and_case() {
        let token = Token(7);
        assert_eq!(lock_op("lockcheck k token 7"), Op::Check { name: b"k", token, owner: None });
        let owner = Some(Owner::Named { name: b"me" });
        assert_eq!(lock_op("LOCKCHECK k OWNER me Token 7"), Op::Check { name: b"k", token, owner });
    }

    #[test]
    fn a_token_must_be_given() {
        assert_eq!(refusal("lockcheck k owner me"), "ERR syntax error");
        assert_eq!(refusal("lockcheck k token x"), "ERR token is not a positive integer");
    }
}
