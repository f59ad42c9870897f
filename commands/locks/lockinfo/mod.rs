//! LOCKINFO: who holds what, who waits for whom, and what happened so far.

mod graph;
mod key;

use lockstep_core::Outcome;
use lockstep_core::locks::{DEADLOCK, Op, Stats};

use super::words::{each_named, named, once};
use crate::here::LockCall;
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, Reply, Request, Road, Spec, error, help,
};

/// LOCKINFO.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &DEADLOCKS, parse: parse_deadlocks, reply: reply_deadlocks, subcommands: &[] },
    graph::COMMAND,
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    key::KEY,
    Command { spec: &OWNER, parse: parse_owner, reply: reply_owner, subcommands: &[] },
    Command { spec: &STATS, parse: parse_stats, reply: reply_stats, subcommands: &[] },
    key::WAITERS,
];

static SPEC: Spec = Spec {
    name: "lockinfo",
    usage: "LOCKINFO",
    summary: "Tells about locks.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@lock", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "lockinfo|help",
    usage: "LOCKINFO HELP",
    summary: "Lists the subcommands.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@lock", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static OWNER: Spec = Spec {
    name: "lockinfo|owner",
    usage: "LOCKINFO OWNER owner",
    summary: "Tells what an owner holds and what it waits for, in all shards. The owner is \
              written as the other subcommands show it.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(N) where N is the number of its holds and waits",
    arity: 3,
    flags: &["readonly"],
    acl: &["@lock", "@read", "@slow"],
    tips: &["request_policy:all_shards", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static DEADLOCKS: Spec = Spec {
    name: "lockinfo|deadlocks",
    usage: "LOCKINFO DEADLOCKS [COUNT count]",
    summary: "Tells of the last deadlocks, the newest first, 10 unless COUNT says how many: when, \
              the cycle wait by wait (who, for which lock, in which mode, and who is in the way; \
              64 of a long one), the victim, the rule by which it was chosen, and how long the \
              cycle stood. A shard keeps 128.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(N) where N is the number of deadlocks",
    arity: -2,
    flags: &["readonly"],
    acl: &["@lock", "@read", "@slow"],
    tips: &["request_policy:all_shards", "response_policy:special"],
    keys: &[],
    road: Road::Here,
};

static STATS: Spec = Spec {
    name: "lockinfo|stats",
    usage: "LOCKINFO STATS",
    summary: "Counts what is held and what waits now, and what happened since the cluster began.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1)",
    arity: 2,
    flags: &["readonly"],
    acl: &["@lock", "@read", "@slow"],
    tips: &["request_policy:all_shards", "response_policy:special"],
    keys: &[],
    road: Road::Everyone,
};

fn parse_help<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Answer(help::reply("LOCKINFO", SUBCOMMANDS)).into())
}

fn parse_owner<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Here::Lock(LockCall::OfOwner { text: args.word()? }).into())
}

fn parse_deadlocks<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let count = count(&mut args)?.unwrap_or(10);
    Ok(Here::Lock(LockCall::Deadlocks { count }).into())
}

/// `COUNT count` and nothing else, if anything.
fn count(args: &mut Args<'_>) -> Result<Option<u64>, BadArgs> {
    let mut count = None;
    while !args.is_empty() {
        if !args.token("count") {
            return Err(error::SYNTAX);
        }
        once(&mut count, args.integer_in(1, i64::MAX)? as u64)?;
    }
    Ok(count)
}

fn parse_stats<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Stats {}.into())
}

/// What each shard knows of the owner, put together.
fn reply_owner(spec: &Spec, outcome: Outcome) -> Reply {
    const HOLD: [&str; 6] = ["key", "mode", "token", "count", "since-ms", "lease-ms"];
    const WAIT: [&str; 5] = ["key", "mode", "position", "waited-ms", "deadline-ms"];
    let Outcome::List(shards) = outcome else { return plain(spec, outcome) };
    let (mut holds, mut waits) = (Vec::new(), Vec::new());
    for shard in shards {
        let Outcome::List(parts) = shard else { return plain(spec, shard) };
        for (part, list) in parts.into_iter().zip([&mut holds, &mut waits]) {
            if let Outcome::List(items) = part {
                list.extend(items);
            }
        }
    }
    Reply::Map(vec![
        (Reply::bulk("holds"), each_named(spec, &HOLD, Outcome::List(holds))),
        (Reply::bulk("waits"), each_named(spec, &WAIT, Outcome::List(waits))),
    ])
}

