//! SEMACQUIRE and SEMRELEASE: a lock that several may hold at once, up to a limit.

use lockstep_core::locks::{Mode, Op};

use super::asked::{Asked, reply};
use super::unlock;
use super::words::{name, once, positive};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// SEMACQUIRE.
pub const ACQUIRE: Command =
    Command { spec: &ACQUIRE_SPEC, parse: parse_acquire, reply, subcommands: &[] };
/// SEMRELEASE.
pub const RELEASE: Command =
    Command { spec: &RELEASE_SPEC, parse: unlock::parse, reply: plain, subcommands: &[] };

static ACQUIRE_SPEC: Spec = Spec {
    name: "semacquire",
    usage: "SEMACQUIRE key LIMIT limit [PERMITS permits] [OWNER owner] [SESSION session] \
            [PX milliseconds | EX seconds] [BLOCK milliseconds] [PRIO priority] \
            [REENTER | NOREENTER] [VALUE value] [ID request-id] [DELAY milliseconds] \
            [ON DEADLOCK <ERROR | RELEASE>] [POLICY <DETECT | WAITDIE | WOUND>] [ASYNC] [FULL]",
    summary: "Takes one permit of a semaphore, or PERMITS of them, while all that are held stay \
              within LIMIT, and gives a token; nil when there are not enough. Everybody must say \
              the same limit while permits are held. \
              Each owner holds permits once: use an OWNER for each holder. \
              The other words mean what they mean to LOCK.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of owners that hold permits or wait for them",
    arity: -4,
    flags: &["write", "denyoom", "blocking"],
    acl: &["@lock", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

static RELEASE_SPEC: Spec = Spec {
    name: "semrelease",
    usage: "SEMRELEASE key [OWNER owner | SESSION session] [TOKEN token] [ALL] [STRICT]",
    summary: "Gives an owner's permits back, to the next in line if there are any. 1 when they \
              were held until now, 0 when they were not. The words mean what they mean to UNLOCK.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of owners that hold permits or wait for them",
    arity: -2,
    flags: &["write", "fast"],
    acl: &["@lock", "@write", "@fast"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "delete"], 1)],
    road: Road::Log,
};

fn parse_acquire<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let (mut asked, mut limit, mut permits) = (Asked::default(), None, None);
    while !args.is_empty() {
        if asked.take(ctx, "semacquire", &mut args)? || asked.take_form(&mut args)? {
            continue;
        }
        if args.token("limit") {
            once(&mut limit, positive(&mut args)?)?;
        } else if args.token("permits") {
            once(&mut permits, positive(&mut args)?)?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    let (count, limit) = (permits.unwrap_or(1), limit.ok_or(error::SYNTAX)?);
    if count > limit {
        return Err(error::MORE_PERMITS_THAN_LIMIT);
    }
    Ok(Op::Acquire { name, terms: asked.terms(ctx, Mode::Permits { count, limit }) }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::locks::{Owner, Terms};

    use super::*;
    use crate::testing::{context, lock_op, refusal};

    fn mode_of(line: &'static str) -> Mode {
        match lock_op(line) {
            Op::Acquire { terms: Terms::Of { mode, .. }, .. } => mode,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        assert_eq!(mode_of("semacquire s limit 3"), Mode::Permits { count: 1, limit: 3 });
        let two = Mode::Permits { count: 2, limit: 3 };
        assert_eq!(mode_of("semacquire s limit 3 permits 2 owner me px 100"), two);
        assert_eq!(mode_of("SEMACQUIRE s OWNER me Permits 2 BLOCK 0 LIMIT 3 async"), two);
        let owner = Owner::Connection { origin: context().origin };
        let release = Op::Release { name: b"s", owner, token: None, all: false, strict: false };
        assert_eq!(lock_op("semrelease s"), release);
    }

    #[test]
    fn permits_stay_within_the_limit() {
        let text = "ERR more permits than the limit of the semaphore";
        assert_eq!(refusal("semacquire s limit 3 permits 4"), text);
        let bounds = "ERR value is out of range, value must between 1 and 4294967295";
        assert_eq!(refusal("semacquire s limit 0"), bounds);
        assert_eq!(refusal("semacquire s limit 3 permits 0"), bounds);
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "semacquire s owner me",
            "semacquire s limit 1 limit 1",
            "semacquire s limit 1 permits 1 permits 1",
            "semacquire s limit 1 exclusive",
            "semrelease s foo",
            "semrelease s strict strict",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }
}
