//! LOCKSCAN: all locks, some at a time.

use lockstep_core::locks::{Filter, State};

use super::words::{once, positive, session};
use crate::here::LockCall;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// LOCKSCAN.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply: plain, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lockscan",
    usage: "LOCKSCAN cursor [MATCH pattern] [COUNT count] [OWNER owner] [SESSION session] \
            [HELD | WAITED | ACQUIRING] [MINWAIT milliseconds]",
    summary: "Returns the names of some locks that are held or waited for, and the cursor to go \
              on with; cursor 0 starts and ends a scan. One loop walks all shards. \
              The names are those that meet all that is said: held or waited for by an owner, as \
              LOCKINFO shows it, or in the name of a session; held, waited for, or taken for an \
              MLOCK that is not complete yet; with somebody who has waited so long.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1) for every call, O(N) for a whole scan where N is the number of locks",
    arity: -2,
    flags: &["readonly"],
    acl: &["@lock", "@read", "@slow"],
    tips: &["nondeterministic_output", "request_policy:special"],
    keys: &[],
    road: Road::Here,
};

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    const COUNT: u32 = 10;
    let cursor = cursor(args.word()?)?;
    let (mut pattern, mut count, mut state, mut wait_ms) = (None, None, None, None);
    let (mut owner, mut id) = (None, None);
    while !args.is_empty() {
        if args.token("match") {
            once(&mut pattern, args.word()?)?;
        } else if args.token("count") {
            once(&mut count, positive(&mut args)?)?;
        } else if args.token("owner") {
            once(&mut owner, args.word()?)?;
        } else if args.token("session") {
            once(&mut id, session(&mut args)?)?;
        } else if args.token("minwait") {
            once(&mut wait_ms, args.integer_in(0, i64::MAX)? as u64)?;
        } else {
            once(&mut state, state_of(&mut args).ok_or(error::SYNTAX)?)?;
        }
    }
    let filter = Filter::By {
        pattern,
        owner,
        session: id,
        state: state.unwrap_or(State::Any {}),
        min_wait_ms: wait_ms.unwrap_or(0),
    };
    Ok(Here::Lock(LockCall::Scan { cursor, count: count.unwrap_or(COUNT), filter }).into())
}

fn cursor(word: &[u8]) -> Result<u64, BadArgs> {
    let digits = std::str::from_utf8(word).ok().filter(|text| !text.starts_with('+'));
    digits.and_then(|digits| digits.parse().ok()).ok_or(error::BAD_CURSOR)
}

fn state_of(args: &mut Args<'_>) -> Option<State> {
    if args.token("held") {
        Some(State::Held {})
    } else if args.token("waited") {
        Some(State::Waited {})
    } else if args.token("acquiring") {
        Some(State::Acquiring {})
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Outcome;

    use super::*;
    use crate::Reply;
    use crate::testing::{refusal, reply_to, request};

    fn scan(cursor: u64, count: u32, filter: Filter<'static>) -> Request<'static> {
        Here::Lock(LockCall::Scan { cursor, count, filter }).into()
    }

    #[test]
    fn filters_come_in_any_order_and_case() {
        let any = Filter::By {
            pattern: None,
            owner: None,
            session: None,
            state: State::Any {},
            min_wait_ms: 0,
        };
        assert_eq!(request("lockscan 0"), scan(0, 10, any));
        assert_eq!(request("lockscan 18446744073709551615"), scan(u64::MAX, 10, any));
        let all = Filter::By {
            pattern: Some(b"a*"),
            owner: Some(b"me"),
            session: Some(b"s1"),
            state: State::Waited {},
            min_wait_ms: 7,
        };
        let line = "lockscan 5 match a* count 3 owner me session s1 waited minwait 7";
        assert_eq!(request(line), scan(5, 3, all));
        let line = "LOCKSCAN 5 MinWait 7 WAITED Session s1 OWNER me COUNT 3 MATCH a*";
        assert_eq!(request(line), scan(5, 3, all));
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in [
            "lockscan 0 foo",
            "lockscan 0 held waited",
            "lockscan 0 count 1 count 1",
            "lockscan 0 match",
        ] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        for line in ["lockscan x", "lockscan -1", "lockscan +1", "lockscan 18446744073709551616"] {
            assert_eq!(refusal(line), "ERR invalid cursor", "{line}");
        }
    }

    #[test]
    fn the_reply_is_a_cursor_and_names() {
        let names = Outcome::List(vec![Outcome::Bytes(b"a".to_vec())]);
        let outcome = Outcome::List(vec![Outcome::Bytes(b"5".to_vec()), names]);
        let shown = Reply::Array(vec![Reply::bulk("5"), Reply::Array(vec![Reply::bulk("a")])]);
        assert_eq!(reply_to("lockscan 0", outcome), shown);
    }
}
