//! What happens to keys, as those hear it who listen to redis-server and to Lockstep.

use lockstep_tests::{Client, Server, Value, tool, wait_for, wait_for_blocked};

use super::told;

/// Ends what a step tells.
const END: &str = "__keyspace_end__";

/// Commands of one client, one after the other; those with a bar between them are one step.
const STRINGS: &[&str] = &[
    "SET a 1",
    "SET a 2 EX 100",
    "SET a 3 KEEPTTL",
    "SET a 4 NX",
    "SET none 4 XX",
    "SET a 5 GET",
    "SET new 5 NX GET",
    "SET a 5 PXAT 1|GET a",
    "SETNX a 1",
    "SETNX a 1",
    "SETEX a 100 1",
    "PSETEX a 100000 1",
    "GETSET a 2",
    "GETSET other 2",
    "GETEX a",
    "GETEX a EX 100",
    "GETEX a PERSIST",
    "GETEX a PERSIST",
    "GETEX none EX 100",
    "GETEX a PXAT 1",
    "GETDEL other",
    "GETDEL other",
    "MSET a 1 b 2 a 3",
    "MSETNX a 1 c 2",
    "MSETNX c 1 d 2",
    "APPEND a x",
    "APPEND new-string x",
    "SETRANGE a 0 yy",
    "SETRANGE e 3 yy",
    "SETRANGE f 3 ",
    "DEL a b c d e none",
    "INCR n",
    "INCRBY n 5",
    "DECR n",
    "DECRBY n 2",
    "INCRBYFLOAT n 1.5",
    "SETBIT bits 7 1",
    "SETBIT bits 7 1",
    "SETBIT bits 7 0",
    "SETBIT none-bits 7 0",
    "BITFIELD bits SET u8 0 7 GET u8 0",
    "BITFIELD bits SET u8 0 7",
    "BITFIELD bits INCRBY u8 0 0",
    "BITFIELD bits OVERFLOW FAIL INCRBY u2 0 9",
    "BITFIELD more GET u8 0",
    "BITOP NOT to bits",
    "BITOP AND to none",
    "BITOP AND to none",
    "PFADD p a b",
    "PFADD p a",
    "PFADD q",
    "PFMERGE r p q none",
    "UNLINK p q r n bits none",
];

const KEYS: &[&str] = &[
    "SET a 1",
    "RENAME a b",
    "RENAME b b",
    "RENAMENX b b",
    "SET c 1",
    "RENAMENX b c",
    "RENAME b c",
    "COPY c d",
    "COPY c d",
    "COPY c d REPLACE",
    "COPY none d REPLACE",
    "COPY c d DB 3",
    "MOVE c 2",
    "MOVE c 2",
    "SET c 1",
    "MOVE c 2",
    "EXPIRE c 100",
    "EXPIRE c 100 NX",
    "PEXPIRE c 100000",
    "EXPIREAT c 9999999999",
    "PERSIST c",
    "PERSIST c",
    "EXPIRE none 1",
    "EXPIRE c -1",
    "SET x 1",
    "PEXPIREAT x 1",
    "RPUSH l a",
    "EVAL return(redis.call('RESTORE',KEYS[2],0,redis.call('DUMP',KEYS[1]))) 2 l copy",
    "EVAL return(redis.call('RESTORE',KEYS[2],1,redis.call('DUMP',KEYS[1]),'ABSTTL','REPLACE')) 2 l copy",
    "EVAL return(redis.call('RESTORE',KEYS[2],1,redis.call('DUMP',KEYS[1]),'ABSTTL','REPLACE')) 2 l copy",
    "EVAL return(redis.call('RESTORE',KEYS[2],0,redis.call('DUMP',KEYS[1]),'REPLACE')) 2 l copy",
    "TOUCH l",
    "OBJECT ENCODING none",
    "SELECT 2",
    "SET c 1",
    "DEL c",
    "SELECT 0",
    "SWAPDB 0 3",
    "SWAPDB 0 3",
    "MULTI|SET m 1|LPUSH m x|INCR m|DEL m|EXEC",
    "EVAL redis.call('SET',KEYS[1],'v');redis.call('RPUSH',KEYS[2],'a');return(redis.call('DEL',KEYS[1],KEYS[2])) 2 s t",
    "FLUSHDB",
    "FLUSHALL",
];

