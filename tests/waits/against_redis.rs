//! The same commands to redis-server and to Lockstep give the same bytes, in the same order.

use lockstep_tests::{Client, Server, tool};

use super::{send, wait_for_blocked};

/// Who sends which line, how many wait behind it, and who hears a reply then, in this order.
type Step = (usize, &'static str, usize, &'static [usize]);

/// First come, first served, from either end.
const LINE: &[Step] = &[
    (0, "BLPOP l 0", 1, &[]),
    (1, "BRPOP l 0", 2, &[]),
    (2, "BLPOP l 0", 3, &[]),
    (3, "RPUSH l a b c d", 0, &[3, 0, 1, 2]),
    (3, "LRANGE l 0 -1", 0, &[3]),
    (0, "BLMPOP 0 1 k LEFT COUNT 2", 1, &[]),
    (1, "BLMPOP 0 2 k j RIGHT COUNT 10", 2, &[]),
    (3, "LPUSH k 1 2 3 4 5", 0, &[3, 0, 1]),
    (3, "EXISTS k", 0, &[3]),
    (0, "BZPOPMIN z y 0", 1, &[]),
    (1, "BZPOPMAX z 0", 2, &[]),
    (2, "BZMPOP 0 1 z MIN COUNT 2", 3, &[]),
    (3, "ZADD z 1 a 2 b 3.5 c 4 d 5 e", 0, &[3, 0, 1, 2]),
    (3, "ZRANGE z 0 -1 WITHSCORES", 0, &[3]),
];

/// A transaction is over before anybody is served, and the key that came first serves first.
const TRANSACTIONS: &[Step] = &[
    (0, "BLPOP x y 0", 1, &[]),
    (3, "MULTI", 1, &[3]),
    (3, "RPUSH y 0", 1, &[3]),
    (3, "LPOP y", 1, &[3]),
    (3, "RPUSH x 1", 1, &[3]),
    (3, "DEL x", 1, &[3]),
    (3, "EXEC", 1, &[3]),
    (1, "BLPOP y 0", 2, &[]),
    (3, "MULTI", 2, &[3]),
    (3, "RPUSH y 1 2", 2, &[3]),
    (3, "RPUSH x 3", 2, &[3]),
    (3, "LRANGE y 0 -1", 2, &[3]),
    (3, "EXEC", 0, &[3, 0, 1]),
    (3, "LRANGE x 0 -1", 0, &[3]),
    (3, "MULTI", 0, &[3]),
    (3, "BLPOP no 0", 0, &[3]),
    (3, "BLMOVE no x LEFT LEFT 0", 0, &[3]),
    (3, "BZMPOP 0 1 no MAX", 0, &[3]),
    (3, "EXEC", 0, &[3]),
    // Who watches the list that somebody waits for.
    (2, "WATCH w", 0, &[2]),
    (0, "BLMOVE v w LEFT LEFT 0", 1, &[]),
    (2, "MULTI", 1, &[2]),
    (2, "SET other 1", 1, &[2]),
    (3, "RPUSH v 1", 0, &[3, 0]),
    (2, "EXEC", 0, &[2]),
];

/// What is of another type is an error at first, and passed over while somebody waits.
const TYPES: &[Step] = &[
    (3, "SET s v", 0, &[3]),
    (0, "BLPOP l s 0", 0, &[0]),
    (0, "BZPOPMIN s 0", 0, &[0]),
    (0, "BLMOVE l s LEFT LEFT 0", 1, &[]),
    (1, "BLPOP l 0", 2, &[]),
    (2, "BZPOPMIN l 0", 3, &[]),
    (3, "SET l v", 3, &[3]),
    (3, "DEL l", 3, &[3]),
    (3, "ZADD l 1 m 2 n", 2, &[3, 2]),
    (3, "DEL l", 2, &[3]),
    // To a string: an error, and the element is for the next.
    (3, "RPUSH l x", 0, &[3, 0, 1]),
    (3, "TYPE s", 0, &[3]),
];

/// Elements go on from list to list.
const CHAINS: &[Step] = &[
    (0, "BLMOVE a b LEFT RIGHT 0", 1, &[]),
    (1, "BRPOPLPUSH b c 0", 2, &[]),
    (2, "BLPOP c 0", 3, &[]),
    (3, "RPUSH a x", 0, &[3, 0, 1, 2]),
    (3, "EXISTS a b c", 0, &[3]),
    // In a circle.
    (0, "BLMOVE a b LEFT RIGHT 0", 1, &[]),
    (1, "BLMOVE b a LEFT RIGHT 0", 2, &[]),
    (3, "RPUSH a x y", 0, &[3, 0, 1]),
    (3, "LRANGE a 0 -1", 0, &[3]),
    (3, "LRANGE b 0 -1", 0, &[3]),
    (3, "DEL a b", 0, &[3]),
    // To itself.
    (0, "BLMOVE a a LEFT RIGHT 0", 1, &[]),
    (3, "RPUSH a 1 2 3", 0, &[3, 0]),
    (3, "LRANGE a 0 -1", 0, &[3]),
];

