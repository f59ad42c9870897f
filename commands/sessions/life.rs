//! SESSION CREATE, ATTACH, DETACH, KEEPALIVE, DESTROY: from the beginning of a
//! session to its end.

use lockstep_core::sessions::{DEFAULT_TTL_MS, NAME_BYTES_MAX, TTL_MS_MAX, TTL_MS_MIN};

use crate::here::Session;
use crate::locks::words::{delay, once, session};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// SESSION CREATE.
pub const CREATE: Command =
    Command { spec: &CREATE_SPEC, parse: parse_create, reply: plain, subcommands: &[] };
/// SESSION ATTACH.
pub const ATTACH: Command =
    Command { spec: &ATTACH_SPEC, parse: parse_attach, reply: plain, subcommands: &[] };
/// SESSION DETACH.
pub const DETACH: Command =
    Command { spec: &DETACH_SPEC, parse: parse_detach, reply: plain, subcommands: &[] };
/// SESSION KEEPALIVE.
pub const KEEPALIVE: Command =
    Command { spec: &KEEPALIVE_SPEC, parse: parse_keepalive, reply: plain, subcommands: &[] };
/// SESSION DESTROY.
pub const DESTROY: Command =
    Command { spec: &DESTROY_SPEC, parse: parse_destroy, reply: plain, subcommands: &[] };

static CREATE_SPEC: Spec = Spec {
    name: "session|create",
    usage: "SESSION CREATE [TTL milliseconds] [NAME name] [DELAY milliseconds]",
    summary: "Creates a session and gives its id. Without a connection it lives for 10 seconds, \
              or for TTL. NAME is what people call it. DELAY keeps others out for so long from \
              what it held when it ends by itself.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of sessions",
    arity: -2,
    flags: &["write", "denyoom", "noscript"],
    acl: &["@lock", "@write", "@slow"],
    tips: &["nondeterministic_output"],
    keys: &[],
    road: Road::Here,
};

static ATTACH_SPEC: Spec = Spec {
    name: "session|attach",
    usage: "SESSION ATTACH session",
    summary: "Ties the connection to a session and tells its time to live. From now on the \
              session lives as long as the connection, on whichever node, and owns the locks \
              that are taken on it. A connection is attached to one session.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of sessions",
    arity: 3,
    flags: &["write", "noscript"],
    acl: &["@lock", "@write", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static DETACH_SPEC: Spec = Spec {
    name: "session|detach",
    usage: "SESSION DETACH",
    summary: "Unties the connection from its session, which has its time to live left then; \
              1, or 0 when it is attached to none.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of sessions",
    arity: 2,
    flags: &["write", "noscript"],
    acl: &["@lock", "@write", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static KEEPALIVE_SPEC: Spec = Spec {
    name: "session|keepalive",
    usage: "SESSION KEEPALIVE session",
    summary: "Lets a session without a connection live for its time to live from now on; 1, or \
              NOSESSION when it has ended.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(log(N)) where N is the number of sessions",
    arity: 3,
    flags: &["write", "noscript"],
    acl: &["@lock", "@write", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static DESTROY_SPEC: Spec = Spec {
    name: "session|destroy",
    usage: "SESSION DESTROY session",
    summary: "Ends a session: all that it holds is free and all that it waits for is over before \
              this is answered. 1, or 0 when there is no such session (any more).",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(N) where N is the number of its holds and waits",
    arity: 3,
    flags: &["write", "noscript"],
    acl: &["@lock", "@write", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_create<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (mut ttl_ms, mut name, mut delay_ms) = (None, None, None);
    while !args.is_empty() {
        if args.token("ttl") {
            once(&mut ttl_ms, ttl(&mut args)?)?;
        } else if args.token("name") {
            once(&mut name, args.word()?)?;
        } else if args.token("delay") {
            once(&mut delay_ms, delay("session|create", &mut args)?)?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    let name = name.unwrap_or_default();
    if name.len() > NAME_BYTES_MAX {
        return Err(error::SESSION_NAME_TOO_LONG);
    }
    let (ttl_ms, delay_ms) = (ttl_ms.unwrap_or(DEFAULT_TTL_MS), delay_ms.unwrap_or(0));
    Ok(Here::Session(Session::Create { ttl_ms, name, delay_ms }).into())
}

fn ttl(args: &mut Args<'_>) -> Result<u64, BadArgs> {
    let ms = u64::try_from(args.integer()?).ok();
    let ms = ms.filter(|ms| (TTL_MS_MIN..=TTL_MS_MAX).contains(ms));
    ms.ok_or_else(error::invalid_session_ttl)
}

fn parse_attach<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Session(Session::Attach(session(&mut args)?)).into())
}

fn parse_detach<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Session(Session::Detach).into())
}

fn parse_keepalive<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Session(Session::KeepAlive(session(&mut args)?)).into())
}

fn parse_destroy<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Session(Session::Destroy(session(&mut args)?)).into())
}

#[cfg(test)]
mod tests {
    use lockstep_core::{Fault, Outcome};

    use super::*;
    use crate::Reply;
    use crate::testing::{refusal, reply_to, request};

    fn create(ttl_ms: u64, name: &'static [u8], delay_ms: u64) -> Request<'static> {
        Here::Session(Session::Create { ttl_ms, name, delay_ms }).into()
    }

    #[test]
    fn options_come_in_any_order_and_case() {
        assert_eq!(request("session create"), create(10_000, b"", 0));
        let all = create(500, b"worker", 60_000);
        assert_eq!(request("session create ttl 500 name worker delay 60000"), all);
        assert_eq!(request("SESSION CREATE Delay 60000 NAME worker TTL 500"), all);
        for line in ["session create foo", "session create ttl 500 ttl 500", "session create name"]
        {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn times_and_names_have_bounds() {
        let ttl = "ERR invalid TTL of a session, it must be between 500 and 86400000 milliseconds";
        for line in
            ["session create ttl 499", "session create ttl 86400001", "session create ttl -1"]
        {
            assert_eq!(refusal(line), ttl, "{line}");
        }
        assert_eq!(
            refusal("session create delay 60001"),
            "ERR invalid delay in 'session|create' command, \
             it must be between 0 and 60000 milliseconds"
        );
        let long: &'static str = format!("session create name {}", "x".repeat(257)).leak();
        assert_eq!(refusal(long), "ERR the name of a session has at most 256 bytes");
    }

    #[test]
    fn each_subcommand_asks_for_its_own() {
        let here = |session| Request::from(Here::Session(session));
        assert_eq!(request("session attach s1"), here(Session::Attach(b"s1")));
        assert_eq!(request("session detach"), here(Session::Detach));
        assert_eq!(request("session keepalive s1"), here(Session::KeepAlive(b"s1")));
        assert_eq!(request("session destroy s1"), here(Session::Destroy(b"s1")));
        let none = "NOSESSION there is no such session, or it has ended";
        assert_eq!(refusal("session attach \"\""), none);
    }

    #[test]
    fn a_session_that_has_ended_is_an_error() {
        assert_eq!(reply_to("session create", Outcome::Bytes(b"s1".to_vec())), Reply::bulk("s1"));
        let ended = reply_to("session attach s1", Fault::NoSession.into());
        assert_eq!(ended, Reply::Error(error::NO_SESSION));
    }
}