const COLLECTIONS: &[&str] = &[
    "LPUSH l a b",
    "RPUSH l c",
    "LPUSHX l d",
    "RPUSHX none d",
    "LINSERT l BEFORE a x",
    "LINSERT l BEFORE none x",
    "LSET l 0 y",
    "LSET l 0 y",
    "LREM l 0 y",
    "LREM l 0 none",
    "LTRIM l 0 -1",
    "LPOP l",
    "RPOP l",
    "LPOP l 0",
    "LPOP none",
    "RPOP l 9",
    "RPUSH l a b c",
    "LMOVE l m LEFT RIGHT",
    "LMOVE l l LEFT RIGHT",
    "RPOPLPUSH l m",
    "RPOPLPUSH l m",
    "RPOPLPUSH l m",
    "LMPOP 2 none m RIGHT COUNT 2",
    "LMPOP 2 none m LEFT COUNT 2",
    "RPUSH l a",
    "LTRIM l 5 9",
    "RPUSH l a a",
    "LREM l 0 a",
    "BLPOP none l 0.01",
    "RPUSH l a b",
    "BLPOP none l 0",
    "BRPOPLPUSH l m 0",
    "BLMPOP 0 1 m LEFT",
    "SADD s a b",
    "SADD s a",
    "SREM s none",
    "SREM s a",
    "SMOVE s t b",
    "SMOVE t t b",
    "SMOVE t s none",
    "SADD s b c d",
    "SMOVE t s b",
    "SPOP s",
    "SPOP s 1",
    "SPOP s 0",
    "SPOP s 9",
    "SPOP s",
    "SADD s a b",
    "SADD t b c",
    "SUNIONSTORE u s t",
    "SINTERSTORE u s t",
    "SDIFFSTORE u s t",
    "SINTERSTORE u s none",
    "SINTERSTORE u s none",
    "SORT s ALPHA STORE sorted",
    "SORT none STORE sorted",
    "HSET h f 1",
    "HSET h f 1",
    "HSETNX h f 1",
    "HSETNX h g 1",
    "HMSET h x 1 y 2",
    "HINCRBY h f 1",
    "HINCRBYFLOAT h f 1.5",
    "HDEL h none",
    "HDEL h f",
    "HDEL h g x y",
    "HINCRBY h f 1",
];

const SORTED: &[&str] = &[
    "ZADD z 1 a 2 b 3 c",
    "ZADD z 1 a",
    "ZADD z XX CH 5 a",
    "ZADD z NX 9 a",
    "ZADD z INCR 1 a",
    "ZADD z NX INCR 1 a",
    "ZINCRBY z 1 a",
    "ZINCRBY z 0 a",
    "ZINCRBY y 1 a",
    "ZREM z none",
    "ZREM z a",
    "ZPOPMIN z",
    "ZPOPMAX z 1",
    "ZPOPMAX z",
    "ZADD z 1 a 2 b 3 c 4 d",
    "ZPOPMIN z 0",
    "ZREMRANGEBYRANK z 0 0",
    "ZREMRANGEBYSCORE z 2 2",
    "ZREMRANGEBYLEX z [c [c",
    "ZREMRANGEBYLEX z [x [x",
    "ZREMRANGEBYRANK z 0 -1",
    "ZADD z 1 a 2 b",
    "ZMPOP 2 none z MIN",
    "ZMPOP 2 none z MAX",
    "ZADD z 1 a 2 b",
    "BZPOPMIN z 0",
    "BZMPOP 0 1 z MAX",
    "ZADD z 1 a 2 b",
    "ZUNIONSTORE u 2 z y",
    "ZINTERSTORE u 2 z y",
    "ZDIFFSTORE u 2 z y",
    "ZRANGESTORE v z 0 -1",
    "ZRANGESTORE v none 0 -1",
    "ZINTERSTORE u 2 z none",
    "ZINTERSTORE u 2 z none",
    "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania",
    "GEOSEARCHSTORE near g FROMLONLAT 15 37 BYRADIUS 200 km",
    "GEORADIUS g 15 37 200 km STORE near",
    "GEORADIUSBYMEMBER g Palermo 200 km STOREDIST near",
    "GEORADIUS g 0 0 1 m STORE near",
    "GEORADIUS none 0 0 1 m STORE near",
    "GEOSEARCHSTORE near g FROMLONLAT 0 0 BYRADIUS 1 m",
];

