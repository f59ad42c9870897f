//! CACHE: the copies that nodes keep of keys.

mod fill;
mod keys;

use crate::here::{CacheCall, Lines};
use crate::reply::plain;
use crate::{
    Args, BadArgs, Command, Context, Group, Here, KeySpec, Request, Road, Spec, error, help,
};

/// The commands of this family.
pub static COMMANDS: &[Command] = &[Command::container(&SPEC, SUBCOMMANDS)];

static SUBCOMMANDS: &[Command] = &[
    Command { spec: &DIRECTORY, parse: parse_directory, reply: plain, subcommands: &[] },
    Command { spec: &EVICT, parse: parse_evict, reply: plain, subcommands: &[] },
    Command { spec: &EXPLAIN, parse: parse_explain, reply: plain, subcommands: &[] },
    fill::FILL,
    fill::FILLABORT,
    fill::FILLSET,
    Command { spec: &FLUSH, parse: parse_flush, reply: plain, subcommands: &[] },
    Command { spec: &HELP, parse: parse_help, reply: plain, subcommands: &[] },
    keys::HOTKEYS,
    Command { spec: &LINES, parse: parse_lines, reply: plain, subcommands: &[] },
    Command { spec: &NODES, parse: parse_nodes, reply: plain, subcommands: &[] },
    keys::PIN,
    Command { spec: &STATE, parse: parse_state, reply: plain, subcommands: &[] },
    Command { spec: &STATS, parse: parse_stats, reply: plain, subcommands: &[] },
    keys::TRACE,
    keys::UNPIN,
    Command { spec: &WARM, parse: parse_warm, reply: plain, subcommands: &[] },
];

const KEYS_FLAGS: &[&str] = &["RO", "access"];
const ONE_KEY: &[KeySpec] = &[KeySpec::one(KEYS_FLAGS, 2)];
const EXPLAINED_KEY: &[KeySpec] = &[KeySpec::one(KEYS_FLAGS, 3)];
const ALL_KEYS: &[KeySpec] = &[KeySpec::range(KEYS_FLAGS, 2, -1, 1)];

