//! Words in any order: the server stays, and nothing is taken by accident.

use lockstep_tests::{Client, Server, Value};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::scan;

const COMMANDS: &[&str] = &[
    "LOCK",
    "UNLOCK",
    "MLOCK",
    "MUNLOCK",
    "LOCKRENEW",
    "LOCKCONVERT",
    "LOCKCHECK",
    "LOCKASSERT",
    "LOCKCANCEL",
    "LOCKKILL",
    "LOCKSCAN",
    "LOCKINFO",
    "FENCE",
    "SEMACQUIRE",
    "SEMRELEASE",
    "LATCHSET",
    "LATCHDOWN",
    "LATCHWAIT",
    "SESSION",
];

const WORDS: &[&str] = &[
    "OWNER",
    "SESSION",
    "PX",
    "EX",
    "BLOCK",
    "PRIO",
    "REENTER",
    "NOREENTER",
    "VALUE",
    "ID",
    "DELAY",
    "ON",
    "DEADLOCK",
    "ERROR",
    "RELEASE",
    "POLICY",
    "DETECT",
    "WAITDIE",
    "WOUND",
    "ASYNC",
    "FULL",
    "SHARED",
    "UPDATE",
    "EXCLUSIVE",
    "TOKEN",
    "TOKENS",
    "MODES",
    "ALL",
    "STRICT",
    "GT",
    "LT",
    "MATCH",
    "COUNT",
    "HELD",
    "WAITED",
    "ACQUIRING",
    "MINWAIT",
    "KEY",
    "WAITERS",
    "GRAPH",
    "DOT",
    "SHARD",
    "DEADLOCKS",
    "STATS",
    "HELP",
    "LIMIT",
    "PERMITS",
    "REASON",
    "CREATE",
    "TTL",
    "ATTACH",
    "INFO",
    "LIST",
    "0",
    "1",
    "2",
    "10",
    "100",
    "-1",
    "9",
    "9223372036854775807",
    "18446744073709551615",
    "99999999999999999999",
    "0.5",
    "k",
    "name",
    "",
    "*",
    "[",
];

/// A3.
#[test]
fn options_in_any_order_neither_break_the_server_nor_take_a_lock() {
    let server = Server::lockstep(&["--shards", "3", "--fsync", "never"]);
    let seed = rand::rng().random();
    println!("seed {seed}");
    let mut dice = StdRng::seed_from_u64(seed);
    let mut client = server.client();
    let mut observer = server.client();
    for round in 0..4000 {
        let command = COMMANDS[dice.random_range(0..COMMANDS.len())];
        let mut words = vec![command];
        for _ in 0..dice.random_range(0..9) {
            words.push(WORDS[dice.random_range(0..WORDS.len())]);
        }
        // Waits would take the test's time; they are taken back.
        let reply = call(&mut client, &mut observer, &words);
        if reply.is_error() && round % 20 == 0 {
            let held = scan(&mut observer, "HELD");
            client = clear(&server, client);
            assert!(held.len() <= 64, "{held:?}");
        }
    }
    // What is refused takes nothing.
    drop(client);
    let mut client = server.client();
    for name in scan(&mut observer, "COUNT 1000") {
        observer.call_words(&["LOCKKILL", &name, "ALL"]);
    }
    for _ in 0..3000 {
        let mut words = vec!["LOCK", "fuzzed"];
        for _ in 0..dice.random_range(1..7) {
            words.push(WORDS[dice.random_range(0..WORDS.len())]);
        }
        let reply = call(&mut client, &mut observer, &words);
        let held = scan(&mut observer, "MATCH fuzzed HELD");
        assert_eq!(
            held.is_empty(),
            reply.is_error() || reply == Value::Nil,
            "{words:?}: {reply:?}"
        );
        observer.call("LOCKKILL fuzzed ALL");
        client = clear(&server, client);
    }
    assert_eq!(observer.call("PING").text(), "PONG");
}

/// Sends a command; what waits is unblocked.
fn call(client: &mut Client, observer: &mut Client, words: &[&str]) -> Value {
    let id = client.call("CLIENT ID").int().unwrap();
    client.send(&lockstep_tests::request(words)).unwrap();
    client.patience(std::time::Duration::from_millis(100));
    for _ in 0..100 {
        match client.reply() {
            Ok(reply) => {
                client.patience(std::time::Duration::from_secs(30));
                return reply;
            }
            Err(_) => {
                observer.call(&format!("CLIENT UNBLOCK {id}"));
            }
        }
    }
    panic!("no reply to {words:?}");
}

/// A new connection instead of one that may be attached, or hold something.
fn clear(server: &Server, old: Client) -> Client {
    drop(old);
    server.client()
}
