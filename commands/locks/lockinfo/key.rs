//! LOCKINFO KEY and WAITERS: one lock, who holds it and who waits for it.

use lockstep_core::Outcome;
use lockstep_core::locks::{HOLDER, Op, WAITER};

use super::count;
use crate::here::LockCall;
use crate::locks::words::{each_named, name, named, value_of};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, KeySpec, Reply, Request, Road, Spec};

/// LOCKINFO KEY.
pub const KEY: Command =
    Command { spec: &KEY_SPEC, parse: parse_key, reply: reply_key, subcommands: &[] };
/// LOCKINFO WAITERS.
pub const WAITERS: Command =
    Command { spec: &WAITERS_SPEC, parse: parse_waiters, reply: reply_waiters, subcommands: &[] };

static KEY_SPEC: Spec = Spec {
    name: "lockinfo|key",
    usage: "LOCKINFO KEY key",
    summary: "Tells of a lock its mode and token, since when they are so, its holders, the \
              number of requests that wait, and where it is; nil for a free lock. Of each holder \
              it tells the owner, its session and connection, and what is left of its lease: -1 \
              when it lasts as long as its connection or session.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(N) where N is the number of holders",
    arity: 3,
    flags: &["readonly"],
    acl: &["@lock", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 2)],
    road: Road::Here,
};

static WAITERS_SPEC: Spec = Spec {
    name: "lockinfo|waiters",
    usage: "LOCKINFO WAITERS key [COUNT count]",
    summary: "Tells of those who wait for a lock, in the order in which they get it, 10 unless \
              COUNT says how many: place, owner, mode, priority, for how long they have waited, \
              when their time is up (-1: never), and the owners in their way.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(N) where N is the number of those who are told of",
    arity: -3,
    flags: &["readonly"],
    acl: &["@lock", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 2)],
    road: Road::Cache,
};

/// What is told of a lock, in order; behind it each holder's client.
const LOCK: [&str; 8] =
    ["mode", "token", "since-ms", "holders", "waiters", "slot", "shard", "leader"];

/// Where the holders stand in it.
const HOLDERS: usize = 3;

/// What is told of a holder's client.
const CLIENT: [&str; 2] = ["client-addr", "client-name"];

fn parse_key<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Lock(LockCall::Info { name: name(&mut args)? }).into())
}

fn parse_waiters<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let name = name(&mut args)?;
    Ok(Op::Waiters { name, count: count(&mut args)?.unwrap_or(10) }.into())
}

fn reply_key(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(mut parts) = outcome else { return plain(spec, outcome) };
    let clients = parts.split_off(LOCK.len().min(parts.len()));
    let pairs = LOCK.iter().zip(parts).enumerate();
    let pair = |(at, (name, part)): (usize, (&&str, Outcome))| {
        let shown = match part {
            Outcome::List(holders) if at == HOLDERS => reply_holders(spec, holders, &clients),
            other => value_of(spec, other),
        };
        (Reply::bulk(name), shown)
    };
    Reply::Map(pairs.map(pair).collect())
}

fn reply_holders(spec: &Spec, holders: Vec<Outcome>, clients: &[Outcome]) -> Reply {
    let holder =
        |(at, holder): (usize, Outcome)| match (named(spec, &HOLDER, holder), clients.get(at)) {
            (Reply::Map(mut pairs), Some(client)) => {
                if let Reply::Map(more) = named(spec, &CLIENT, client.clone()) {
                    pairs.extend(more);
                }
                Reply::Map(pairs)
            }
            (shown, _) => shown,
        };
    Reply::Array(holders.into_iter().enumerate().map(holder).collect())
}

fn reply_waiters(spec: &Spec, outcome: Outcome) -> Reply {
    each_named(spec, &WAITER, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lock_op, refusal, reply_to, request};

    fn bytes(text: &str) -> Outcome {
        Outcome::Bytes(text.as_bytes().to_vec())
    }

    /// The value of a name in a map.
    fn at<'a>(map: &'a Reply, name: &str) -> &'a Reply {
        let Reply::Map(pairs) = map else { panic!("no map: {map:?}") };
        let found = pairs.iter().find(|(key, _)| *key == Reply::bulk(name));
        found.map(|(_, value)| value).unwrap_or_else(|| panic!("no {name}: {map:?}"))
    }

    #[test]
    fn each_subcommand_asks_for_its_own() {
        let info = Here::Lock(LockCall::Info { name: b"k" }).into();
        assert_eq!(request("lockinfo key k"), info);
        assert_eq!(lock_op("lockinfo waiters k"), Op::Waiters { name: b"k", count: 10 });
        assert_eq!(lock_op("LOCKINFO WAITERS k COUNT 3"), Op::Waiters { name: b"k", count: 3 });
        assert_eq!(refusal("lockinfo waiters k 3"), "ERR syntax error");
    }

    #[test]
    fn a_lock_is_shown_as_a_map() {
        let holder: Vec<Outcome> = HOLDER.iter().map(|name| bytes(name)).collect();
        let lock = vec![
            Outcome::Word("exclusive"),
            Outcome::Int(7),
            Outcome::Int(5),
            Outcome::List(vec![Outcome::List(holder)]),
            Outcome::Int(2),
            Outcome::Int(42),
            Outcome::Int(1),
            bytes("127.0.0.1:7101"),
            Outcome::List(vec![bytes("127.0.0.1:5"), bytes("worker")]),
        ];
        let shown = reply_to("lockinfo key k", Outcome::List(lock));
        assert_eq!(at(&shown, "mode"), &Reply::bulk("exclusive"));
        assert_eq!(at(&shown, "token"), &Reply::Int(7));
        assert_eq!(at(&shown, "waiters"), &Reply::Int(2));
        assert_eq!(at(&shown, "slot"), &Reply::Int(42));
        assert_eq!(at(&shown, "leader"), &Reply::bulk("127.0.0.1:7101"));
        let Reply::Array(holders) = at(&shown, "holders") else { panic!("no list") };
        assert_eq!(at(&holders[0], "owner"), &Reply::bulk("owner"));
        assert_eq!(at(&holders[0], "client-addr"), &Reply::bulk("127.0.0.1:5"));
        assert_eq!(at(&holders[0], "client-name"), &Reply::bulk("worker"));
        assert_eq!(reply_to("lockinfo key k", Outcome::Nil), Reply::Nil);
    }

    #[test]
    fn a_waiter_is_shown_as_a_map() {
        let waiter = vec![
            Outcome::Int(1),
            bytes("me"),
            Outcome::Word("shared"),
            Outcome::Int(0),
            Outcome::Int(20),
            Outcome::Int(-1),
            Outcome::List(vec![bytes("you")]),
        ];
        let waiters = Outcome::List(vec![Outcome::List(waiter)]);
        let Reply::Array(list) = reply_to("lockinfo waiters k", waiters) else { panic!("no list") };
        assert_eq!(at(&list[0], "mode"), &Reply::bulk("shared"));
        assert_eq!(at(&list[0], "blocked-by"), &Reply::Array(vec![Reply::bulk("you")]));
    }
}