static SPEC: Spec = Spec {
    name: "cache",
    usage: "CACHE",
    summary: "Shows and drops the copies that nodes keep of keys. A node is named by its CLUSTER MYID \
              or by how that begins.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "Depends on subcommand",
    arity: -2,
    flags: &[],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static DIRECTORY: Spec = Spec {
    name: "cache|directory",
    usage: "CACHE DIRECTORY [SHARD number]",
    summary: "Tells for each shard that the node leads how many keys have copies elsewhere, the limit, and how many keys have how many copies.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of keys with copies",
    arity: -2,
    flags: &["admin", "noscript"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static EVICT: Spec = Spec {
    name: "cache|evict",
    usage: "CACHE EVICT key",
    summary: "Drops the copies that all nodes keep of a key, never the key; gives how many there were.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of nodes",
    arity: 3,
    flags: &["readonly"],
    acl: &["@read", "@slow"],
    tips: &[],
    keys: ONE_KEY,
    road: Road::Here,
};

static EXPLAIN: Spec = Spec {
    name: "cache|explain",
    usage: "CACHE EXPLAIN <GET | SET> key",
    summary: "Tells which way a read or a write of a key takes from this node, and what it waits for.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of nodes",
    arity: 4,
    flags: &["readonly"],
    acl: &["@read", "@slow"],
    tips: &[],
    keys: EXPLAINED_KEY,
    road: Road::Here,
};

static FLUSH: Spec = Spec {
    name: "cache|flush",
    usage: "CACHE FLUSH [NODE id]",
    summary: "Drops all copies that a node keeps, or that all nodes keep, never a key; gives how many there were.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of copies",
    arity: -2,
    flags: &["admin", "noscript"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static HELP: Spec = Spec {
    name: "cache|help",
    usage: "CACHE HELP",
    summary: "Lists the subcommands.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(1)",
    arity: 2,
    flags: &["loading", "stale"],
    acl: &["@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static LINES: Spec = Spec {
    name: "cache|lines",
    usage: "CACHE LINES [NODE id] [MATCH pattern] [STATE <M | E | S | I>] [COUNT count]",
    summary: "Lists copies that a node keeps: for each its database, name, state, version and bytes.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of copies",
    arity: -2,
    flags: &["admin", "noscript"],
    acl: &["@admin", "@slow", "@dangerous"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static NODES: Spec = Spec {
    name: "cache|nodes",
    usage: "CACHE NODES",
    summary: "Lists the nodes: for each a map of id, entries, bytes, hits, misses, the shards that it has sessions for, and how the homes here see it.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of nodes and shards",
    arity: 2,
    flags: &["readonly"],
    acl: &["@read", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static STATE: Spec = Spec {
    name: "cache|state",
    usage: "CACHE STATE key [key ...]",
    summary: "Tells for each key which node is its home and which nodes have a copy, in which state (M, E, S or I; R: none, but it reads the key from a replica), and whether it is dirty: written there, and perhaps not in the log yet.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(N) where N is the number of keys and nodes",
    arity: -3,
    flags: &["readonly"],
    acl: &["@read", "@slow"],
    tips: &[],
    keys: ALL_KEYS,
    road: Road::Here,
};

static STATS: Spec = Spec {
    name: "cache|stats",
    usage: "CACHE STATS [NODE id] [RESET]",
    summary: "Tells what a node has counted of hits, misses, messages and waits, and how much it keeps.",
    since: "0.1.0",
    group: Group::Cache,
    complexity: "O(1)",
    arity: -2,
    flags: &["readonly"],
    acl: &["@read", "@slow"],
    tips: &[],
    keys: &[],
    road: Road::Here,
};

static WARM: Spec = Spec {
    name: "cache|warm",
    usage: "CACHE WARM key [key ...]",
    summary: "Has this node keep copies of keys that other nodes lead; gives how many it has then.",
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

fn parse_state<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (db, keys) = (ctx.db, args.all().to_vec());
    Ok(Here::Cache(CacheCall::State { db, keys }).into())
}

fn parse_stats<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let node = named(&mut args)?;
    let reset = args.token("RESET");
    args.end()?;
    Ok(Here::Cache(CacheCall::Stats { node, reset }).into())
}

fn parse_nodes<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    args.end()?;
    Ok(Here::Cache(CacheCall::Nodes).into())
}

fn parse_lines<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let mut lines = Lines::default();
    while !args.is_empty() {
        if args.token("NODE") {
            lines.node = Some(args.word()?);
        } else if args.token("MATCH") {
            lines.pattern = Some(args.word()?);
        } else if args.token("STATE") {
            lines.state = Some(state(args.word()?)?);
        } else if args.token("COUNT") {
            let count = args.integer_in(1, i64::MAX)?;
            lines.count = Some(count.unsigned_abs());
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(Here::Cache(CacheCall::Lines(lines)).into())
}

fn state(word: &[u8]) -> Result<u8, BadArgs> {
    match word {
        [letter] if b"MESI".contains(&letter.to_ascii_uppercase()) => {
            Ok(letter.to_ascii_uppercase())
        }
        _ => Err(error::SYNTAX),
    }
}

fn parse_directory<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let shard = match args.token("SHARD") {
        true => u16::try_from(args.integer_in(0, u16::MAX.into())?).ok(),
        false => None,
    };
    args.end()?;
    Ok(Here::Cache(CacheCall::Directory { shard }).into())
}

fn parse_explain<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let writes = args.token("SET");
    if !writes && !args.token("GET") {
        return Err(error::SYNTAX);
    }
    let key = args.word()?;
    args.end()?;
    Ok(Here::Cache(CacheCall::Explain { writes, db: ctx.db, key }).into())
}

fn parse_evict<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (db, key) = (ctx.db, args.word()?);
    args.end()?;
    Ok(Here::Cache(CacheCall::Evict { db, key }).into())
}

fn parse_flush<'a>(_: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let node = named(&mut args)?;
    args.end()?;
    Ok(Here::Cache(CacheCall::Flush { node }).into())
}

fn parse_warm<'a>(ctx: &Context, mut args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    let (db, keys) = (ctx.db, args.all().to_vec());
    Ok(Here::Cache(CacheCall::Warm { db, keys }).into())
}

fn parse_help<'a>(_: &Context, args: Args<'a>) -> Result<Request<'a>, BadArgs> {
    args.end()?;
    Ok(Here::Answer(help::reply("cache", SUBCOMMANDS)).into())
}

fn named<'a>(args: &mut Args<'a>) -> Result<Option<&'a [u8]>, BadArgs> {
    if args.token("NODE") { args.word().map(Some) } else { Ok(None) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{DB, refusal, request};

    fn call(call: CacheCall<'static>) -> Request<'static> {
        Here::Cache(call).into()
    }

    #[test]
    fn keys_are_those_of_the_selected_database() {
        let keys: Vec<&[u8]> = vec![b"a", b"b"];
        assert_eq!(
            request("cache state a b"),
            call(CacheCall::State { db: DB, keys: keys.clone() })
        );
        assert_eq!(request("cache warm a b"), call(CacheCall::Warm { db: DB, keys }));
        assert_eq!(request("cache evict a"), call(CacheCall::Evict { db: DB, key: b"a" }));
        let explain = |writes| call(CacheCall::Explain { writes, db: DB, key: b"a" });
        assert_eq!(request("CACHE EXPLAIN get a"), explain(false));
        assert_eq!(request("CACHE EXPLAIN set a"), explain(true));
        assert_eq!(refusal("cache explain del a"), "ERR syntax error");
    }

    #[test]
    fn a_node_is_named_by_its_id() {
        let stats = |node, reset| call(CacheCall::Stats { node, reset });
        assert_eq!(request("cache stats"), stats(None, false));
        assert_eq!(request("cache stats node ab reset"), stats(Some(b"ab"), true));
        assert_eq!(request("cache flush"), call(CacheCall::Flush { node: None }));
        assert_eq!(request("cache flush node ab"), call(CacheCall::Flush { node: Some(b"ab") }));
        assert_eq!(refusal("cache flush node"), "ERR syntax error");
    }

    #[test]
    fn lines_are_chosen_by_name_and_state() {
        let lines = Lines { node: None, pattern: Some(b"a*"), state: Some(b'S'), count: Some(5) };
        assert_eq!(request("cache lines match a* state s count 5"), call(CacheCall::Lines(lines)));
        assert_eq!(request("cache lines"), call(CacheCall::Lines(Lines::default())));
        assert_eq!(refusal("cache lines state x"), "ERR syntax error");
        assert_eq!(
            request("cache directory shard 3"),
            call(CacheCall::Directory { shard: Some(3) })
        );
        assert_eq!(request("cache nodes"), call(CacheCall::Nodes));
    }
}
