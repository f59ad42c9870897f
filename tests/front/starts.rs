//! What a node refuses to start with, and how it comes back.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_tests::{Server, free_port, lockstep_binary, request, wait_for};

/// Starts a node that is expected to end by itself.
fn start(port: u16, data: &Path, arguments: &[&str]) -> Output {
    Command::new(lockstep_binary())
        .args(["--admin-port", "0", "--port", &port.to_string(), "--dir"])
        .arg(data)
        .args(arguments)
        .output()
        .unwrap()
}

fn refusal(port: u16, data: &Path, arguments: &[&str]) -> String {
    let output = start(port, data, arguments);
    assert!(!output.status.success());
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn a_data_directory_keeps_its_number_of_shards() {
    let mut server = Server::lockstep(&["--shards", "2"]);
    server.client().call("SET a 1");
    assert!(server.stop().success());
    let refused = refusal(free_port(), &server.data(), &["--shards", "3"]);
    assert!(refused.contains("was founded with 2 shards"), "{refused}");
    assert!(refused.contains("start with --shards 2"), "{refused}");
    server.restart();
    assert_eq!(server.client().call("GET a").text(), "1");
}

#[test]
fn a_port_or_a_directory_that_is_taken_is_named() {
    let server = Server::lockstep(&[]);
    let other = tempfile::TempDir::new().unwrap();
    let taken = refusal(server.port(), other.path(), &[]);
    assert!(taken.contains(&server.port().to_string()), "{taken}");
    assert!(taken.contains("--port"), "{taken}");
    let locked = refusal(free_port(), &server.data(), &[]);
    assert!(locked.contains(&format!("pid {}", server.process())), "{locked}");
    assert!(locked.contains("--dir"), "{locked}");
}

#[test]
fn snapshots_under_load_and_kills_among_them_change_nothing() {
    let arguments =
        ["--snapshot-log-bytes", "1mb", "--enable-debug-command", "local", "--fsync", "always"];
    let mut server = Server::lockstep(&arguments);
    for round in 0..4_i64 {
        let stop = AtomicBool::new(false);
        let acknowledged = std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                let mut client = server.client();
                let mut done = 0_i64;
                while !stop.load(Ordering::Relaxed) {
                    let number = (round * 1_000_000 + done).to_string();
                    let value = format!("{number}:{}", "v".repeat(2_000));
                    let key = format!("key:{}", done % 500);
                    let pipeline =
                        [request(&["SET", &key, &value]), request(&["SET", "last", &number])];
                    client.send(&pipeline.concat()).unwrap();
                    for _ in 0..2 {
                        assert_eq!(client.reply().unwrap().text(), "OK");
                    }
                    done += 1;
                }
                round * 1_000_000 + done - 1
            });
            let mut seen = BTreeSet::new();
            wait_for("some snapshots", || {
                seen.extend(names(&server.data().join("snapshots")));
                writer.is_finished() || seen.len() > 3
            });
            stop.store(true, Ordering::Relaxed);
            writer.join().unwrap()
        });
        let digest = server.client().call("DEBUG DIGEST").text();
        if round % 2 == 0 {
            server.kill();
        } else {
            assert!(server.stop().success());
        }
        server.restart();
        assert_eq!(server.client().call("DEBUG DIGEST").text(), digest, "round {round}");
        assert_eq!(server.client().call("GET last").int(), Some(acknowledged));
    }
    let log = bytes(&server.data().join("log"));
    assert!(log < 200 << 20, "the log is cut: {log} bytes");
}

fn names(dir: &Path) -> Vec<OsString> {
    std::fs::read_dir(dir).unwrap().filter_map(Result::ok).map(|entry| entry.file_name()).collect()
}

fn bytes(dir: &Path) -> u64 {
    let names = std::fs::read_dir(dir).unwrap();
    names.filter_map(Result::ok).filter_map(|entry| entry.metadata().ok()).map(|m| m.len()).sum()
}
