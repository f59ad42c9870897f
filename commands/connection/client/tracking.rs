//! CLIENT TRACKING and its relatives: telling clients that cache what has changed.

use crate::here::{Client, Tracking};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Request, Road, Spec, error};

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
    summary: "Tells this connection, or another one, of keys it has read when they change; with BCAST of \
              all keys, or those with a prefix.",
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
    let mut words = Tracking::default();
    while !args.is_empty() {
        if args.len() >= 2 && args.token("REDIRECT") {
            let id = args.integer()?;
            words.redirects_twice |= words.redirect.replace(id).is_some();
        } else if args.token("BCAST") {
            words.broadcast = true;
        } else if args.token("OPTIN") {
            words.opt_in = true;
        } else if args.token("OPTOUT") {
            words.opt_out = true;
        } else if args.token("NOLOOP") {
            words.no_loop = true;
        } else if args.len() >= 2 && args.token("PREFIX") {
            words.prefixes.push(args.word()?);
        } else {
            return Err(error::SYNTAX);
        }
    }
    words.on = is_one_of(switch, "ON", "OFF");
    Ok(Here::Client(Client::Tracking(words)).into())
}

fn parse_trackinginfo<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Client(Client::TrackingInfo).into())
}

fn parse_caching<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let yes = is_one_of(args.word()?, "YES", "NO");
    Ok(Here::Client(Client::Caching(yes)).into())
}

fn parse_getredir<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Client(Client::GetRedirect).into())
}

fn is_one_of(word: &[u8], yes: &str, no: &str) -> Option<bool> {
    let is = |wanted: &str| word.eq_ignore_ascii_case(wanted.as_bytes());
    if is(yes) { Some(true) } else { is(no).then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::words::parsed;

    fn tracking(words: Tracking<'static>) -> Result<Request<'static>, BadArgs> {
        Ok(Here::Client(Client::Tracking(words)).into())
    }

    #[test]
    fn the_words_of_tracking_come_in_any_order() {
        let on = Tracking { on: Some(true), ..Tracking::default() };
        assert_eq!(parsed(&["CLIENT", "TRACKING", "on"]), tracking(on.clone()));
        assert_eq!(
            parsed(&["CLIENT", "TRACKING", "OFF", "noloop", "OPTIN", "OPTOUT"]),
            tracking(Tracking {
                on: Some(false),
                no_loop: true,
                opt_in: true,
                opt_out: true,
                ..Tracking::default()
            })
        );
        assert_eq!(
            parsed(&[
                "CLIENT", "TRACKING", "ON", "PREFIX", "a", "BCAST", "PREFIX", "", "REDIRECT", "7"
            ]),
            tracking(Tracking {
                broadcast: true,
                prefixes: vec![b"a", b""],
                redirect: Some(7),
                ..on
            })
        );
    }

    #[test]
    fn what_tracking_does_not_know_is_refused() {
        for words in [&["FOO"][..], &["REDIRECT"], &["OPTIN", "PREFIX"], &["BCAST", "BCAST", "x"]] {
            let words = [&["CLIENT", "TRACKING", "ON"][..], words].concat();
            assert_eq!(parsed(&words), Err(error::SYNTAX), "{words:?}");
        }
        let redirect = ["CLIENT", "TRACKING", "ON", "REDIRECT", "x"];
        assert_eq!(parsed(&redirect), Err(error::NOT_INTEGER));
    }

    #[test]
    fn what_depends_on_the_connection_is_looked_at_there() {
        assert_eq!(parsed(&["CLIENT", "TRACKING", "foo"]), tracking(Tracking::default()));
        let caching = |yes| Ok(Here::Client(Client::Caching(yes)).into());
        assert_eq!(parsed(&["CLIENT", "CACHING", "Yes"]), caching(Some(true)));
        assert_eq!(parsed(&["CLIENT", "CACHING", "no"]), caching(Some(false)));
        assert_eq!(parsed(&["CLIENT", "CACHING", "foo"]), caching(None));
    }
}
