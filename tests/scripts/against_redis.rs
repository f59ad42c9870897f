//! The same scripts in Redis and here, byte by byte.

use lockstep_tests::{Client, Server, needed, request, tool};

/// Scripts of one line.
const LINES: &str = include_str!("lines.txt");

/// Scripts of one line about `bit`, `cjson`, `cmsgpack` and `struct`.
const LIBRARIES: &str = include_str!("libraries.txt");

/// Scripts of several lines.
const LONGER: &[&str] = &[
    "#!lua\nreturn 1",
    "#!lua flags=no-writes\nreturn redis.call('set','a','b')",
    "#!lua flags=no-writes\nreturn redis.call('get','k1')",
    "#!lua flags=bad\nreturn 1",
    "#!lua name=x\nreturn 1",
    "#!js\nreturn 1",
    "#!lua",
    "#!lua flags=allow-oom,allow-stale,no-writes\nreturn 1",
    "#!lua flags=\nreturn 1",
    "#!lua x",
    "#!lua\n\n\nerror('x')",
    "\n\n\nlocal x = nil\nreturn x.y",
    "\x1bLua",
    "return\n\nredis.call('nosuch')",
    "local function f()\n error('deep')\nend\nf()",
    "local function f()\n redis.call('nosuch')\nend\n\nf()",
];

/// Other commands about scripts.
const COMMANDS: &[&[&str]] = &[
    &["EVAL", "return 1"],
    &["EVAL", "return 1", "x"],
    &["EVAL", "return 1", "-1"],
    &["EVAL", "return 1", "2", "a"],
    &["EVAL", "return {KEYS[1],KEYS[2],ARGV[1]}", "2", "a", "b", "c", "d"],
    &["EVALSHA", "x", "0"],
    &["EVALSHA", "0000000000000000000000000000000000000000", "0"],
    &["EVALSHA_RO", "0000000000000000000000000000000000000000", "0"],
    &["EVAL_RO", "return redis.call('set','a','b')", "0"],
    &["EVAL_RO", "return redis.call('get','k1')", "0"],
    &["EVAL_RO", "return redis.call('publish','k1','x')", "0"],
    &["EVAL_RO", "#!lua\nreturn 1", "0"],
    &["EVAL_RO", "#!lua flags=no-writes\nreturn 1", "0"],
    &["SCRIPT"],
    &["SCRIPT", "KILL"],
    &["SCRIPT", "LOAD"],
    &["SCRIPT", "LOAD", "return 1"],
    &["SCRIPT", "LOAD", "x x"],
    &["SCRIPT", "LOAD", "#!lua bad\nx"],
    &["SCRIPT", "EXISTS"],
    &["SCRIPT", "EXISTS", "a", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
    &["EVALSHA", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", "0"],
    &["SCRIPT", "FLUSH", "x"],
    &["SCRIPT", "FLUSH", "sync", "x"],
    &["SCRIPT", "FLUSH"],
    &["SCRIPT", "EXISTS", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"],
    &["SCRIPT", "NOSUCH"],
    &["MULTI"],
    &["EVAL", "return redis.call('incr','in-multi')", "0"],
    &["EVALSHA", "0000000000000000000000000000000000000000", "0"],
    &["EVAL", "error('x')", "0"],
    &["EXEC"],
];

fn ready(server: &Server, hello: &str) -> Client {
    let mut client = server.client();
    for line in [
        "FLUSHALL",
        "SCRIPT FLUSH",
        hello,
        "SET k1 v1",
        "HSET h1 a 1 b 2",
        "SADD s1 m",
        "ZADD z1 1.5 a",
    ] {
        client.call(line);
    }
    client
}

fn ask(client: &mut Client, words: &[&str]) -> String {
    client.send(&request(words)).unwrap();
    client.receive().unwrap().escape_ascii().to_string()
}

#[test]
fn scripts_give_what_they_give_in_redis() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    let (redis, lockstep) = (Server::redis(&[]), Server::lockstep(&["--fsync", "never"]));
    let mut differences = Vec::new();
    for hello in ["HELLO 2", "HELLO 3"] {
        let (mut theirs, mut ours) = (ready(&redis, hello), ready(&lockstep, hello));
        let scripts = LINES.lines().chain(LIBRARIES.lines()).chain(LONGER.iter().copied());
        let scripts = scripts.map(|body| vec!["EVAL", body, "0"]);
        for words in scripts.chain(COMMANDS.iter().map(|words| words.to_vec())) {
            let (due, given) = (ask(&mut theirs, &words), ask(&mut ours, &words));
            if due != given {
                differences.push(format!("{hello} {words:?}\n  redis {due}\n  ours  {given}"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
