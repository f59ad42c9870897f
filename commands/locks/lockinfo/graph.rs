//! LOCKINFO GRAPH: who waits for whom.

use std::fmt::Write;

use lockstep_core::Outcome;

use crate::here::LockCall;
use crate::locks::words::{each_named, flag, once};
use crate::reply::plain;
use crate::{Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error};

/// LOCKINFO GRAPH.
pub const COMMAND: Command = Command { spec: &SPEC, parse, reply, subcommands: &[] };

static SPEC: Spec = Spec {
    name: "lockinfo|graph",
    usage: "LOCKINFO GRAPH [DOT] [SHARD shard]",
    summary: "Tells which locks are waited for longer than deadlock-detect-delay-ms, who holds \
              them and who waits; a cycle of these is a deadlock. DOT gives it as a text for \
              Graphviz: an arrow goes from who waits to the lock, and from the lock to who holds \
              it.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(N) where N is the number of these holders and waiters",
    arity: -2,
    flags: &["readonly"],
    acl: &["@lock", "@read", "@slow"],
    tips: &["request_policy:all_shards", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

/// What is told of a holder and of a waiter.
const HOLD: [&str; 4] = ["owner", "id", "mode", "birth-ms"];
const WAIT: [&str; 7] = ["owner", "id", "mode", "birth-ms", "prio", "waited-ms", "converts"];

fn parse<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (mut dot, mut shard) = (false, None);
    while !args.is_empty() {
        if flag(&mut dot, "dot", &mut args)? {
            continue;
        }
        if !args.token("shard") {
            return Err(error::SYNTAX);
        }
        once(&mut shard, args.integer_in(0, u16::MAX.into())? as u16)?;
    }
    Ok(Here::Lock(LockCall::Graph { shard, dot }).into())
}

/// One lock that is waited for.
struct Lock {
    shard: i64,
    name: Vec<u8>,
    holders: Vec<Outcome>,
    waiters: Vec<Outcome>,
}

fn reply(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::List(mut parts) if parts.first() == Some(&Outcome::Word("dot")) => {
            Reply::Verbatim(dot(&locks(parts.split_off(1))))
        }
        Outcome::List(shards) => {
            Reply::Array(locks(shards).into_iter().map(|lock| shown(spec, lock)).collect())
        }
        other => plain(spec, other),
    }
}

fn shown(spec: &Spec, lock: Lock) -> Reply {
    Reply::Map(vec![
        (Reply::bulk("key"), Reply::Bulk(lock.name)),
        (Reply::bulk("shard"), Reply::Int(lock.shard)),
        (Reply::bulk("holders"), each_named(spec, &HOLD, Outcome::List(lock.holders))),
        (Reply::bulk("waiters"), each_named(spec, &WAIT, Outcome::List(lock.waiters))),
    ])
}

/// The locks of all shards.
fn locks(shards: Vec<Outcome>) -> Vec<Lock> {
    let of_shard = |shard| {
        let mut parts = list(shard).into_iter();
        let number = parts.next();
        let shard = if let Some(Outcome::Int(shard)) = number { shard } else { 0 };
        // The locks follow each by itself, or as one list.
        let locks: Vec<Outcome> = parts.collect();
        locks.into_iter().filter_map(move |lock| one(shard, lock))
    };
    shards.into_iter().flat_map(of_shard).collect()
}

fn one(shard: i64, lock: Outcome) -> Option<Lock> {
    let mut parts = list(lock).into_iter();
    let Some(Outcome::Bytes(name)) = parts.next() else { return None };
    let mut next = || parts.next().map(list).unwrap_or_default();
    Some(Lock { shard, name, holders: next(), waiters: next() })
}

fn list(outcome: Outcome) -> Vec<Outcome> {
    if let Outcome::List(parts) = outcome { parts } else { Vec::new() }
}

