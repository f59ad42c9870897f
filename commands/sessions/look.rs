//! SESSION INFO and LIST: which sessions there are.

use lockstep_core::Outcome;
use lockstep_core::sessions::LIST_MAX;

use crate::here::Session;
use crate::locks::words::{named, once, session};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error};

/// SESSION INFO.
pub const INFO: Command =
    Command { spec: &INFO_SPEC, parse: parse_info, reply: reply_info, subcommands: &[] };
/// SESSION LIST.
pub const LIST: Command =
    Command { spec: &LIST_SPEC, parse: parse_list, reply: plain, subcommands: &[] };

static INFO_SPEC: Spec = Spec {
    name: "session|info",
    usage: "SESSION INFO session",
    summary: "Tells of a session its name, its state (attached, detached, ending), its time to \
              live and what is left of it (-1 while a connection is attached), its delay, when it \
              was created, its connections, the other shards that know it, and its own.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(N) where N is the number of its connections and shards",
    arity: 3,
    flags: &["readonly", "noscript"],
    acl: &["@lock", "@read", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LIST_SPEC: Spec = Spec {
    name: "session|list",
    usage: "SESSION LIST cursor [COUNT count]",
    summary: "Returns the ids of some sessions and the cursor to go on with; cursor 0 starts and \
              ends a list of all sessions of all shards.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1) for every call, O(N) for the whole list where N is the number of sessions",
    arity: -3,
    flags: &["readonly", "noscript"],
    acl: &["@lock", "@read", "@slow"],
    tips: &["nondeterministic_output", "request_policy:special"],
    keys: &[],
    road: Road::Here,
};

/// What is told of a session, in order.
const SESSION: [&str; 9] = [
    "name",
    "state",
    "ttl-ms",
    "left-ms",
    "delay-ms",
    "created-ms",
    "connections",
    "shards",
    "home",
];

fn parse_info<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Session(Session::Info(session(&mut args)?)).into())
}

fn parse_list<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    const COUNT: u64 = 10;
    let cursor = std::str::from_utf8(args.word()?).ok().and_then(|digits| digits.parse().ok());
    let cursor = cursor.ok_or(error::BAD_CURSOR)?;
    let mut count = None;
    while !args.is_empty() {
        if !args.token("count") {
            return Err(error::SYNTAX);
        }
        once(&mut count, args.integer_in(1, i64::MAX)? as u64)?;
    }
    let count = count.unwrap_or(COUNT).min(LIST_MAX);
    Ok(Here::Session(Session::List { cursor, count }).into())
}

fn reply_info(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Nil => Reply::Error(error::NO_SESSION),
        other => named(spec, &SESSION, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, reply_to, request};

    #[test]
    fn each_subcommand_asks_for_its_own() {
        let here = |session| Request::from(Here::Session(session));
        assert_eq!(request("session info s1"), here(Session::Info(b"s1")));
        let list = |cursor, count| here(Session::List { cursor, count });
        assert_eq!(request("session list 0"), list(0, 10));
        assert_eq!(request("SESSION LIST 7 COUNT 5000"), list(7, 1000));
        assert_eq!(refusal("session list x"), "ERR invalid cursor");
        for line in ["session list 0 foo", "session list 0 count 1 count 1"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn a_session_is_shown_as_a_map() {
        let bytes = |text: &str| Outcome::Bytes(text.as_bytes().to_vec());
        let outcome = Outcome::List(vec![
            bytes("worker"),
            bytes("attached"),
            Outcome::Int(10_000),
            Outcome::Int(-1),
            Outcome::Int(0),
            Outcome::Int(5),
            Outcome::List(vec![bytes("1-1-7")]),
            Outcome::List(vec![Outcome::Int(2)]),
            Outcome::Int(3),
        ]);
        let Reply::Map(pairs) = reply_to("session info s1", outcome) else { panic!("no map") };
        assert_eq!(pairs[1], (Reply::bulk("state"), Reply::bulk("attached")));
        assert_eq!(pairs[6].1, Reply::Array(vec![Reply::bulk("1-1-7")]));
        assert_eq!(pairs[8], (Reply::bulk("home"), Reply::Int(3)));
        let none = reply_to("session info s1", Outcome::Nil);
        assert_eq!(none, Reply::Error(error::NO_SESSION));
    }
}