/// A key may come by every way.
const WAYS: &[Step] = &[
    (3, "RPUSH from 1 2", 0, &[3]),
    (3, "ZADD zs 1 a 2 b", 0, &[3]),
    (0, "BLPOP l 0", 1, &[]),
    (3, "RENAME from l", 0, &[3, 0]),
    (0, "BLPOP m 0", 1, &[]),
    (3, "COPY l m", 0, &[3, 0]),
    (0, "BLPOP n 0", 1, &[]),
    (3, "LMOVE l n LEFT LEFT", 0, &[3, 0]),
    (0, "BZPOPMAX z 0", 1, &[]),
    (3, "ZUNIONSTORE z 1 zs", 0, &[3, 0]),
    (0, "BZPOPMAX y 0", 1, &[]),
    (3, "ZRANGESTORE y zs 0 0", 0, &[3, 0]),
    (0, "BLPOP r 0", 1, &[]),
    (3, "RPUSHX r 1", 1, &[3]),
    (3, "SELECT 5", 1, &[3]),
    (3, "RPUSH r five", 1, &[3]),
    (3, "MOVE r 0", 0, &[3, 0]),
    (0, "BLPOP r 0", 1, &[]),
    (3, "RPUSH r five", 1, &[3]),
    (3, "SWAPDB 0 5", 0, &[3, 0]),
    (3, "SELECT 0", 0, &[3]),
    // What goes away and comes back.
    (0, "BLPOP l2 0", 1, &[]),
    (3, "FLUSHALL", 1, &[3]),
    (3, "DEL l2", 1, &[3]),
    (3, "LPUSH l2 x", 0, &[3, 0]),
];

/// Waits end.
const ENDS: &[Step] = &[
    (0, "BLPOP l 0.02", 0, &[0]),
    (0, "BLMOVE l k LEFT LEFT 0.02", 0, &[0]),
    (0, "BZMPOP 0.02 1 l MIN", 0, &[0]),
    (0, "BLPOP l 0", 1, &[]),
    (1, "BRPOPLPUSH l k 0", 2, &[]),
    (2, "BZPOPMIN l 0", 3, &[]),
    (3, "CLIENT UNBLOCK {0}", 2, &[3, 0]),
    (3, "CLIENT UNBLOCK {1} TIMEOUT", 1, &[3, 1]),
    (3, "CLIENT UNBLOCK {2} ERROR", 0, &[3, 2]),
    (3, "CLIENT UNBLOCK {0}", 0, &[3]),
    (3, "RPUSH l x", 0, &[3]),
    (3, "LLEN l", 0, &[3]),
];

