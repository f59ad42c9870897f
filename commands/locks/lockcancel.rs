//! LOCKCANCEL: steps out of a line.

use lockstep_core::locks::Op;

use super::words::{Said, name, once, request_id};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// LOCKCANCEL.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lockcancel",
    usage: "LOCKCANCEL key [OWNER owner | SESSION session] [ID request-id]",
    summary: "Takes the owner's request for a lock back; whoever waits for it gets nil. \
              1, or 0 when it does not wait (any more). ID takes back only the request of this id.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of owners that wait for the lock",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@lock", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let (mut said, mut id) = (Said::default(), None);
    while !args.is_empty() {
        if said.take_owner(&mut args)? {
            continue;
        }
        if !args.token("id") {
            return Err(error::SYNTAX);
        }
        once(&mut id, request_id(&mut args)?)?;
    }
    Ok(Op::Cancel { name, owner: said.owner_or(ctx.origin), id }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::locks::Owner;

    use super::*;
    use crate::testing::{context, lock_op, refusal};

    #[test]
    fn options_come_in_any_order_and_case() {
        let (name, owner) = (b"k", Owner::Connection { origin: context().origin });
        assert_eq!(lock_op("lockcancel k"), Op::Cancel { name, owner, id: None });
        let (owner, id) = (Owner::Named { name: b"me" }, Some(&b"r1"[..]));
        assert_eq!(lock_op("lockcancel k owner me id r1"), Op::Cancel { name, owner, id });
        assert_eq!(lock_op("LOCKCANCEL k ID r1 Owner me"), Op::Cancel { name, owner, id });
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "lockcancel k foo",
            "lockcancel k id",
            "lockcancel k id a id b",
            "lockcancel k owner a session b",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }
}
