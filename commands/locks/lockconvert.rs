//! LOCKCONVERT: another mode for a lock that is held.

use lockstep_core::Wait;
use lockstep_core::locks::Op;

use super::asked::reply;
use super::words::{Said, flag, mode, name, once};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error, waiting};

/// LOCKCONVERT.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lockconvert",
    usage: "LOCKCONVERT key <SHARED | UPDATE | EXCLUSIVE> [OWNER owner | SESSION session] \
            [BLOCK milliseconds] [FULL]",
    summary: "Changes the mode of a lock that is held, without letting go of it, and gives its \
              fencing token; nil when other holders are in the way, and the mode stays. \
              BLOCK waits for them, ahead of all who do not hold the lock yet. Of two owners that \
              both wait to go up the second gets DEADLOCK at once. A weaker mode never waits. \
              FULL tells everything about the hold.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of owners that hold the lock or wait for it",
    arity: -3,
    flags: &["write", "blocking"],
    acl: &["@lock", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let mut said = Said::default();
    let (mut wanted, mut block_ms, mut full) = (None, None, false);
    while !args.is_empty() {
        if said.take_owner(&mut args)? || flag(&mut full, "full", &mut args)? {
            continue;
        }
        if args.token("block") {
            once(&mut block_ms, waiting::milliseconds(&mut args)?)?;
        } else {
            once(&mut wanted, mode(&mut args).ok_or(error::SYNTAX)?)?;
        }
    }
    let (origin, request) = (ctx.origin, ctx.request);
    let wait = block_ms.map(|block_ms| Wait::For { origin, request, block_ms });
    let mode = wanted.ok_or(error::SYNTAX)?;
    let owner = said.owner_or(origin);
    Ok(Op::Convert { name, owner, mode, wait, client: origin, full }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::locks::{Mode, Owner};
    use lockstep_core::{Fault, Outcome};

    use super::*;
    use crate::Reply;
    use crate::testing::{context, lock_op, refusal, reply_to};

    #[test]
    fn options_come_in_any_order_and_case() {
        let client = context().origin;
        let owner = Owner::Connection { origin: client };
        let (name, mode) = (b"k", Mode::Exclusive {});
        let plain = Op::Convert { name, owner, mode, wait: None, client, full: false };
        assert_eq!(lock_op("lockconvert k exclusive"), plain);
        let wait = Some(Wait::For { origin: client, request: context().request, block_ms: 5 });
        let (owner, mode) = (Owner::Named { name: b"me" }, Mode::Shared {});
        let all = Op::Convert { name, owner, mode, wait, client, full: true };
        assert_eq!(lock_op("lockconvert k shared owner me block 5 full"), all);
        assert_eq!(lock_op("LOCKCONVERT k FULL Block 5 OWNER me SHARED"), all);
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "lockconvert k full",
            "lockconvert k shared update",
            "lockconvert k shared shared",
            "lockconvert k shared full full",
            "lockconvert k shared block 1 block 1",
            "lockconvert k shared px 100",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("lockconvert k update block -1"), "ERR timeout is negative");
    }

    #[test]
    fn the_reply_is_the_token_or_nil() {
        assert_eq!(reply_to("lockconvert k shared", Outcome::Int(7)), Reply::Int(7));
        assert_eq!(reply_to("lockconvert k shared", Outcome::Nil), Reply::Nil);
        let reply = reply_to("lockconvert k exclusive", Fault::ConversionDeadlock.into());
        let Reply::Error(bad) = reply else { panic!("{reply:?}") };
        assert!(bad.0.starts_with("DEADLOCK conversion"), "{}", bad.0);
    }
}