const STREAMS: &[&str] = &[
    "XADD x 1-1 f v",
    "XADD x 1-1 f v",
    "XADD x NOMKSTREAM 1-2 f v",
    "XADD none NOMKSTREAM 1-2 f v",
    "XADD x MAXLEN 2 1-3 f v",
    "XADD x MAXLEN 9 1-4 f v",
    "XADD empty MAXLEN 0 1-4 f v",
    "XTRIM x MAXLEN 2",
    "XTRIM x MAXLEN 2",
    "XDEL x 1-3",
    "XDEL x 1-3",
    "XSETID x 5-0",
    "XGROUP CREATE x g 0",
    "XGROUP CREATE x g 0",
    "XGROUP CREATE made g $ MKSTREAM",
    "XGROUP SETID x g 0",
    "XGROUP SETID x none 0",
    "XGROUP CREATECONSUMER x g c",
    "XGROUP CREATECONSUMER x g c",
    "XADD x 6-0 f v",
    "XREADGROUP GROUP g c STREAMS x >",
    "XREADGROUP GROUP g d STREAMS x >",
    "XADD x 7-0 f v",
    "XREADGROUP GROUP g d STREAMS x >",
    "XREADGROUP GROUP g e NOACK STREAMS x 0",
    "XREADGROUP GROUP none e STREAMS x >",
    "XCLAIM x g f 0 6-0",
    "XCLAIM x g f 0 6-0",
    "XCLAIM x g nobody 0 1-1",
    "XAUTOCLAIM x g h 0 0",
    "XAUTOCLAIM x g h 0 0",
    "XACK x g 6-0",
    "XGROUP DELCONSUMER x g c",
    "XGROUP DELCONSUMER x g c",
    "XGROUP DESTROY x g",
    "XGROUP DESTROY x g",
    "DEL x made empty",
];

/// Reads that find nothing.
const READS: &[&str] = &[
    "GET none",
    "MGET none a none",
    "EXISTS none other",
    "TTL none",
    "TYPE none",
    "STRLEN none",
    "GETRANGE none 0 1",
    "LLEN none",
    "LRANGE none 0 1",
    "HGET none f",
    "HGETALL none",
    "SMEMBERS none",
    "SINTER none other",
    "SUNION none other",
    "ZSCORE none m",
    "ZRANGE none 0 1",
    "ZUNION 2 none other",
    "XLEN none",
    "XRANGE none - +",
    "BITCOUNT none",
    "PFCOUNT none other",
    "DUMP none",
    "TOUCH none",
    "OBJECT ENCODING none",
    "SORT none",
    "LCS none other",
    "SET a 1",
    "GET a",
    "GETEX none",
    "COPY none b",
    "MULTI|GET none|LLEN other|EXEC",
    "EVAL return(redis.call('GET',KEYS[1])) 1 none",
];

/// What is told up to the end of a step.
fn until_the_end(listener: &mut Client, writer: &mut Client) -> Vec<String> {
    // It is told behind all that was told before the last reply.
    writer.call(&format!("PUBLISH {END} x"));
    let mut all = Vec::new();
    loop {
        let parts = told(listener);
        if parts[2] == END {
            return all;
        }
        all.push(parts[2..].join(" "));
    }
}

fn listener(server: &Server, letters: &str) -> (Client, Client) {
    let (mut listener, mut writer) = (server.client(), server.client());
    let set = writer.call(&format!("CONFIG SET notify-keyspace-events {letters}"));
    assert_eq!(set.text(), "OK");
    listener.call("PSUBSCRIBE __key*");
    (listener, writer)
}

/// Each command with what is told of it.
fn run(server: &Server, letters: &str, lines: &[&str]) -> Vec<String> {
    let (mut listener, mut writer) = listener(server, letters);
    let each = lines.iter().map(|line| {
        line.split('|').for_each(|command| drop(writer.call(command)));
        let events = until_the_end(&mut listener, &mut writer);
        format!("{line}: {events:#?}")
    });
    let seen = each.collect();
    writer.call("SELECT 0");
    writer.call("FLUSHALL");
    seen
}

