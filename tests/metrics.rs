//! The numbers for Prometheus, as a scraper reads them.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use lockstep_tests::{Client, Server, needed, tool, wait_for};

/// Labels with few values; what users name freely is never among them.
const LABELS: [&str; 10] =
    ["shard", "command", "result", "reason", "db", "state", "kind", "class", "le", "version"];

/// What one node shows at most, however much it holds.
const SERIES_MAX: usize = 800;

fn scrape(server: &Server) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", server.admin_port())).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("text/plain; version=0.0.4; charset=utf-8"), "{head}");
    body.to_owned()
}

/// Name and labels to value.
fn samples(page: &str) -> BTreeMap<&str, f64> {
    let lines = page.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pairs = lines.map(|line| line.rsplit_once(' ').unwrap());
    pairs.map(|(name, value)| (name, value.parse().unwrap())).collect()
}

/// The kind of every metric that says what it is.
fn kinds(page: &str) -> BTreeMap<&str, &str> {
    let lines = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    lines.map(|line| line.split_once(' ').unwrap()).collect()
}

/// A server that did some of everything, and the client whose lock it holds.
fn used() -> (Server, Client) {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    for line in [
        "SET a 1",
        "GET a",
        "GET b",
        "LPUSH",
        "NOSUCH",
        "LOCK l",
        "QPUSH q hello",
        "QPUSH q there",
        "QPOP q",
    ] {
        client.call(line);
    }
    (server, client)
}

#[test]
fn what_happened_is_counted() {
    let (server, _client) = used();
    for (name, value) in [
        ("lockstep_keys{db=\"0\"}", 1.0),
        ("lockstep_key_hits_total", 1.0),
        ("lockstep_key_misses_total", 1.0),
        ("lockstep_commands_total{command=\"set\",result=\"ok\"}", 1.0),
        ("lockstep_commands_total{command=\"get\",result=\"ok\"}", 2.0),
        ("lockstep_raft_is_leader{shard=\"0\"}", 1.0),
        ("lockstep_locks_held{shard=\"0\"}", 1.0),
        ("lockstep_lock_grants_total{shard=\"0\"}", 1.0),
        ("lockstep_queues", 1.0),
        ("lockstep_queue_messages{state=\"ready\"}", 1.0),
        ("lockstep_queue_messages{state=\"inflight\"}", 1.0),
        ("lockstep_queue_pushed_total", 2.0),
        ("lockstep_command_duration_seconds_count{class=\"lock\"}", 1.0),
        ("lockstep_command_duration_seconds_count{class=\"queue\"}", 3.0),
    ] {
        // A command may be counted just behind its answer.
        wait_for(name, || samples(&scrape(&server)).get(name) == Some(&value));
    }
    assert!(samples(&scrape(&server))["process_resident_memory_bytes"] > 1e6);
}

#[test]
fn names_follow_the_rules() {
    let (server, _client) = used();
    let page = scrape(&server);
    let kinds = kinds(&page);
    for (name, kind) in &kinds {
        assert!(page.contains(&format!("# HELP {name} ")), "{name} says nothing");
        assert_eq!(name.ends_with("_total"), *kind == "counter", "{name} is a {kind}");
        assert!(name.starts_with("lockstep_") || name.starts_with("process_"), "{name}");
    }
    for sample in samples(&page).keys() {
        let name = sample.split('{').next().unwrap();
        let parts = ["_bucket", "_sum", "_count"];
        let base = parts.iter().find_map(|part| name.strip_suffix(part)).unwrap_or(name);
        assert!(kinds.contains_key(name) || kinds.contains_key(base), "{name} has no type");
    }
}

#[test]
fn neither_keys_nor_clients_make_new_series() {
    let (server, mut client) = used();
    for number in 0..200 {
        client.call(&format!("SET key:{number} 1"));
        client.call(&format!("LOCK lock:{number}"));
        client.call(&format!("QPUSH queue:{number} x"));
    }
    let page = scrape(&server);
    let samples = samples(&page);
    assert!(samples.len() < SERIES_MAX, "{} series", samples.len());
    for sample in samples.keys() {
        let Some((_, labels)) = sample.trim_end_matches('}').split_once('{') else { continue };
        for label in labels.split("\",").map(|label| label.split('=').next().unwrap()) {
            assert!(LABELS.contains(&label) || label == "commit", "{sample}");
        }
    }
}

#[test]
fn a_reset_of_the_statistics_sets_counters_back() {
    let (server, mut client) = used();
    client.call("CONFIG RESETSTAT");
    let page = scrape(&server);
    let count =
        samples(&page).get("lockstep_commands_total{command=\"get\",result=\"ok\"}").copied();
    assert_eq!(count.unwrap_or(0.0), 0.0);
}

#[test]
fn the_checker_of_prometheus_finds_nothing() {
    if !needed(tool("promtool"), "promtool") {
        return;
    }
    let (server, _client) = used();
    let mut checker = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    checker.stdin.take().unwrap().write_all(scrape(&server).as_bytes()).unwrap();
    let checked = checker.wait_with_output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
