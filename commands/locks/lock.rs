//! LOCK: takes a lock, now or when its turn comes.

use lockstep_core::locks::{Mode, Op};

use super::asked::{Asked, reply};
use super::words::{mode, name, once};
use crate::{Args, BadArgs, Command, Context, Group, KeySpec, Request, Road, Spec, error};

/// LOCK.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lock",
    usage: "LOCK key [SHARED | UPDATE | EXCLUSIVE] [OWNER owner] [SESSION session] \
            [PX milliseconds | EX seconds] [BLOCK milliseconds] [PRIO priority] \
            [REENTER | NOREENTER] [VALUE value] [ID request-id] [DELAY milliseconds] \
            [ON DEADLOCK <ERROR | RELEASE>] [POLICY <DETECT | WAITDIE | WOUND>] [ASYNC] [FULL]",
    summary: "Takes a lock and gives its fencing token; nil when others hold it. \
              SHARED holders stand beside each other, UPDATE beside those SHARED ones that were \
              there first, EXCLUSIVE (unless said) alone. \
              The owner is the session that the connection is attached to, else the connection \
              itself; SESSION names another session, OWNER any name of one's choice. \
              A hold ends with its connection or session, or with its lease where it has one; \
              a name without a session gets one of 30 seconds (lock-default-lease-ms). \
              BLOCK waits in line for at most so long, 0 without end; PRIO 0 to 9 stands further \
              ahead, each step by a second (lock-prio-age-ms). \
              ASYNC answers QUEUED and the place in line instead of waiting, and tells of the \
              grant later. \
              Taking a lock again gives the same token and never shortens the lease: REENTER \
              counts how often, NOREENTER refuses it. With ID a repeated request counts once. \
              VALUE is kept with the hold, for LOCKINFO. DELAY keeps others out for so long when \
              the hold is lost rather than given back. \
              Whoever would close a circle of waits gets DEADLOCK, and with ON DEADLOCK RELEASE \
              loses all its locks in that shard; POLICY WAITDIE never waits for an older session, \
              WOUND takes the lock from a younger one. \
              FULL tells everything about the hold.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of owners that hold the lock or wait for it",
    arity: -2,
    flags: &["write", "denyoom", "blocking"],
    acl: &["@lock", "@write", "@blocking"],
    tips: &[],
    keys: &[KeySpec::one(&["RW", "access", "update"], 1)],
    road: Road::Log,
};