fn compare(letters: &str, scripts: &[&[&str]]) {
    if !tool("redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), Server::lockstep(&["--fsync", "never"]));
    for script in scripts {
        let (theirs, ours) = (run(&redis, letters, script), run(&lockstep, letters, script));
        for (theirs, ours) in theirs.iter().zip(&ours) {
            assert_eq!(theirs, ours, "redis-server left, Lockstep right");
        }
        assert!(theirs.iter().any(|step| step.contains("__:")), "nothing was told: {theirs:?}");
    }
}

#[test]
fn every_event_is_that_of_redis_in_its_order() {
    compare("KEAn", &[STRINGS, KEYS, COLLECTIONS, SORTED, STREAMS]);
}

#[test]
fn reads_that_find_nothing_tell_of_it_as_in_redis() {
    compare("KEAm", &[READS, STRINGS]);
}

#[test]
fn only_the_classes_and_names_that_are_asked_for_are_told() {
    for letters in ["Kg$", "El", "Es", "Kh", "Ez", "Kt", "KEx", "A", "K", "Kn"] {
        let both = "SET s 1|DEL s|RPUSH l a|SADD t a|HSET h f v|ZADD z 1 a|XADD x 1-1 f v";
        let lines: Vec<&str> = both.split('|').collect();
        if !tool("redis-server") {
            return;
        }
        let (redis, lockstep) = (Server::redis(&[]), Server::lockstep(&["--fsync", "never"]));
        let (theirs, ours) = (run(&redis, letters, &lines), run(&lockstep, letters, &lines));
        assert_eq!(theirs, ours, "{letters}");
    }
}

/// Somebody waits for what another one brings.
fn waiting(server: &Server) -> Vec<Vec<String>> {
    let (mut listener, mut writer) = listener(server, "KEAn");
    let steps = [
        ("BLPOP l 0", "RPUSH l a b"),
        ("BLPOP l2 0", "RPUSH l2 a"),
        ("BRPOPLPUSH l3 m 0", "RPUSH l3 a"),
        ("BLMOVE l4 m LEFT LEFT 0", "RPUSH l4 a"),
        ("BZPOPMIN z 0", "ZADD z 1 a"),
        ("BZMPOP 0 1 z2 MAX COUNT 2", "ZADD z2 1 a 2 b 3 c"),
        ("XREAD BLOCK 0 STREAMS x $", "XADD x 1-1 f v"),
    ];
    let each = steps.map(|(waits, brings)| {
        let mut waiter = server.client();
        lockstep_tests::send(&mut waiter, &[waits]);
        wait_for_blocked(&mut writer, 1);
        until_the_end(&mut listener, &mut writer);
        writer.call(brings);
        waiter.receive().unwrap();
        until_the_end(&mut listener, &mut writer)
    });
    each.to_vec()
}

#[test]
fn who_waited_and_is_served_makes_the_events_of_redis() {
    if !tool("redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), Server::lockstep(&["--fsync", "never"]));
    assert_eq!(waiting(&redis), waiting(&lockstep));
}

#[test]
fn a_key_whose_time_is_over_is_told_without_anybody_asking() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let (mut listener, mut writer) = listener(&server, "Ex");
    writer.call("SET a 1 PX 5");
    assert_eq!(told(&mut listener), ["pmessage", "__key*", "__keyevent@0__:expired", "a"]);
    writer.call("SELECT 5");
    writer.call("SET b 1 PX 5");
    wait_for("the end of the key", || writer.call("EXISTS b") == Value::Int(0));
    let events = until_the_end(&mut listener, &mut writer);
    assert_eq!(events, ["__keyevent@5__:expired b"]);
}

#[test]
fn each_key_that_makes_room_is_told() {
    let server = Server::lockstep(&["--fsync", "never", "--maxmemory-policy", "allkeys-lru"]);
    let (mut listener, mut writer) = listener(&server, "Ke");
    let value = "v".repeat(50_000);
    writer.call("CONFIG SET maxmemory 1mb");
    for number in 0..100 {
        assert_eq!(writer.call_words(&["SET", &format!("k{number}"), &value]).text(), "OK");
    }
    let left = writer.call("DBSIZE").int().unwrap();
    let events = until_the_end(&mut listener, &mut writer);
    assert!(events.iter().all(|event| event.ends_with(" evicted")), "{events:?}");
    assert_eq!(events.len() as i64, 100 - left);
    assert!(left < 100);
}
