//! UNLOCK: gives a lock back.

use lockstep_core::locks::Op;

use super::words::{Said, flag, name};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// UNLOCK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "unlock",
    usage: "UNLOCK key [OWNER owner | SESSION session] [TOKEN token] [ALL] [STRICT]",
    summary: "Gives a lock back, to the next in line if there are any. 1 when it was held until now, \
              0 when it was not: the lease may have ended before. A lock that was taken several \
              times with REENTER is given back once, with ALL at once. TOKEN gives back only the \
              hold with this token; STRICT makes an error of the 0.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of owners that hold the lock or wait for it",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@lock", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

/// The words behind the name of a lock that is given back.
pub(super) fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let mut said = Said::default();
    let (mut all, mut strict) = (false, false);
    while !args.is_empty() {
        let known = said.take_owner(&mut args)?
            || said.take_token(&mut args)?
            || flag(&mut all, "all", &mut args)?
            || flag(&mut strict, "strict", &mut args)?;
        if !known {
            return Err(error::SYNTAX);
        }
    }
    let (owner, token) = (said.owner_or(ctx.origin), said.token());
    Ok(Op::Release { name, owner, token, all, strict }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::locks::Owner;
    use lockstep_core::{Fault, Token};

    use super::*;
    use crate::Reply;
    use crate::testing::{context, lock_op, refusal, reply_to};

    #[test]
    fn options_come_in_any_order_and_case() {
        let owner = Owner::Connection { origin: context().origin };
        let plain = Op::Release { name: b"k", owner, token: None, all: false, strict: false };
        assert_eq!(lock_op("unlock k"), plain);
        let (owner, token) = (Owner::Named { name: b"me" }, Some(Token(7)));
        let all = Op::Release { name: b"k", owner, token, all: true, strict: true };
        assert_eq!(lock_op("unlock k owner me token 7 all strict"), all);
        assert_eq!(lock_op("UNLOCK k STRICT All Token 7 OWNER me"), all);
        let owner = Owner::Session { id: b"s1" };
        let session = Op::Release { name: b"k", owner, token: None, all: false, strict: false };
        assert_eq!(lock_op("unlock k session s1"), session);
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for line in ["unlock k token 0", "unlock k token -1", "unlock k token x"] {
            assert_eq!(refusal(line), "ERR token is not a positive integer", "{line}");
        }
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "unlock k foo",
            "unlock k strict strict",
            "unlock k all all",
            "unlock k token",
            "unlock k owner a session b",
            "unlock k session b owner a",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn strict_tells_by_an_error_that_it_was_not_held() {
        let reply = reply_to("unlock k", Fault::NotHeld.into());
        let Reply::Error(bad) = reply else { panic!("{reply:?}") };
        assert_eq!(bad.0, "NOTHELD the lock is not held by this owner");
    }
}
