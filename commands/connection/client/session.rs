//! CLIENT subcommands about the connection itself.

use crate::here::{Client, ReplySwitch};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

/// CLIENT ID.
pub const ID: Command = Command { spec: &ID_SPEC, parse: parse_id, reply: plain, subcommands: &[] };
/// CLIENT GETNAME.
pub const GETNAME: Command =
    Command { spec: &GETNAME_SPEC, parse: parse_getname, reply: plain, subcommands: &[] };
/// CLIENT SETNAME.
pub const SETNAME: Command =
    Command { spec: &SETNAME_SPEC, parse: parse_setname, reply: plain, subcommands: &[] };
/// CLIENT SETINFO.
pub const SETINFO: Command =
    Command { spec: &SETINFO_SPEC, parse: parse_setinfo, reply: plain, subcommands: &[] };
/// CLIENT REPLY.
pub const REPLY: Command =
    Command { spec: &REPLY_SPEC, parse: parse_reply, reply: plain, subcommands: &[] };
/// CLIENT NO-EVICT.
pub const NO_EVICT: Command =
    Command { spec: &NO_EVICT_SPEC, parse: parse_no_evict, reply: plain, subcommands: &[] };
/// CLIENT NO-TOUCH.
pub const NO_TOUCH: Command =
    Command { spec: &NO_TOUCH_SPEC, parse: parse_no_touch, reply: plain, subcommands: &[] };
/// CLIENT LOCKEVENTS.
pub const LOCKEVENTS: Command =
    Command { spec: &LOCKEVENTS_SPEC, parse: parse_lock_events, reply: plain, subcommands: &[] };

static ID_SPEC: Spec = Spec {
    name: "client|id",
    usage: "CLIENT ID",
    summary: "Tells the number of this connection.",
    since: "5.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 2,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static GETNAME_SPEC: Spec = Spec {
    name: "client|getname",
    usage: "CLIENT GETNAME",
    summary: "Tells the name of this connection.",
    since: "2.6.9",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 2,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SETNAME_SPEC: Spec = Spec {
    name: "client|setname",
    usage: "CLIENT SETNAME connection-name",
    summary: "Names this connection; an empty name takes the name away.",
    since: "2.6.9",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 3,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static SETINFO_SPEC: Spec = Spec {
    name: "client|setinfo",
    usage: "CLIENT SETINFO <LIB-NAME libname | LIB-VER libver>",
    summary: "Tells which client library speaks on this connection.",
    since: "7.2.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 4,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static REPLY_SPEC: Spec = Spec {
    name: "client|reply",
    usage: "CLIENT REPLY <ON | OFF | SKIP>",
    summary: "Switches the replies to this connection on or off.",
    since: "3.2.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 3,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static NO_EVICT_SPEC: Spec = Spec {
    name: "client|no-evict",
    usage: "CLIENT NO-EVICT <ON | OFF>",
    summary: "Keeps this connection when clients are closed for lack of memory.",
    since: "7.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 3,
    flags: &["admin", "noscript", "loading", "stale"],
    acl: &["@admin", "@slow", "@dangerous", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LOCKEVENTS_SPEC: Spec = Spec {
    name: "client|lockevents",
    usage: "CLIENT LOCKEVENTS <ON | OFF>",
    summary: "Tells this connection by a push (RESP3) when others wait for a lock that it, or \
              the session it is attached to, holds.",
    since: "0.1.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 3,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static NO_TOUCH_SPEC: Spec = Spec {
    name: "client|no-touch",
    usage: "CLIENT NO-TOUCH <ON | OFF>",
    summary: "Leaves the access times of keys alone that this connection reads.",
    since: "7.2.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 3,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_id<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Client(Client::Id).into())
}

fn parse_getname<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Client(Client::GetName).into())
}

fn parse_setname<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = check_name(args.word()?)?;
    Ok(Here::Client(Client::SetName(name)).into())
}

fn parse_setinfo<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let attribute = args.word()?;
    let value = args.word()?;
    let client = if attribute.eq_ignore_ascii_case(b"LIB-NAME") {
        Client::SetLibraryName(value)
    } else if attribute.eq_ignore_ascii_case(b"LIB-VER") {
        Client::SetLibraryVersion(value)
    } else {
        return Err(error::unrecognized_option(attribute));
    };
    if is_graphic(value) {
        Ok(Here::Client(client).into())
    } else {
        Err(error::bad_client_attribute(attribute))
    }
}

fn parse_reply<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let switch = if args.token("ON") {
        ReplySwitch::On
    } else if args.token("OFF") {
        ReplySwitch::Off
    } else if args.token("SKIP") {
        ReplySwitch::Skip
    } else {
        return Err(error::SYNTAX);
    };
    Ok(Here::Client(Client::Reply(switch)).into())
}

fn parse_no_evict<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Client(Client::NoEvict(switch(&mut args)?)).into())
}

fn parse_no_touch<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Client(Client::NoTouch(switch(&mut args)?)).into())
}

fn parse_lock_events<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Client(Client::LockEvents(switch(&mut args)?)).into())
}

fn switch(args: &mut Args<'_>) -> Result<bool, BadArgs> {
    if args.token("ON") {
        Ok(true)
    } else if args.token("OFF") {
        Ok(false)
    } else {
        Err(error::SYNTAX)
    }
}

/// The name, if it may stand in a line of CLIENT LIST.
///
/// # Errors
/// Names with blanks, control characters or bytes beyond ASCII are refused.
pub fn check_name(name: &[u8]) -> Result<&[u8], BadArgs> {
    if is_graphic(name) { Ok(name) } else { Err(error::BAD_CLIENT_NAME) }
}

fn is_graphic(word: &[u8]) -> bool {
    word.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn names_have_no_blanks() {
        assert_eq!(
            parsed(&["CLIENT", "SETNAME", "me"]),
            Ok(Here::Client(Client::SetName(b"me")).into())
        );
        for name in ["a b", "a\tb", "a\nb", "ä", " "] {
            assert_eq!(parsed(&["CLIENT", "SETNAME", name]), Err(error::BAD_CLIENT_NAME), "{name}");
        }
    }

    #[test]
    fn library_attributes_are_checked_too() {
        assert_eq!(
            parsed(&["CLIENT", "SETINFO", "lib-name", "redis-py"]),
            Ok(Here::Client(Client::SetLibraryName(b"redis-py")).into())
        );
        assert_eq!(
            parsed(&["CLIENT", "SETINFO", "lib-ver", "1 2"]).unwrap_err().0,
            "ERR lib-ver cannot contain spaces, newlines or special characters."
        );
        assert_eq!(
            parsed(&["CLIENT", "SETINFO", "foo", "1"]).unwrap_err().0,
            "ERR Unrecognized option 'foo'"
        );
    }

    #[test]
    fn switches_take_on_and_off_only() {
        assert_eq!(
            parsed(&["CLIENT", "NO-EVICT", "on"]),
            Ok(Here::Client(Client::NoEvict(true)).into())
        );
        assert_eq!(parsed(&["CLIENT", "NO-TOUCH", "maybe"]), Err(error::SYNTAX));
        assert_eq!(
            parsed(&["client", "lockevents", "On"]),
            Ok(Here::Client(Client::LockEvents(true)).into())
        );
        assert_eq!(
            parsed(&["CLIENT", "REPLY", "skip"]),
            Ok(Here::Client(Client::Reply(ReplySwitch::Skip)).into())
        );
        assert_eq!(parsed(&["CLIENT", "REPLY", "foo"]), Err(error::SYNTAX));
    }
}
