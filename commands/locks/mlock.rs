//! MLOCK: takes several locks, all or none.

use lockstep_core::Outcome;
use lockstep_core::locks::Mode;

use super::asked::Asked;
use super::words::{mode, names, once};
use crate::here::LockCall;
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Reply, Request, Road, Spec, error,
};

/// MLOCK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "mlock",
    usage: "MLOCK numkeys key [key ...] [SHARED | UPDATE | EXCLUSIVE] [MODES mode [mode ...]] \
            [OWNER owner] [SESSION session] [PX milliseconds | EX seconds] [BLOCK milliseconds] \
            [PRIO priority] [REENTER | NOREENTER] [VALUE value] [ID request-id] \
            [DELAY milliseconds] [ON DEADLOCK <ERROR | RELEASE>] \
            [POLICY <DETECT | WAITDIE | WOUND>]",
    summary: "Takes several locks, all of them or none, and gives their fencing tokens in the \
              order of the names; nil when others hold one. The locks are taken in an order that \
              is the same for everybody, so that requests of this kind alone never wait for each \
              other in a circle. MODES says a mode for each name. A name that comes twice is taken \
              once, in the stronger of its modes. The names may be in any shards. \
              The other words mean what they mean to LOCK.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(M*log(N)) where M is the number of names and N that of owners that hold one \
                 or wait for it",
    arity: -3,
    flags: &["write", "denyoom", "blocking"],
    acl: &["@lock", "@write", "@blocking"],
    tips: &[],
    // Hidden: a client that routes by keys would refuse names of several slots itself.
    keys: &[KeySpec::counted(&["RW", "access", "update"], 1).hidden()],
    road: Road::Here,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let names = names(&mut args, ctx.locks.names_max)?;
    let (mut asked, mut wanted, mut each) = (Asked::default(), None, None);
    while !args.is_empty() {
        if asked.take(ctx, "mlock", &mut args)? {
            continue;
        }
        if args.token("modes") {
            once(&mut each, modes(&mut args, names.len())?)?;
        } else {
            once(&mut wanted, mode(&mut args).ok_or(error::SYNTAX)?)?;
        }
    }
    let modes = match (each, wanted) {
        (Some(_), Some(_)) => return Err(error::SYNTAX),
        (Some(modes), None) => modes,
        (None, wanted) => vec![wanted.unwrap_or(Mode::Exclusive {}); names.len()],
    };
    let terms = asked.terms(ctx, Mode::Exclusive {});
    Ok(Here::Lock(LockCall::AcquireMany { names, modes, terms }).into())
}

fn modes(args: &mut Args<'_>, count: usize) -> Result<Vec<Mode>, BadArgs> {
    (0..count).map(|_| mode(args).ok_or(error::SYNTAX)).collect()
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Nil => Reply::NilArray,
        other => plain(spec, other),
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::locks::{Owner, Terms};

    use super::*;
    use crate::testing::{refusal, reply_to, request};

    fn call(line: &'static str) -> (Vec<&'static [u8]>, Vec<Mode>, Terms<'static>) {
        match request(line) {
            Request::Here(Here::Lock(LockCall::AcquireMany { names, modes, terms })) => {
                (names, modes, terms)
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn names_come_first_and_options_in_any_order() {
        let (names, modes, _) = call("mlock 2 a b");
        assert_eq!(names, [b"a", b"b"]);
        assert_eq!(modes, [Mode::Exclusive {}; 2]);
        let (names, modes, Terms::Of { owner, lease_ms, .. }) =
            call("MLOCK 2 a b OWNER me Modes shared UPDATE px 100");
        assert_eq!(names, [b"a", b"b"]);
        assert_eq!(modes, [Mode::Shared {}, Mode::Update {}]);
        assert_eq!((owner, lease_ms), (Owner::Named { name: b"me" }, Some(100)));
        assert_eq!(call("mlock 3 a b a shared").1, [Mode::Shared {}; 3]);
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "mlock 2 a",
            "mlock 1 a b",
            "mlock 2 a b modes shared",
            "mlock 1 a modes",
            "mlock 1 a modes shared modes shared",
            "mlock 1 a modes shared exclusive",
            "mlock 1 a shared exclusive",
            "mlock 1 a async",
            "mlock 1 a full",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn there_is_a_name_and_not_too_many() {
        assert_eq!(refusal("mlock 0 a"), "ERR numkeys should be greater than 0");
        assert_eq!(refusal("mlock -1 a"), "ERR numkeys should be greater than 0");
        assert_eq!(refusal("mlock x a"), "ERR value is not an integer or out of range");
        let many: &'static str =
            ["mlock 1025"].into_iter().chain(["k"; 1025]).collect::<Vec<_>>().join(" ").leak();
        assert_eq!(refusal(many), "LOCKLIMIT at most 1024 names in one command (lock-max-keys)");
    }

    #[test]
    fn what_was_not_taken_is_a_null_array() {
        assert_eq!(reply_to("mlock 1 a", Outcome::Nil), Reply::NilArray);
        let tokens = Outcome::List(vec![Outcome::Int(3), Outcome::Int(7)]);
        let shown = Reply::Array(vec![Reply::Int(3), Reply::Int(7)]);
        assert_eq!(reply_to("mlock 2 a b", tokens), shown);
    }
}