/// Who reads streams, each for itself, and in groups.
const STREAMS: &[Step] = &[
    (3, "XADD s 1-1 f a", 0, &[3]),
    (0, "XREAD BLOCK 0 STREAMS s $", 1, &[]),
    (1, "XREAD BLOCK 0 COUNT 1 STREAMS t s 0 1-1", 2, &[]),
    (2, "XREAD BLOCK 0 STREAMS s 3-0", 3, &[]),
    (3, "XADD s 2-0 f b", 1, &[3, 0, 1]),
    (3, "XADD s 3-0 f c", 1, &[3]),
    (3, "XADD s 3-1 f d g e", 0, &[3, 2]),
    (0, "XREAD BLOCK 100000 STREAMS s 0", 0, &[0]),
    (0, "XREAD BLOCK 0 STREAMS none $", 1, &[]),
    (3, "MULTI", 1, &[3]),
    (3, "XADD none 1-0 f 1", 1, &[3]),
    (3, "XADD none 1-1 f 2", 1, &[3]),
    (3, "XREAD BLOCK 0 STREAMS none $", 1, &[3]),
    (3, "EXEC", 0, &[3, 0]),
    (3, "XGROUP CREATE s g $", 0, &[3]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", 1, &[]),
    (1, "XREADGROUP GROUP g d BLOCK 0 COUNT 5 NOACK STREAMS s >", 2, &[]),
    (2, "XREAD BLOCK 0 STREAMS s $", 3, &[]),
    (3, "XADD s 4-0 f x", 1, &[3, 0, 2]),
    (3, "XADD s 5-0 f y", 0, &[3, 1]),
    (3, "XPENDING s g", 0, &[3]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s 0", 0, &[0]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s none > >", 0, &[0]),
    (0, "XREADGROUP GROUP no c BLOCK 0 STREAMS s >", 0, &[0]),
    (0, "XREAD BLOCK 20 STREAMS s $", 0, &[0]),
    (0, "XREADGROUP GROUP g c BLOCK 20 STREAMS s >", 0, &[0]),
    (3, "XINFO CONSUMERS s no", 0, &[3]),
    (0, "XREAD BLOCK 0 STREAMS s $", 1, &[]),
    (1, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", 2, &[]),
    (3, "CLIENT UNBLOCK {0}", 1, &[3, 0]),
    (3, "CLIENT UNBLOCK {1} ERROR", 0, &[3, 1]),
];

/// Who reads in a group is told when the group or the stream is gone.
const GONE: &[Step] = &[
    (3, "XGROUP CREATE s g 0 MKSTREAM", 0, &[3]),
    (3, "XGROUP CREATE s h 0", 0, &[3]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", 1, &[]),
    (1, "XREADGROUP GROUP h c BLOCK 0 STREAMS s >", 2, &[]),
    (2, "XREAD BLOCK 0 STREAMS s $", 3, &[]),
    (3, "XGROUP DESTROY s g", 2, &[3, 0]),
    (3, "DEL s", 1, &[3, 1]),
    (3, "SET s v", 1, &[3]),
    (0, "XREAD BLOCK 0 STREAMS s $", 1, &[0]),
    (3, "DEL s", 1, &[3]),
    (3, "XADD s 1-0 f v", 0, &[3, 2]),
    (3, "XGROUP CREATE s g $", 0, &[3]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", 1, &[]),
    (3, "SET s v", 0, &[3, 0]),
    (3, "DEL s", 0, &[3]),
    (3, "XGROUP CREATE s g $ MKSTREAM", 0, &[3]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", 1, &[]),
    (3, "RENAME s t", 0, &[3, 0]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS t >", 1, &[]),
    (3, "FLUSHALL", 0, &[3, 0]),
    (3, "XGROUP CREATE s g $ MKSTREAM", 0, &[3]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", 1, &[]),
    (3, "SWAPDB 0 5", 0, &[3, 0]),
    (3, "SWAPDB 0 5", 0, &[3]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", 1, &[]),
    (3, "PEXPIRE s -1", 0, &[3, 0]),
    (3, "XGROUP CREATE s g $ MKSTREAM", 0, &[3]),
    (0, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", 1, &[]),
    (3, "MULTI", 1, &[3]),
    (3, "DEL s", 1, &[3]),
    (3, "XGROUP CREATE s g $ MKSTREAM", 1, &[3]),
    (3, "EXEC", 1, &[3]),
    (3, "XADD s 1-0 f v", 0, &[3, 0]),
    // A stream that comes under the name.
    (3, "XADD from 7-0 f v", 0, &[3]),
    (0, "XREAD BLOCK 0 STREAMS to $", 1, &[]),
    (3, "RENAME from to", 0, &[3, 0]),
];

/// The bytes that come back of a script, step by step.
fn run(server: &Server, hello: &str, script: &[Step]) -> Vec<String> {
    let mut clients: Vec<Client> = (0..4).map(|_| server.client()).collect();
    let mut observer = server.client();
    observer.call("FLUSHALL");
    let mut heard = Vec::new();
    let ids: Vec<String> = clients
        .iter_mut()
        .map(|client| {
            client.call(hello);
            client.call("CLIENT ID").text()
        })
        .collect();
    for (who, line, waiting, hears) in script {
        let named =
            |line: String, (at, id): (usize, &String)| line.replace(&format!("{{{at}}}"), id);
        let line = ids.iter().enumerate().fold((*line).to_owned(), named);
        send(&mut clients[*who], &[&line]);
        wait_for_blocked(&mut observer, *waiting);
        for client in *hears {
            let reply = clients[*client].receive().unwrap();
            heard.push(format!("{client}: {}", String::from_utf8_lossy(&reply)));
        }
    }
    heard
}

fn compare(script: &[Step]) {
    if !lockstep_tests::needed(tool("redis-server"), "redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), Server::lockstep(&[]));
    for hello in ["HELLO 2", "HELLO 3"] {
        let (expected, found) = (run(&redis, hello, script), run(&lockstep, hello, script));
        assert_eq!(found, expected, "{hello}");
    }
}

#[test]
fn lines_are_served_as_in_redis() {
    compare(LINE);
}

#[test]
fn transactions_serve_as_in_redis() {
    compare(TRANSACTIONS);
}

#[test]
fn types_matter_as_in_redis() {
    compare(TYPES);
}

#[test]
fn chains_are_served_as_in_redis() {
    compare(CHAINS);
}

#[test]
fn keys_come_by_every_way_as_in_redis() {
    compare(WAYS);
}

#[test]
fn readers_of_streams_are_served_as_in_redis() {
    compare(STREAMS);
}

#[test]
fn readers_in_groups_that_are_gone_are_told_as_in_redis() {
    compare(GONE);
}

#[test]
fn waits_end_as_in_redis() {
    compare(ENDS);
}
