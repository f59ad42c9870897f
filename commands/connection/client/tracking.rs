//! CLIENT TRACKING and its relatives. Client-side caching is not served: what
//! asks for its state gets it (off), what would switch it on is refused.

use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error};

/// CLIENT TRACKING.
pub const TRACKING: Command =
    Command { spec: &TRACKING_SPEC, parse: parse_tracking, reply: plain, subcommands: &[] };
/// CLIENT TRACKINGINFO.
pub const TRACKINGINFO: Command =
    Command { spec: &TRACKINGINFO_SPEC, parse: parse_trackinginfo, reply: plain, subcommands: &[] };
/// CLIENT CACHING.
pub const CACHING: Command =
    Command { spec: &CACHING_SPEC, parse: parse_caching, reply: plain, subcommands: &[] };
/// CLIENT GETREDIR.
pub const GETREDIR: Command =
    Command { spec: &GETREDIR_SPEC, parse: parse_getredir, reply: plain, subcommands: &[] };

static TRACKING_SPEC: Spec = Spec {
    name: "client|tracking",
    usage: "CLIENT TRACKING <ON | OFF> [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
    summary: "Switches invalidation messages for client-side caching; only OFF is served.",
    since: "6.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: -3,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static TRACKINGINFO_SPEC: Spec = Spec {
    name: "client|trackinginfo",
    usage: "CLIENT TRACKINGINFO",
    summary: "Shows this connection's state of client-side caching.",
    since: "6.2.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 2,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static CACHING_SPEC: Spec = Spec {
    name: "client|caching",
    usage: "CLIENT CACHING <YES | NO>",
    summary: "Says whether the keys of the next command are tracked.",
    since: "6.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 3,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static GETREDIR_SPEC: Spec = Spec {
    name: "client|getredir",
    usage: "CLIENT GETREDIR",
    summary: "Tells where invalidation messages go.",
    since: "6.0.0",
    group: Group::Connection,
    complexity: "O(1)",
    arity: 2,
    flags: &["noscript", "loading", "stale"],
    acl: &["@slow", "@connection"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

fn parse_tracking<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let switch = args.word()?;
    let mut prefix = false;
    let mut broadcast = false;
    while !args.is_empty() {
        if args.len() >= 2 && args.token("REDIRECT") {
            args.integer()?;
        } else if args.len() >= 2 && args.token("PREFIX") {
            args.word()?;
            prefix = true;
        } else if args.token("BCAST") {
            broadcast = true;
        } else if !(args.token("OPTIN") || args.token("OPTOUT") || args.token("NOLOOP")) {
            return Err(error::SYNTAX);
        }
    }
    if switch.eq_ignore_ascii_case(b"OFF") {
        return Ok(Here::Answer(Reply::Ok).into());
    }
    if !switch.eq_ignore_ascii_case(b"ON") {
        return Err(error::SYNTAX);
    }
    if prefix && !broadcast {
        return Err(error::PREFIX_WITHOUT_BROADCAST);
    }
    Err(error::TRACKING_MISSING)
}

fn parse_trackinginfo<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let state = Reply::Map(vec![
        (Reply::bulk("flags"), Reply::Set(vec![Reply::bulk("off")])),
        (Reply::bulk("redirect"), Reply::Int(-1)),
        (Reply::bulk("prefixes"), Reply::Array(Vec::new())),
    ]);
    Ok(Here::Answer(state).into())
}

fn parse_caching<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::NOT_TRACKING)
}

fn parse_getredir<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(Reply::Int(-1)).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    #[test]
    fn tracking_can_only_be_off() {
        assert_eq!(parsed(&["CLIENT", "TRACKING", "off"]), Ok(Here::Answer(Reply::Ok).into()));
        assert_eq!(parsed(&["CLIENT", "TRACKING", "ON"]), Err(error::TRACKING_MISSING));
        assert_eq!(parsed(&["CLIENT", "TRACKING", "foo"]), Err(error::SYNTAX));
        assert_eq!(parsed(&["CLIENT", "TRACKING", "ON", "FOO"]), Err(error::SYNTAX));
        assert_eq!(
            parsed(&["CLIENT", "TRACKING", "ON", "PREFIX", "a"]),
            Err(error::PREFIX_WITHOUT_BROADCAST)
        );
        assert_eq!(parsed(&["CLIENT", "CACHING", "yes"]), Err(error::NOT_TRACKING));
    }
}
