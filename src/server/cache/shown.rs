//! How CACHE shows what nodes tell.

use std::collections::BTreeMap;

use lockstep_cache::{Name, Seated, Time};
use lockstep_commands::Reply;
use lockstep_core::{NodeId, Outcome, ShardId};

use super::Cache;
use super::seat::Reign;
use crate::cluster::names;

/// What a node has of a key, as it tells others.
pub(super) fn held(
    letter: char,
    left_ms: i64,
    q: u64,
    version: u64,
    home: Outcome,
    dirty: bool,
) -> Outcome {
    Outcome::List(vec![
        Outcome::Bytes(letter.to_string().into_bytes()),
        Outcome::Int(left_ms),
        int(q),
        int(version),
        home,
        Outcome::Int(dirty.into()),
    ])
}

/// What the home of a key knows of it: `List[Int term, Int pending, Int probes, Int
/// pushes, Int caches that a write has to tell]`.
pub(super) fn home(reign: &Reign, name: &Name, told: usize) -> Outcome {
    Outcome::List(vec![
        int(reign.term),
        int(reign.home.pending(name) as u64),
        int(reign.probes),
        int(reign.pushes),
        int(told as u64),
    ])
}

fn int(number: u64) -> Outcome {
    Outcome::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

/// A name and a number.
pub(super) fn pair(name: &str, count: u64) -> [Outcome; 2] {
    [Outcome::Bytes(name.as_bytes().to_vec()), int(count)]
}

/// A line of CACHE LINES, as nodes tell it.
pub(super) fn line(name: &Name, letter: char, version: u64, bytes: usize) -> Outcome {
    Outcome::List(vec![
        Outcome::Int(name.db.0.into()),
        Outcome::Bytes(name.key.to_vec()),
        Outcome::Bytes(letter.to_string().into_bytes()),
        int(version),
        int(bytes as u64),
    ])
}

/// A session with a home: `List[Bytes node, Int shard, Int left ms, Int acks in us, Int
/// slow, Int whether it reads from a replica]`.
pub(super) fn seated(shard: ShardId, seated: &Seated, now: Time) -> Outcome {
    let left = seated.until.since(now).as_millis();
    Outcome::List(vec![
        Outcome::Bytes(names::text(seated.node).into_bytes()),
        Outcome::Int(shard.0.into()),
        Outcome::Int(i64::try_from(left).unwrap_or(i64::MAX)),
        Outcome::Int(i64::try_from(seated.acks_in.as_micros()).unwrap_or(i64::MAX)),
        Outcome::Int(seated.slow.into()),
        Outcome::Int(seated.follows.into()),
    ])
}

fn id(node: NodeId) -> Reply {
    Reply::bulk(names::text(node))
}

fn map(pairs: Vec<(&str, Reply)>) -> Reply {
    Reply::Map(pairs.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

/// An outcome as it is.
fn plain(outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Int(number) => Reply::Int(number),
        Outcome::Bytes(bytes) => Reply::Bulk(bytes),
        Outcome::List(list) => Reply::Array(list.into_iter().map(plain).collect()),
        _ => Reply::Nil,
    }
}

fn number(list: &[Outcome], at: usize) -> i64 {
    match list.get(at) {
        Some(Outcome::Int(number)) => *number,
        _ => 0,
    }
}

fn list(outcome: Option<&Outcome>) -> &[Outcome] {
    match outcome {
        Some(Outcome::List(list)) => list,
        _ => &[],
    }
}

/// The key at place `at` of those that were asked about, as the nodes told.
pub(super) fn state(
    key: &[u8],
    shard: ShardId,
    home: Option<NodeId>,
    at: usize,
    told: &[(NodeId, Outcome)],
) -> Reply {
    let of = |outcome: &Outcome| list(list(Some(outcome)).get(at)).to_vec();
    let each: Vec<(NodeId, Vec<Outcome>)> =
        told.iter().map(|(node, outcome)| (*node, of(outcome))).collect();
    // By the word of whoever is the home, which this node may not know yet.
    let about = |parts: &Vec<Outcome>| !list(parts.get(4)).is_empty();
    let found = each.iter().find(|(_, parts)| about(parts));
    let (home, parts) = match found {
        Some((node, parts)) => (Some(*node), parts.clone()),
        None => (home, Vec::new()),
    };
    let about = list(parts.get(4));
    let nodes = each.iter().map(|(node, parts)| {
        map(vec![
            ("id", id(*node)),
            ("state", parts.first().cloned().map_or(Reply::bulk("I"), plain)),
            ("lease-ms", Reply::Int(number(parts, 1))),
            ("q", Reply::Int(number(parts, 2))),
            ("version", Reply::Int(number(parts, 3))),
            ("dirty", Reply::Int(number(parts, 5))),
        ])
    });
    map(vec![
        ("key", Reply::bulk(key)),
        ("version", Reply::Int(number(&parts, 3))),
        ("home", home.map_or(Reply::Nil, id)),
        ("shard", Reply::Int(shard.0.into())),
        ("term", Reply::Int(number(about, 0))),
        ("pending", Reply::Int(number(about, 1))),
        ("probes", Reply::Int(number(about, 2))),
        ("pushes", Reply::Int(number(about, 3))),
        ("nodes", Reply::Array(nodes.collect())),
    ])
}

/// Names and numbers.
pub(super) fn pairs(told: Outcome) -> Reply {
    let mut parts = list(Some(&told)).iter().cloned();
    let mut pairs = Vec::new();
    while let (Some(name), Some(count)) = (parts.next(), parts.next()) {
        pairs.push((plain(name), plain(count)));
    }
    Reply::Map(pairs)
}

/// The lines of a node.
pub(super) fn lines(told: Outcome) -> Reply {
    let names = ["db", "key", "state", "version", "bytes"];
    let line = |outcome: &Outcome| {
        let parts = list(Some(outcome)).iter().cloned().map(plain);
        map(names.into_iter().zip(parts).collect())
    };
    Reply::Array(list(Some(&told)).iter().map(line).collect())
}

/// A key and how often it was counted, as nodes tell it.
pub(super) fn counted(name: &Name, count: u64) -> Outcome {
    let key = Outcome::Bytes(name.key.to_vec());
    Outcome::List(vec![Outcome::Int(name.db.0.into()), key, int(count)])
}

/// The keys that were counted most often at all nodes together.
pub(super) fn hot(told: &[(NodeId, Outcome)], most: u64) -> Reply {
    let kinds = ["reads", "writes", "probes"].into_iter().enumerate();
    map(kinds.map(|(at, kind)| (kind, hottest(told, at, most))).collect())
}

fn hottest(told: &[(NodeId, Outcome)], at: usize, most: u64) -> Reply {
    let mut sums: BTreeMap<(i64, Vec<u8>), i64> = BTreeMap::new();
    for each in told.iter().flat_map(|(_, all)| list(list(Some(all)).get(at))) {
        let parts = list(Some(each));
        if let Some(Outcome::Bytes(key)) = parts.get(1) {
            *sums.entry((number(parts, 0), key.clone())).or_default() += number(parts, 2);
        }
    }
    let mut sums: Vec<_> = sums.into_iter().collect();
    sums.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let shown = sums.into_iter().take(usize::try_from(most).unwrap_or(usize::MAX));
    let each = shown.map(|((db, key), count)| {
        map(vec![("db", Reply::Int(db)), ("key", Reply::Bulk(key)), ("count", Reply::Int(count))])
    });
    Reply::Array(each.collect())
}

/// The nodes, with what they and the homes know of their sessions.
pub(super) fn nodes(told: Vec<(NodeId, Outcome)>) -> Reply {
    let node = |(node, outcome): (NodeId, Outcome)| {
        let parts = list(Some(&outcome)).to_vec();
        let stats: BTreeMap<Vec<u8>, i64> =
            match pairs(parts.first().cloned().unwrap_or(Outcome::Nil)) {
                Reply::Map(pairs) => pairs.into_iter().filter_map(number_of).collect(),
                _ => BTreeMap::new(),
            };
        let stat = |name: &str| Reply::Int(stats.get(name.as_bytes()).copied().unwrap_or(0));
        let mine = list(parts.get(1)).chunks(2).map(|pair| {
            map(vec![
                ("shard", Reply::Int(number(pair, 0))),
                ("lease-ms", Reply::Int(number(pair, 1))),
            ])
        });
        let theirs = list(parts.get(2)).iter().map(|session| {
            let names = ["node", "shard", "lease-ms", "ack-us", "quarantined", "replica"];
            let parts = list(Some(session)).iter().cloned().map(plain);
            map(names.into_iter().zip(parts).collect())
        });
        map(vec![
            ("id", id(node)),
            ("entries", stat("entries")),
            ("bytes", stat("bytes")),
            ("sessions", Reply::Array(mine.collect())),
            ("sharers", Reply::Array(theirs.collect())),
        ])
    };
    Reply::Array(told.into_iter().map(node).collect())
}

fn number_of(pair: (Reply, Reply)) -> Option<(Vec<u8>, i64)> {
    match pair {
        (Reply::Bulk(name), Reply::Int(number)) => Some((name, number)),
        _ => None,
    }
}

/// The numbers that nodes told, added up.
pub(super) fn sum(told: Vec<(NodeId, Outcome)>) -> Reply {
    let number = |(_, outcome): (NodeId, Outcome)| match outcome {
        Outcome::Int(number) => number,
        _ => 0,
    };
    Reply::Int(told.into_iter().map(number).sum())
}

/// The directories of the homes here.
pub(super) fn directory(cache: &Cache, only: Option<ShardId>) -> Reply {
    let max = cache.terms.read().directory_max;
    let shards = cache.seats().map(|seat| seat.shard);
    let chosen = shards.filter(|shard| only.is_none_or(|only| only == *shard));
    let each = chosen.filter_map(|shard| {
        cache.with_home(shard, |reign| {
            let sharers = reign
                .home
                .sharer_counts()
                .into_iter()
                .map(|(sharers, keys)| (Reply::Int(sharers as i64), Reply::Int(keys as i64)));
            let sharers = Reply::Map(sharers.collect());
            let (entries, pending, held) = reign.home.remembers();
            map(vec![
                ("shard", Reply::Int(shard.0.into())),
                ("entries", Reply::Int(entries as i64)),
                ("limit", Reply::Int(i64::try_from(max).unwrap_or(i64::MAX))),
                ("pending", Reply::Int(pending as i64)),
                ("held", Reply::Int(held as i64)),
                ("probes", Reply::Int(i64::try_from(reign.probes).unwrap_or(i64::MAX))),
                ("pushes", Reply::Int(i64::try_from(reign.pushes).unwrap_or(i64::MAX))),
                ("sharers", sharers),
            ])
        })
    });
    Reply::Array(each.collect())
}

/// Which way a command takes from node `me`.
pub(super) fn explain(
    writes: bool,
    me: NodeId,
    home: Option<NodeId>,
    is_on: bool,
    told: &[(NodeId, Outcome)],
) -> Reply {
    let parts = |node: NodeId| {
        let found = told.iter().find(|(other, _)| *other == node);
        list(found.and_then(|(_, outcome)| list(Some(outcome)).first())).to_vec()
    };
    let Some(home) = home else {
        return Reply::Array(vec![Reply::bulk("no leader of the shard is known")]);
    };
    let at_home = parts(home);
    let sharers = number(list(at_home.get(4)), 4);
    let mine = parts(me);
    let letter = match mine.first() {
        Some(Outcome::Bytes(letter)) => letter.clone(),
        _ => b"I".to_vec(),
    };
    let here = home == me;
    let (route, messages, waits) = match (writes, here) {
        (false, true) => ("answered here, by the home", 0, "nothing"),
        (false, false) if !is_on => ("asked of the home", 2, "the home"),
        (false, false) if letter == b"R" => ("answered here, from a replica", 0, "nothing"),
        (false, false) if letter != b"I" => ("answered here, from a copy", 0, "nothing"),
        (false, false) => ("asked of the home, and kept", 2, "the home"),
        (true, here) => {
            let own = if here { "through the log of this node" } else { "sent to the home" };
            let waits =
                if sharers > 0 { "a majority, and all who have copies" } else { "a majority" };
            (own, 2 * sharers + if here { 0 } else { 2 }, waits)
        }
    };
    map(vec![
        ("route", Reply::bulk(route)),
        ("home", id(home)),
        ("state", Reply::Bulk(letter)),
        ("messages", Reply::Int(messages)),
        ("copies-elsewhere", Reply::Int(sharers)),
        ("waits-for", Reply::bulk(waits)),
    ])
}