/// The graph in the language of Graphviz.
fn dot(locks: &[Lock]) -> String {
    let mut text = String::from("digraph locks {\n");
    for lock in locks {
        let name = quoted("lock ", &lock.name);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name} [shape=box];");
        for holder in &lock.holders {
            let (owner, mode) = owner_and_mode(holder);
            let _ = writeln!(text, "  {name} -> {owner} [label=\"{mode}\"];");
        }
        for waiter in &lock.waiters {
            let (owner, mode) = owner_and_mode(waiter);
            let _ = writeln!(text, "  {owner} -> {name} [label=\"{mode}\", style=dashed];");
        }
    }
    text.push_str("}\n");
    text
}

fn owner_and_mode(entry: &Outcome) -> (String, String) {
    let Outcome::List(parts) = entry else { return Default::default() };
    let owner = if let Some(Outcome::Bytes(owner)) = parts.first() { &owner[..] } else { b"" };
    let mode = match parts.get(2) {
        Some(Outcome::Word(mode)) => (*mode).to_owned(),
        _ => String::new(),
    };
    (quoted("", owner), mode)
}

fn quoted(kind: &str, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{kind}{}\"", name.replace(['\r', '\n'], " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{refusal, reply_to, request};

    fn bytes(text: &str) -> Outcome {
        Outcome::Bytes(text.as_bytes().to_vec())
    }

    fn entry(owner: &str, more: &[i64]) -> Outcome {
        let mut parts = vec![bytes(owner), Outcome::Int(7), Outcome::Word("exclusive")];
        parts.extend(more.iter().map(|number| Outcome::Int(*number)));
        Outcome::List(parts)
    }

    fn shard() -> Outcome {
        let holders = Outcome::List(vec![entry("a", &[1])]);
        let waiters = Outcome::List(vec![entry("b\"", &[1, 0, 30, 0])]);
        let lock = Outcome::List(vec![bytes("k"), holders, waiters]);
        Outcome::List(vec![Outcome::Int(3), lock])
    }

    #[test]
    fn one_shard_is_meant_or_all() {
        let graph = |shard, dot| Request::from(Here::Lock(LockCall::Graph { shard, dot }));
        assert_eq!(request("lockinfo graph"), graph(None, false));
        assert_eq!(request("lockinfo graph dot shard 3"), graph(Some(3), true));
        assert_eq!(request("LOCKINFO GRAPH SHARD 3 DOT"), graph(Some(3), true));
        for line in ["lockinfo graph foo", "lockinfo graph dot dot", "lockinfo graph shard"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
    }

    #[test]
    fn a_lock_is_shown_with_its_holders_and_waiters() {
        let Reply::Array(locks) = reply_to("lockinfo graph", Outcome::List(vec![shard()])) else {
            panic!("no list")
        };
        let Reply::Map(pairs) = &locks[0] else { panic!("no map") };
        assert_eq!(pairs[0], (Reply::bulk("key"), Reply::bulk("k")));
        assert_eq!(pairs[1], (Reply::bulk("shard"), Reply::Int(3)));
        let Reply::Array(waiters) = &pairs[3].1 else { panic!("no list") };
        let Reply::Map(waiter) = &waiters[0] else { panic!("no map") };
        assert_eq!(waiter[2], (Reply::bulk("mode"), Reply::bulk("exclusive")));
        assert_eq!(waiter[5], (Reply::bulk("waited-ms"), Reply::Int(30)));
    }

    #[test]
    fn dot_is_a_text_for_graphviz() {
        let outcome = Outcome::List(vec![Outcome::Word("dot"), shard()]);
        let due = "digraph locks {\n  \"lock k\" [shape=box];\n  \"lock k\" -> \"a\" \
                   [label=\"exclusive\"];\n  \"b\\\"\" -> \"lock k\" [label=\"exclusive\", \
                   style=dashed];\n}\n";
        assert_eq!(reply_to("lockinfo graph dot", outcome), Reply::Verbatim(due.to_owned()));
    }
}
