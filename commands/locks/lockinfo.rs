//! LOCKINFO: who holds what, and what happened so far.

use lockstep_core::Outcome;
use lockstep_core::locks::{Op, Stats};

use super::words::name;
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Reply, Request, Road, Spec, help,
};

/// LOCKINFO.
pub const COMMAND: Command = Command::container(&SPEC, SUBCOMMANDS);

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    Command { spec: &KEY, parse: parse_key, reply: reply_key, subcommands: &[] },
    Command { spec: &STATS, parse: parse_stats, reply: reply_stats, subcommands: &[] },
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

static KEY: Spec = Spec {
    name: "lockinfo|key",
    usage: "LOCKINFO KEY key",
    summary: "Tells the mode, the token, the holders and the number of requests that wait, \
              nil for a free lock. A lease of -1 lasts as long as its connection.",
    since: "0.1.0",
    group: Group::Locks,
    complexity: "O(1)",
    arity: 3,
    flags: &["readonly"],
    acl: &["@lock", "@read", "@slow"],
    tips: &[],
    keys: &[KeySpec::one(&["RO", "access"], 2)],
    road: Road::Cache,
};

static STATS: Spec = Spec {
    name: "lockinfo|stats",
    usage: "LOCKINFO STATS",
    summary: "Counts the locks that are held and the requests that wait, and the grants, hand-overs \
              to a waiter, timeouts of waits and expired leases since the cluster began.",
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

fn parse_key<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Info { name: name(&mut args)? }.into())
}

fn parse_stats<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Ok(Op::Stats {}.into())
}

fn reply_key(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(parts) = outcome else { return plain(spec, outcome) };
    let names = ["mode", "token", "holders", "waiters"];
    Reply::Map(
        names
            .into_iter()
            .zip(parts)
            .map(|(name, part)| match part {
                Outcome::List(holders) => (Reply::bulk(name), reply_holders(spec, holders)),
                other => (Reply::bulk(name), value(spec, other)),
            })
            .collect(),
    )
}

fn reply_holders(spec: &Spec, holders: Vec<Outcome>) -> Reply {
    const NAMES: [&str; 4] = ["kind", "owner", "since-ms", "lease-ms"];
    let holder = |holder| match holder {
        Outcome::List(parts) => {
            let pairs = NAMES.into_iter().zip(parts);
            Reply::Map(pairs.map(|(name, part)| (Reply::bulk(name), value(spec, part))).collect())
        }
        other => plain(spec, other),
    };
    Reply::Array(holders.into_iter().map(holder).collect())
}

/// Words are bulk strings here, as names and values of maps are in Redis.
fn value(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Word(word) => Reply::bulk(word),
        other => plain(spec, other),
    }
}

fn reply_stats(spec: &Spec, outcome: Outcome) -> Reply {
    let Outcome::List(numbers) = outcome else { return plain(spec, outcome) };
    let pairs = Stats::NAMES.into_iter().zip(numbers);
    Reply::Map(pairs.map(|(name, number)| (Reply::bulk(name), plain(spec, number))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{lock_op, reply_to};

    #[test]
    fn each_subcommand_asks_for_its_own() {
        assert_eq!(lock_op("lockinfo key k"), Op::Info { name: b"k" });
        assert_eq!(lock_op("LOCKINFO STATS"), Op::Stats {});
    }

    #[test]
    fn a_lock_is_shown_as_a_map() {
        let holder = vec![
            Outcome::Word("named"),
            Outcome::Bytes(b"me".to_vec()),
            Outcome::Int(5),
            Outcome::Int(-1),
        ];
        let lock = vec![
            Outcome::Word("exclusive"),
            Outcome::Int(7),
            Outcome::List(vec![Outcome::List(holder)]),
            Outcome::Int(2),
        ];
        let bulk = |text: &str| Reply::bulk(text);
        let holder = Reply::Map(vec![
            (bulk("kind"), bulk("named")),
            (bulk("owner"), bulk("me")),
            (bulk("since-ms"), Reply::Int(5)),
            (bulk("lease-ms"), Reply::Int(-1)),
        ]);
        let due = Reply::Map(vec![
            (bulk("mode"), bulk("exclusive")),
            (bulk("token"), Reply::Int(7)),
            (bulk("holders"), Reply::Array(vec![holder])),
            (bulk("waiters"), Reply::Int(2)),
        ]);
        assert_eq!(reply_to("lockinfo key k", Outcome::List(lock)), due);
        assert_eq!(reply_to("lockinfo key k", Outcome::Nil), Reply::Nil);
    }

    #[test]
    fn numbers_are_shown_with_their_names() {
        let numbers = (0..6).map(Outcome::Int).collect();
        let Reply::Map(pairs) = reply_to("lockinfo stats", Outcome::List(numbers)) else {
            panic!("no map")
        };
        assert_eq!(pairs[0], (Reply::bulk("held"), Reply::Int(0)));
        assert_eq!(pairs[5], (Reply::bulk("expirations"), Reply::Int(5)));
    }
}
