//! CACHE PIN, UNPIN, HOTKEYS, TRACE: particular keys.

use super::{ALL_KEYS, KEYS_FLAGS};
use crate::here::CacheCall;
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec, error};

/// CACHE HOTKEYS.
pub const HOTKEYS: Command =
    Command { spec: &HOTKEYS_SPEC, parse: parse_hotkeys, reply: plain, subcommands: &[] };

/// CACHE PIN.
pub const PIN: Command =
    Command { spec: &PIN_SPEC, parse: parse_pin, reply: plain, subcommands: &[] };

/// CACHE TRACE.
pub const TRACE: Command =
    Command { spec: &TRACE_SPEC, parse: parse_trace, reply: plain, subcommands: &[] };

/// CACHE UNPIN.
pub const UNPIN: Command =
    Command { spec: &UNPIN_SPEC, parse: parse_unpin, reply: plain, subcommands: &[] };

/// How many keys of each kind are shown at most.
const HOTKEYS_MAX: i64 = 128;
/// How many if nobody says.
const HOTKEYS_SHOWN: u64 = 10;

static HOTKEYS_SPEC: Spec = Spec {
    name: "cache|hotkeys",
    usage: "CACHE HOTKEYS [COUNT count]",
    summary: "Tells which keys were read, written and had their copies called back most often at all nodes, since they began or CACHE STATS RESET: for each of reads, writes and probes a list of db, key and about how often, 10 if nobody says how many.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of nodes",
    arity: -2,
    flags: &["admin", "noscript"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static PIN_SPEC: Spec = Spec {
    name: "cache|pin",
    usage: "CACHE PIN key [key ...]",
    summary: "Has this node keep copies of keys that other nodes lead, which never make room for others, up to the share of the cache that cache-pinned-max names; gives how many were not pinned before.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of keys",
    arity: -3,
    flags: &["readonly"],
    acl: &["@read", "@slow"],
    tips: &[],
    keys: ALL_KEYS,
    road: Road::Here,
};

static TRACE_SPEC: Spec = Spec {
    name: "cache|trace",
    usage: "CACHE TRACE <ON | OFF> key",
    summary: "Pushes to this connection what this node and others say to each other about copies of a key, until it is turned off: cache-trace, the key, sent or got, the message, the other node, the shard, the number of the message and the version, 0 where there is none. Needs RESP3.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(1)",
    arity: 4,
    flags: &["readonly", "noscript"],
    acl: &["@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(KEYS_FLAGS, 3)],
    road: Road::Here,
};

static UNPIN_SPEC: Spec = Spec {
    name: "cache|unpin",
    usage: "CACHE UNPIN key [key ...]",
    summary: "Lets the copies that this node keeps of keys make room for others again; gives how many were pinned.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of keys",
    arity: -3,
    flags: &["readonly"],
    acl: &["@read", "@slow"],
    tips: &[],
    keys: ALL_KEYS,
    road: Road::Here,
};

fn parse_pin<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (db, keys) = (ctx.db, args.all().to_vec());
    Ok(Here::Cache(CacheCall::Pin { db, keys }).into())
}

fn parse_unpin<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (db, keys) = (ctx.db, args.all().to_vec());
    Ok(Here::Cache(CacheCall::Unpin { db, keys }).into())
}

fn parse_hotkeys<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let count = match args.token("COUNT") {
        true => args.integer_in(1, HOTKEYS_MAX)?.unsigned_abs(),
        false => HOTKEYS_SHOWN,
    };
    args.end()?;
    Ok(Here::Cache(CacheCall::HotKeys { count }).into())
}

fn parse_trace<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let on = args.token("ON");
    if !on && !args.token("OFF") {
        return Err(error::SYNTAX);
    }
    let key = args.word()?;
    args.end()?;
    Ok(Here::Cache(CacheCall::Trace { on, db: ctx.db, key }).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, refusal, request};

    fn call(call: CacheCall<'static>) -> Request<'static> {
        Here::Cache(call).into()
    }

    #[test]
    fn keys_are_pinned_and_watched_in_the_selected_database() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        assert_eq!(request("cache pin a b"), call(CacheCall::Pin { db: DB, keys: keys.clone() }));
        assert_eq!(request("cache unpin a b"), call(CacheCall::Unpin { db: DB, keys }));
        let trace = |on| call(CacheCall::Trace { on, db: DB, key: b"a" });
        assert_eq!(request("cache trace on a"), trace(true));
        assert_eq!(request("CACHE TRACE OFF a"), trace(false));
        assert_eq!(refusal("cache trace a on"), "ERR syntax error");
    }

    #[test]
    fn so_many_keys_are_shown() {
        assert_eq!(request("cache hotkeys"), call(CacheCall::HotKeys { count: 10 }));
        assert_eq!(request("cache hotkeys count 3"), call(CacheCall::HotKeys { count: 3 }));
        let bounds = "ERR value is out of range, value must between 1 and 128";
        assert_eq!(refusal("cache hotkeys count 129"), bounds);
        assert_eq!(refusal("cache hotkeys 3"), "ERR syntax error");
    }
}
