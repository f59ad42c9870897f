//! QSESSION OPEN, PING, CLOSE: the sessions of locks, as consumers of queues call
//! them.

use lockstep_core::sessions::{NAME_BYTES_MAX, TTL_MS_MAX, TTL_MS_MIN};

use crate::here::{QueueCall, Session};
use crate::locks::words::session;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error, help};

/// QSESSION.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &CLOSE, parse: parse_close, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &OPEN, parse: parse_open, reply: plain, subcommands: &[] },
    Command { spec: &PING, parse: parse_ping, reply: plain, subcommands: &[] },
];

static SPEC: Spec = Spec {
    name: "qsession",
    usage: "QSESSION",
    summary: "Looks after the sessions that messages are delivered to. They are the sessions of \
              SESSION, which may own locks as well.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@queue", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static OPEN: Spec = Spec {
    name: "qsession|open",
    usage: "QSESSION OPEN ttl [NAME name]",
    summary: "Creates a session that lives for so many milliseconds from the last QSESSION PING \
              on, and gives its id. NAME is what people call it.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(log(N)) where N is the number of sessions",
    arity: -3,
    flags: &["write", "denyoom", "noscript"],
    acl: &["@queue", "@write", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[],
    road: Road::Here,
};

static PING: Spec = Spec {
    name: "qsession|ping",
    usage: "QSESSION PING session",
    summary: "Lets a session live for its time to live from now on, and with it all that was \
              delivered in its name; 1, or NOSESSION when it has ended.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(log(N)) where N is the number of sessions",
    arity: 3,
    flags: &["write", "noscript"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static CLOSE: Spec = Spec {
    name: "qsession|close",
    usage: "QSESSION CLOSE session [RELEASE]",
    summary: "Ends a session: what was delivered in its name comes back, as after a failure, or \
              with RELEASE as by QNACK SILENT. 1, or 0 when there is no such session (any more).",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(N) where N is the number of messages in flight in its name",
    arity: -3,
    flags: &["write", "noscript"],
    acl: &["@queue", "@write", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "qsession|help",
    usage: "QSESSION HELP",
    summary: "Lists the subcommands.",
    since: "0.1.0",
    group: Group::Queues,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@queue", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("QSESSION", SUBCOMMANDS)).into())
}

fn parse_open<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let ttl_ms = u64::try_from(args.integer()?).ok();
    let ttl_ms = ttl_ms.filter(|ms| (TTL_MS_MIN..=TTL_MS_MAX).contains(ms));
    let ttl_ms = ttl_ms.ok_or_else(error::invalid_session_ttl)?;
    let name = if args.token("name") { args.word()? } else { b"" };
    args.end()?;
    if name.len() > NAME_BYTES_MAX {
        return Err(error::SESSION_NAME_TOO_LONG);
    }
    Ok(Here::Session(Session::Create { ttl_ms, name, delay_ms: 0 }).into())
}

fn parse_ping<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Session(Session::KeepAlive(session(&mut args)?)).into())
}

fn parse_close<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let session = session(&mut args)?;
    let release = args.token("release");
    args.end()?;
    Ok(match release {
        true => Here::Queue(QueueCall::Close { session }),
        false => Here::Session(Session::Destroy(session)),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reply;
    use crate::testing::{refusal, request};

    #[test]
    fn each_subcommand_asks_for_its_own() {
        let here = |session| Request::from(Here::Session(session));
        let open = |name| here(Session::Create { ttl_ms: 5000, name, delay_ms: 0 });
        assert_eq!(request("qsession open 5000"), open(b""));
        assert_eq!(request("QSESSION OPEN 5000 Name w"), open(b"w"));
        assert_eq!(request("qsession ping s1"), here(Session::KeepAlive(b"s1")));
        assert_eq!(request("qsession close s1"), here(Session::Destroy(b"s1")));
        let release = Here::Queue(QueueCall::Close { session: b"s1" });
        assert_eq!(request("qsession close s1 RELEASE"), release.into());
    }

    #[test]
    fn times_and_names_have_bounds() {
        let ttl = "ERR invalid TTL of a session, it must be between 500 and 86400000 milliseconds";
        for line in ["qsession open 499", "qsession open 86400001", "qsession open -1"] {
            assert_eq!(refusal(line), ttl, "{line}");
        }
        assert_eq!(refusal("qsession open x"), "ERR value is not an integer or out of range");
        let long: &'static str = format!("qsession open 5000 name {}", "x".repeat(257)).leak();
        assert_eq!(refusal(long), "ERR the name of a session has at most 256 bytes");
        for line in ["qsession open 5000 foo", "qsession open 5000 name", "qsession close s1 foo"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert!(refusal("qsession ping \"\"").starts_with("NOSESSION "));
    }

    #[test]
    fn help_lists_every_subcommand() {
        let Request::Here(Here::Answer(Reply::Array(lines))) = request("qsession help") else {
            panic!("no list")
        };
        assert_eq!(lines.len(), 1 + 2 * SUBCOMMANDS.len());
    }
}