fn parse<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    let (mut asked, mut wanted) = (Asked::default(), None);
    while !args.is_empty() {
        if asked.take(ctx, "lock", &mut args)? || asked.take_form(&mut args)? {
            continue;
        }
        once(&mut wanted, mode(&mut args).ok_or(error::SYNTAX)?)?;
    }
    let terms = asked.terms(ctx, wanted.unwrap_or(Mode::Exclusive {}));
    Ok(Op::Acquire { name, terms }.into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::locks::{Again, Owner, Policy, Terms};
    use lockstep_core::{Fault, Outcome, Wait};

    use super::*;
    use crate::testing::{context, lock_op, parse_as, refusal, reply_to};
    use crate::{LockContext, Reply};

    fn terms(line: &'static str) -> Terms<'static> {
        match lock_op(line) {
            Op::Acquire { name: b"k", terms } => terms,
            other => panic!("{line}: {other:?}"),
        }
    }

    fn plain(owner: Owner<'static>) -> Terms<'static> {
        Terms::plain(owner, context().origin)
    }

    fn for_ms(block_ms: u64) -> Option<Wait> {
        let (origin, request) = (context().origin, context().request);
        Some(Wait::For { origin, request, block_ms })
    }

    const ME: Owner<'static> = Owner::Named { name: b"me" };

    #[test]
    fn the_connection_owns_unless_somebody_is_named() {
        let mine = Owner::Connection { origin: context().origin };
        assert_eq!(terms("lock k"), plain(mine));
        assert_eq!(terms("LOCK k exclusive"), plain(mine));
        assert_eq!(terms("lock k px 100"), plain(mine).for_ms(Some(100)));
        assert_eq!(terms("lock k owner me"), plain(ME).for_ms(Some(30_000)));
        let session = Owner::Session { id: b"s1" };
        assert_eq!(terms("lock k session s1"), plain(session));
        assert_eq!(terms("lock k session s1 px 100"), plain(session).for_ms(Some(100)));
        for line in ["lock k session s1 owner me", "lock k OWNER me SESSION s1"] {
            let Terms::Of { owner, session, lease_ms, .. } = terms(line);
            assert_eq!((owner, session, lease_ms), (ME, Some(&b"s1"[..]), None), "{line}");
        }
    }

    #[test]
    fn a_name_on_an_attached_connection_lives_by_its_session() {
        let locks = LockContext { attached: true, ..LockContext::default() };
        let request = parse_as(&crate::Context { locks, ..context() }, "lock k owner me");
        assert_eq!(request, Ok(Op::Acquire { name: b"k", terms: plain(ME) }.into()));
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        let all = Terms::Of {
            owner: ME,
            session: None,
            client: context().origin,
            mode: Mode::Update {},
            lease_ms: Some(2000),
            wait: for_ms(5),
            prio: 3,
            head_start_ms: 3000,
            again: Again::Count {},
            value: b"v",
            id: Some(b"r1"),
            delay_ms: 50,
            release_on_deadlock: true,
            policy: Policy::Wound { grace_ms: 100 },
            asynchronous: true,
            full: true,
            acquiring_ms: None,
        };
        assert_eq!(
            terms(
                "lock k update owner me ex 2 block 5 prio 3 reenter value v id r1 delay 50 \
                 on deadlock release policy wound async full"
            ),
            all
        );
        assert_eq!(
            terms(
                "LOCK k FULL ASYNC Policy WOUND On Deadlock Release DELAY 50 ID r1 VALUE v \
                 REENTER PRIO 3 BLOCK 5 PX 2000 OWNER me UPDATE"
            ),
            all
        );
        let Terms::Of { mode, again, release_on_deadlock, policy, .. } =
            terms("lock k shared noreenter on deadlock error policy waitdie");
        assert_eq!((mode, again), (Mode::Shared {}, Again::Refuse {}));
        assert_eq!((release_on_deadlock, policy), (false, Policy::WaitDie {}));
        let Terms::Of { policy, .. } = terms("lock k policy detect");
        assert_eq!(policy, Policy::Detect {});
    }

    #[test]
    fn who_is_told_later_waits_without_end_unless_block_says_how_long() {
        let Terms::Of { wait, .. } = terms("lock k async");
        assert_eq!(wait, for_ms(0));
        let Terms::Of { wait, .. } = terms("lock k async block 7");
        assert_eq!(wait, for_ms(7));
    }

    #[test]
    fn words_that_contradict_or_repeat_each_other_are_a_syntax_error() {
        for line in [
            "lock k foo",
            "lock k px",
            "lock k owner",
            "lock k session",
            "lock k px 100 ex 1",
            "lock k px 100 px 100",
            "lock k owner a owner b",
            "lock k session a session b",
            "lock k block 1 block 1",
            "lock k exclusive exclusive",
            "lock k shared exclusive",
            "lock k token 1",
            "lock k prio 1 prio 1",
            "lock k reenter noreenter",
            "lock k reenter reenter",
            "lock k value a value a",
            "lock k id a id a",
            "lock k delay 1 delay 1",
            "lock k on",
            "lock k on deadlock",
            "lock k on deadlock foo",
            "lock k on deadlock error on deadlock release",
            "lock k policy",
            "lock k policy foo",
            "lock k policy detect policy wound",
            "lock k async async",
            "lock k full full",
            "lock k limit 3",
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
    fn numbers_have_bounds() {
        assert_eq!(refusal("lock k block -1"), "ERR timeout is negative");
        assert_eq!(refusal("lock k block 1.5"), "ERR timeout is not an integer or out of range");
        let prio = "ERR value is out of range, value must between 0 and 9";
        assert_eq!(refusal("lock k prio 10"), prio);
        assert_eq!(refusal("lock k prio -1"), prio);
        let delay = "ERR invalid delay in 'lock' command, \
                     it must be between 0 and 60000 milliseconds";
        assert_eq!(refusal("lock k delay -1"), delay);
        assert_eq!(refusal("lock k delay 60001"), delay);
    }

    #[test]
    fn bytes_have_bounds() {
        let long = |words: &str, count| -> &'static str {
            format!("lock k {words} {}", "x".repeat(count)).leak()
        };
        assert!(parse_as(&context(), long("value", 4096)).is_ok());
        let value = "ERR the value of a hold has at most 4096 bytes";
        assert_eq!(refusal(long("value", 4097)), value);
        let id = "ERR the id of a request has 1 to 64 bytes";
        assert_eq!(refusal(long("id", 65)), id);
        assert_eq!(refusal("lock k id \"\""), id);
        assert_eq!(refusal("lock k owner \"\""), "ERR the name of an owner has 1 to 4096 bytes");
        let session = "NOSESSION there is no such session, or it has ended";
        assert_eq!(refusal("lock k session \"\""), session);
        assert_eq!(refusal(long("session", 65)), session);
    }

    #[test]
    fn the_reply_is_the_token_or_nil_or_the_place_in_line() {
        assert_eq!(reply_to("lock k", Outcome::Int(7)), Reply::Int(7));
        assert_eq!(reply_to("lock k", Outcome::Nil), Reply::Nil);
        let queued = Outcome::List(vec![Outcome::Word("QUEUED"), Outcome::Int(2)]);
        let shown = Reply::Array(vec![Reply::Simple("QUEUED"), Reply::Int(2)]);
        assert_eq!(reply_to("lock k async", queued), shown);
        let full = reply_to("lock k", Fault::Limit.into());
        assert_eq!(full, Reply::Error(error::LINE_FULL));
    }

    #[test]
    fn full_names_everything_about_the_hold() {
        let outcome = Outcome::List(vec![
            Outcome::Int(7),
            Outcome::Word("shared"),
            Outcome::Bytes(b"me".to_vec()),
            Outcome::Int(1),
            Outcome::Int(-1),
            Outcome::Int(12),
            Outcome::Bytes(b"v".to_vec()),
        ]);
        let bulk = |text: &str| Reply::bulk(text);
        let due = Reply::Map(vec![
            (bulk("token"), Reply::Int(7)),
            (bulk("mode"), bulk("shared")),
            (bulk("owner"), bulk("me")),
            (bulk("count"), Reply::Int(1)),
            (bulk("lease-ms"), Reply::Int(-1)),
            (bulk("waited-ms"), Reply::Int(12)),
            (bulk("value"), bulk("v")),
        ]);
        assert_eq!(reply_to("lock k full", outcome), due);
    }
}
