//! LOCKKILL: takes a lock away from who holds it.

use lockstep_core::locks::{Op, Which};

use super::words::{name, once, reason, token};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// LOCKKILL.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lockkill",
    usage: "LOCKKILL key [TOKEN token | OWNER owner | ALL] [REASON reason]",
    summary: "Takes a lock away from its holders, all of them unless one is said, and tells how \
              many there were. They are told that it is lost, and their tokens are not valid any \
              more. The owner is written as LOCKINFO shows it.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(N) where N is the number of owners that hold the lock or get it next",
    arity: -2,
    flags: &["write", "admin"],
    acl: &["@lock", "@write", "@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let (mut which, mut why) = (None, None);
    while !args.is_empty() {
        if args.token("reason") {
            once(&mut why, reason(&mut args)?)?;
            continue;
        }
        let said = if args.token("token") {
            Which::Token { token: token(args.word()?)? }
        } else if args.token("owner") {
            Which::Owner { text: args.word()? }
        } else if args.token("all") {
            Which::All {}
        } else {
            return Err(error::SYNTAX);
        };
        once(&mut which, said)?;
    }
    let (which, reason) = (which.unwrap_or(Which::All {}), why.unwrap_or_default());
    Ok(Op::Kill { name, which, reason }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::Token;

    use super::*;
    use crate::testing::{lock_op, refusal};

    #[test]
    fn one_hold_is_meant_or_all() {
        let kill = |which, reason| Op::Kill { name: b"k", which, reason };
        assert_eq!(lock_op("lockkill k"), kill(Which::All {}, b""));
        assert_eq!(lock_op("lockkill k ALL reason stuck"), kill(Which::All {}, b"stuck"));
        let which = Which::Token { token: Token(7) };
        assert_eq!(lock_op("LOCKKILL k Token 7"), kill(which, b""));
        let which = Which::Owner { text: b"me" };
        assert_eq!(lock_op("lockkill k REASON stuck OWNER me"), kill(which, b"stuck"));
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "lockkill k foo",
            "lockkill k token 1 all",
            "lockkill k all all",
            "lockkill k owner a token 1",
            "lockkill k reason a reason b",
            "lockkill k reason",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }
}
