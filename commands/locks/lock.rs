//! LOCK: takes a lock, now or when its turn comes.

use lockstep_core::Wait;
use lockstep_core::locks::{DEFAULT_LEASE_MS, Mode, Op, Owner, Terms};

use super::words::{Said, name};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error, waiting};

/// LOCK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lock",
    usage: "LOCK key [EXCLUSIVE] [OWNER owner] [PX milliseconds | EX seconds] [BLOCK milliseconds]",
    summary: "Takes a lock and gives its fencing token; nil when another owner holds it. \
              The owner is the connection, whose locks end with it, or a name of one's choice, \
              whose locks end with their lease (30 seconds unless given). \
              BLOCK waits in line for at most so long, 0 without end. \
              Taking a lock again gives the same token and never shortens the lease.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of owners that wait for the lock",
    arity: -2,
    flags: &["write", "denyoom", "blocking"],
    acl: &["@lock", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let mut said = Said::default();
    let mut mode = None;
    let mut block_ms = None;
    while !args.is_empty() {
        if said.take_owner(&mut args)? || said.take_lease("lock", &mut args)? {
            continue;
        }
        if mode.is_none() && args.token("exclusive") {
            mode = Some(Mode::Exclusive {});
        } else if block_ms.is_none() && args.token("block") {
            block_ms = Some(waiting::milliseconds(&mut args)?);
        } else {
            return Err(error::SYNTAX);
        }
    }
    let owner = said.owner_or(ctx.origin);
    let named = matches!(owner, Owner::Named { .. });
    let lease_ms = said.lease_ms().or(named.then_some(DEFAULT_LEASE_MS));
    let (origin, request) = (ctx.origin, ctx.request);
    let wait = block_ms.map(|block_ms| Wait::For { origin, request, block_ms });
    let mode = mode.unwrap_or(Mode::Exclusive {});
    let terms = Terms::plain(owner, origin).in_mode(mode).for_ms(lease_ms).waiting(wait);
    Ok(Op::Acquire { name, terms }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::{Fault, Outcome};

    use super::*;
    use crate::Reply;
    use crate::testing::{context, lock_op, refusal, reply_to};

    fn lock(owner: Owner<'static>, lease_ms: Option<u64>, block_ms: Option<u64>) -> Op<'static> {
        let (origin, request) = (context().origin, context().request);
        let wait = block_ms.map(|block_ms| Wait::For { origin, request, block_ms });
        let terms = Terms::plain(owner, origin).for_ms(lease_ms).waiting(wait);
        Op::Acquire { name: b"k", terms }
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        let mine = Owner::Connection { origin: context().origin };
        let me = Owner::Named { name: b"me" };
        assert_eq!(lock_op("lock k"), lock(mine, None, None));
        assert_eq!(lock_op("LOCK k exclusive"), lock(mine, None, None));
        assert_eq!(lock_op("lock k px 100"), lock(mine, Some(100), None));
        assert_eq!(lock_op("lock k EX 2 Block 0"), lock(mine, Some(2000), Some(0)));
        assert_eq!(lock_op("lock k owner me"), lock(me, Some(30_000), None));
        let all = lock(me, Some(86_400_000), Some(5));
        assert_eq!(lock_op("lock k block 5 ex 86400 EXCLUSIVE owner me"), all);
        assert_eq!(lock_op("lock k owner me px 86400000 block 5"), all);
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "lock k foo",
            "lock k px",
            "lock k owner",
            "lock k px 100 ex 1",
            "lock k px 100 px 100",
            "lock k owner a owner b",
            "lock k block 1 block 1",
            "lock k exclusive exclusive",
            "lock k token 1",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn a_lease_has_bounds() {
        let text = "ERR invalid lease in 'lock' command, \
                    it must be between 100 and 86400000 milliseconds";
        for line in [
            "lock k px 99",
            "lock k px -1",
            "lock k ex 0",
            "lock k ex 86401",
            "lock k ex 9223372036854775807",
        ] {
            assert_eq!(refusal(line), text, "{line}");
        }
        assert_eq!(refusal("lock k px x"), "ERR value is not an integer or out of range");
    }

    #[test]
    fn a_wait_is_not_negative() {
        assert_eq!(refusal("lock k block -1"), "ERR timeout is negative");
        assert_eq!(refusal("lock k block 1.5"), "ERR timeout is not an integer or out of range");
    }

    #[test]
    fn an_owner_has_a_name() {
        assert_eq!(refusal("lock k owner \"\""), "ERR the name of an owner has 1 to 4096 bytes");
    }

    #[test]
    fn the_reply_is_the_token_or_nil() {
        assert_eq!(reply_to("lock k", Outcome::Int(7)), Reply::Int(7));
        assert_eq!(reply_to("lock k", Outcome::Nil), Reply::Nil);
        let full = reply_to("lock k", Fault::Limit.into());
        assert_eq!(full, Reply::Error(error::LINE_FULL));
    }
}
