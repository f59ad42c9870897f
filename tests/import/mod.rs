//! `lockstep import`: files and servers of Redis, and what happens when they are damaged.
//!
//! What came here is compared by bringing it back to another Redis, whose digest of all
//! keys has to be that of the first one.

mod cluster;
mod damage;
mod old;
mod redis;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lockstep_tests::{Client, Server, lockstep_binary, printed, request};

/// Runs an import.
fn import(words: &[&str]) -> Output {
    let mut command = Command::new(lockstep_binary());
    command.arg("import").args(words).env_remove("REDISCLI_AUTH");
    command.env_remove("LOCKSTEP_FROM_PASSWORD").output().unwrap()
}

/// The same, which must go well; what it reports.
fn imported(words: &[&str]) -> String {
    let output = import(words);
    assert!(output.status.success(), "{words:?}\n{}", printed(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn address(server: &Server) -> String {
    format!("127.0.0.1:{}", server.port())
}

/// A redis-server that may be asked for everything.
fn redis() -> Server {
    Server::redis(&["--enable-debug-command", "yes"])
}

/// Saves what a redis-server has; where.
fn saved(server: &Server) -> PathBuf {
    assert_eq!(server.client().call("SAVE").text(), "OK");
    server.data().join("dump.rdb")
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The numbers of a line of a report.
fn line(report: &str, name: &str) -> Vec<u64> {
    let line = report.lines().find_map(|line| line.strip_prefix(name));
    let numbers = line.unwrap_or_else(|| panic!("{name}: {report}")).split_whitespace();
    numbers.map(|number| number.parse().unwrap()).collect()
}

/// Sends commands, all of which must go well.
fn fill<W: AsRef<[u8]>>(client: &mut Client, commands: &[Vec<W>]) {
    for part in commands.chunks(1000) {
        let bytes: Vec<u8> = part.iter().flat_map(|words| request(words)).collect();
        client.send(&bytes).unwrap();
        for words in part {
            let answer = client.reply().unwrap();
            let shown = || words.iter().map(|word| word.as_ref().escape_ascii().to_string());
            assert!(!answer.is_error(), "{:?}: {answer:?}", shown().collect::<Vec<_>>());
        }
    }
}

/// Brings all that is there to another Redis, and compares the two.
fn comes_back(lockstep: &Server, first: &Server) {
    let second = redis();
    let report = imported(&["--from", &address(lockstep), "--to", &address(&second)]);
    assert_eq!(line(&report, "all")[4], 0, "{report}");
    let (mut one, mut other) = (first.client(), second.client());
    for db in 0..16 {
        for client in [&mut one, &mut other] {
            client.call(&format!("SELECT {db}"));
        }
        assert_eq!(one.call("DBSIZE"), other.call("DBSIZE"));
        let keys = one.call("KEYS *");
        for key in keys.items() {
            let key = key.bytes().unwrap();
            let mut same = |words: &[&[u8]]| {
                let due = one.call_words(words);
                assert_eq!(other.call_words(words), due, "{db} {}", key.escape_ascii());
                due
            };
            same(&[b"DEBUG", b"DIGEST-VALUE", key]);
            same(&[b"PEXPIRETIME", key]);
            if same(&[b"TYPE", key]).text() == "stream" {
                let groups = same(&[b"XINFO", b"GROUPS", key]);
                for group in groups.items() {
                    let name = group.items()[1].bytes().unwrap();
                    same(&[b"XPENDING", key, name]);
                }
            }
        }
    }
    assert_eq!(one.call("DEBUG DIGEST"), other.call("DEBUG DIGEST"));
    assert_eq!(one.call("FUNCTION STATS"), other.call("FUNCTION STATS"));
}
