//! LOCKRENEW: a new lease for a lock that is held.

use lockstep_core::locks::{Op, Rule};

use super::words::{Said, name};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// LOCKRENEW.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lockrenew",
    usage: "LOCKRENEW key [OWNER owner] [TOKEN token] <PX milliseconds | EX seconds>",
    summary: "Sets the lease of a lock that is held, counted from now. 1, or 0 when it is not held \
              any more.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of leases",
    arity: -4,
    flags: &["write", "fast"],
    acl: &["@lock", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let mut said = Said::default();
    while !args.is_empty() {
        let known = said.take_owner(&mut args)?
            || said.take_token(&mut args)?
            || said.take_lease("lockrenew", &mut args)?;
        if !known {
            return Err(error::SYNTAX);
        }
    }
    let lease_ms = said.lease_ms().ok_or(error::SYNTAX)?;
    let (owner, token) = (said.owner_or(ctx.origin), said.token());
    Ok(Op::Renew { name, owner, token, lease_ms, rule: Rule::Any {} }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Token;
    use lockstep_core::locks::Owner;

    use super::*;
    use crate::testing::{lock_op, refusal};

    #[test]
    fn options_come_in_any_order_and_case() {
        let owner = Owner::Named { name: b"me" };
        let op = Op::Renew { name: b"k", owner, token: Some(Token(7)), lease_ms: 5000, rule: Rule::Any {} };
        assert_eq!(lock_op("lockrenew k owner me token 7 px 5000"), op);
        assert_eq!(lock_op("LOCKRENEW k EX 5 TOKEN 7 OWNER me"), op);
    }

    #[test]
    fn a_lease_must_be_given() {
        assert_eq!(refusal("lockrenew k owner me"), "ERR syntax error");
        let text = "ERR invalid lease in 'lockrenew' command, \
                    it must be between 100 and 86400000 milliseconds";
        assert_eq!(refusal("lockrenew k px 1"), text);
    }
}