fn reply_deadlocks(spec: &Spec, outcome: Outcome) -> Reply {
    each_named(spec, &DEADLOCK, outcome)
}

fn reply_stats(spec: &Spec, outcome: Outcome) -> Reply {
    named(spec, &Stats::NAMES, outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lock_op, refusal, reply_to, request};

    fn bytes(text: &str) -> Outcome {
        Outcome::Bytes(text.as_bytes().to_vec())
    }

    #[test]
    fn each_subcommand_asks_for_its_own() {
        assert_eq!(lock_op("LOCKINFO STATS"), Op::Stats {});
        let here = |call| Request::from(Here::Lock(call));
        assert_eq!(request("lockinfo owner me"), here(LockCall::OfOwner { text: b"me" }));
        assert_eq!(request("lockinfo deadlocks"), here(LockCall::Deadlocks { count: 10 }));
        assert_eq!(request("LOCKINFO DEADLOCKS Count 3"), here(LockCall::Deadlocks { count: 3 }));
    }

    #[test]
    fn what_does_not_belong_there_is_refused() {
        for line in ["lockinfo deadlocks 3", "lockinfo deadlocks count 1 count 1"] {
            assert_eq!(refusal(line), "ERR syntax error", "{line}");
        }
        assert_eq!(refusal("lockinfo foo"), "ERR unknown subcommand 'foo'. Try LOCKINFO HELP.");
    }

    #[test]
    fn help_lists_every_subcommand() {
        let Request::Here(Here::Answer(Reply::Array(lines))) = request("lockinfo help") else {
            panic!("no list")
        };
        assert_eq!(lines.len(), 1 + 2 * SUBCOMMANDS.len());
    }

    #[test]
    fn an_owner_is_put_together_from_all_shards() {
        let hold = |name| {
            let numbers = [3, 1, 20, -1].map(Outcome::Int);
            Outcome::List(
                [bytes(name), Outcome::Word("shared")].into_iter().chain(numbers).collect(),
            )
        };
        let shard =
            |name| Outcome::List(vec![Outcome::List(vec![hold(name)]), Outcome::List(vec![])]);
        let shown = reply_to("lockinfo owner me", Outcome::List(vec![shard("a"), shard("b")]));
        let Reply::Map(pairs) = shown else { panic!("no map") };
        let Reply::Array(holds) = &pairs[0].1 else { panic!("no list") };
        let Reply::Map(second) = &holds[1] else { panic!("no map") };
        assert_eq!(second[0], (Reply::bulk("key"), Reply::bulk("b")));
        assert_eq!(second[1], (Reply::bulk("mode"), Reply::bulk("shared")));
        assert_eq!(second[5], (Reply::bulk("lease-ms"), Reply::Int(-1)));
        assert_eq!(pairs[1], (Reply::bulk("waits"), Reply::Array(vec![])));
    }

    #[test]
    fn a_deadlock_is_shown_with_its_cycle() {
        let word = Outcome::Word("exclusive");
        let step = Outcome::List(vec![bytes("me"), bytes("k"), word, bytes("you")]);
        let deadlock = Outcome::List(vec![
            Outcome::Int(5),
            Outcome::List(vec![step]),
            bytes("me"),
            Outcome::Word("youngest"),
            Outcome::Int(0),
            bytes("victim of cycle me->you->me"),
        ]);
        let Reply::Array(list) = reply_to("lockinfo deadlocks", Outcome::List(vec![deadlock]))
        else {
            panic!("no list")
        };
        let Reply::Map(pairs) = &list[0] else { panic!("no map") };
        let names: Vec<_> = DEADLOCK.iter().map(Reply::bulk).collect();
        assert_eq!(pairs.iter().map(|pair| pair.0.clone()).collect::<Vec<_>>(), names);
        let step = ["me", "k", "exclusive", "you"].map(Reply::bulk).to_vec();
        assert_eq!(pairs[1].1, Reply::Array(vec![Reply::Array(step)]));
        assert_eq!(pairs[3].1, Reply::bulk("youngest"));
    }

    #[test]
    fn numbers_are_shown_with_their_names() {
        let count = Stats::NAMES.len() as i64;
        let numbers = (0..count).map(Outcome::Int).collect();
        let Reply::Map(pairs) = reply_to("lockinfo stats", Outcome::List(numbers)) else {
            panic!("no map")
        };
        assert_eq!(pairs.len(), Stats::NAMES.len());
        assert_eq!(pairs[0], (Reply::bulk("held"), Reply::Int(0)));
    }
}
