//! Scripts of the kind that locks and workers send, beside Redis: those that compare and
//! delete or extend (redis-py's Lock), those of many keys (the Redlock libraries), those
//! that build names of keys (kombu, RQ, dramatiq), and work with delays (Sidekiq, huey).

use lockstep_tests::{Client, Server, needed, request, tool};

const RELEASE: &str = "if redis.call('get', KEYS[1]) == ARGV[1] then \
    return redis.call('del', KEYS[1]) else return 0 end";

const EXTEND: &str = "local token = redis.call('get', KEYS[1]) \
    if not token or token ~= ARGV[1] then return 0 end \
    local left = redis.call('pttl', KEYS[1]) \
    if not left then left = 0 end \
    if left < 0 then return 0 end \
    local due = tonumber(ARGV[2]) \
    if ARGV[3] == '0' then due = due + left end \
    redis.call('pexpire', KEYS[1], due) return 1";

const REACQUIRE: &str = "local token = redis.call('get', KEYS[1]) \
    if not token or token ~= ARGV[1] then return 0 end \
    redis.call('pexpire', KEYS[1], ARGV[2]) return 1";

const ACQUIRE_ALL: &str = "for i, key in ipairs(KEYS) do \
    if redis.call('exists', key) == 1 then return 0 end end \
    for i, key in ipairs(KEYS) do redis.call('set', key, ARGV[1], 'PX', ARGV[2]) end \
    return #KEYS";

const EXTEND_ALL: &str = "for i, key in ipairs(KEYS) do \
    if redis.call('get', key) ~= ARGV[1] then return 0 end end \
    for i, key in ipairs(KEYS) do redis.call('pexpire', key, ARGV[2]) end return #KEYS";

const RELEASE_ALL: &str = "local count = 0 for i, key in ipairs(KEYS) do \
    if redis.call('get', key) == ARGV[1] then redis.pcall('del', key) count = count + 1 end end \
    return count";

const DUE: &str = "local jobs = redis.call('zrangebyscore', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, 1) \
    if jobs[1] then redis.call('zrem', KEYS[1], jobs[1]) return jobs[1] end";

const DERIVED: &str = "local queue = ARGV[1] .. ':' .. ARGV[2] \
    local now = redis.call('time') \
    redis.call('hset', queue .. '.msgs', ARGV[3], ARGV[4]) \
    redis.call('rpush', queue, ARGV[3]) \
    redis.call('zadd', ARGV[1] .. ':heartbeats', 5, 'worker') \
    return {redis.call('llen', queue), redis.call('hget', queue .. '.msgs', ARGV[3]), #now}";

const REENTRANT: &str = "if redis.call('exists', KEYS[1]) == 0 \
    or redis.call('hexists', KEYS[1], ARGV[2]) == 1 then \
    redis.call('hincrby', KEYS[1], ARGV[2], 1) redis.call('pexpire', KEYS[1], ARGV[1]) return nil end \
    return redis.call('pttl', KEYS[1]) > 0";

const LEAVE: &str = "if redis.call('hexists', KEYS[1], ARGV[1]) == 0 then return nil end \
    local left = redis.call('hincrby', KEYS[1], ARGV[1], -1) \
    if left > 0 then redis.call('pexpire', KEYS[1], 30000) return 0 end \
    redis.call('del', KEYS[1]) redis.call('publish', KEYS[2], '0') return 1";

/// A script with its keys and arguments, in an order that makes a story.
const STORY: &[(&str, &[&str])] = &[
    (RELEASE, &["1", "lock", "me"]),
    (ACQUIRE_ALL, &["3", "a", "b", "c", "me", "30000"]),
    (ACQUIRE_ALL, &["2", "d", "b", "you", "30000"]),
    (EXTEND_ALL, &["3", "a", "b", "c", "me", "60000"]),
    (EXTEND_ALL, &["2", "a", "d", "me", "60000"]),
    (EXTEND, &["1", "a", "me", "1000", "0"]),
    (EXTEND, &["1", "a", "you", "1000", "0"]),
    (REACQUIRE, &["1", "a", "me", "1000"]),
    (REACQUIRE, &["1", "none", "me", "1000"]),
    (RELEASE, &["1", "a", "you"]),
    (RELEASE, &["1", "a", "me"]),
    (RELEASE_ALL, &["4", "a", "b", "c", "d", "me"]),
    (DUE, &["1", "schedule", "100"]),
    (DUE, &["1", "schedule", "100"]),
    (DUE, &["1", "schedule", "100"]),
    (DERIVED, &["1", "dramatiq", "dramatiq", "default", "id-1", "body"]),
    (DERIVED, &["1", "dramatiq", "dramatiq", "default", "id-2", "body"]),
    (REENTRANT, &["1", "rl", "30000", "me:1"]),
    (REENTRANT, &["1", "rl", "30000", "me:1"]),
    (REENTRANT, &["1", "rl", "30000", "you:1"]),
    (LEAVE, &["2", "rl", "channel", "you:1"]),
    (LEAVE, &["2", "rl", "channel", "me:1"]),
    (LEAVE, &["2", "rl", "channel", "me:1"]),
];

fn ask(client: &mut Client, words: &[&str]) -> String {
    client.send(&request(words)).unwrap();
    client.receive().unwrap().escape_ascii().to_string()
}

/// Each script as clients send it: by its name, loaded when it is not known.
fn tell(server: &Server) -> Vec<String> {
    let mut client = server.client();
    client.call("FLUSHALL");
    client.call("ZADD schedule 50 one 60 two 200 later");
    let mut told = Vec::new();
    for (body, rest) in STORY {
        let sha = client.call_words(&["SCRIPT", "LOAD", body]).text();
        client.call("SCRIPT FLUSH");
        let named: Vec<&str> = ["EVALSHA", &sha].iter().chain(*rest).copied().collect();
        told.push(ask(&mut client, &named));
        assert_eq!(ask(&mut client, &["SCRIPT", "LOAD", body]), format!("$40\\r\\n{sha}\\r\\n"));
        told.push(ask(&mut client, &named));
    }
    told
}

#[test]
fn locks_and_workers_get_what_redis_gives_them() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), Server::lockstep(&["--fsync", "never"]));
    assert_eq!(tell(&lockstep), tell(&redis));
}
