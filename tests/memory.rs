//! What connections cost.

use std::fs;
use std::time::Duration;

use lockstep_tests::{Client, Server, request, wait_for};

/// The promise for one idle connection.
const IDLE_BYTES_MAX: u64 = 20 << 10;
const CONNECTIONS: usize = 10_000;
/// Files that the process needs for other things.
const OTHER_FILES: usize = 500;

fn resident(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// How many connections the limit of open files leaves room for.
fn connections() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let files = line.split_whitespace().nth(3).unwrap().parse().unwrap_or(usize::MAX);
    files.saturating_sub(OTHER_FILES).min(CONNECTIONS)
}

#[test]
fn ten_thousand_idle_connections_cost_little() {
    let server = Server::lockstep(&["--fsync", "never", "--maxclients", "20000"]);
    let mut first = server.client();
    first.call("PING");
    let before = resident(&server);
    let count = connections();
    let mut idle: Vec<Client> = (0..count).map(|_| server.client()).collect();
    for client in &mut idle {
        assert_eq!(client.call("SET some value").text(), "OK");
    }
    let each = resident(&server).saturating_sub(before) / count as u64;
    assert!(each <= IDLE_BYTES_MAX, "{each} bytes for each of {count} connections");
    assert_eq!(first.call("PING").text(), "PONG");
}

#[test]
fn memory_that_nothing_is_in_any_more_goes_back_soon() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    client.call("PING");
    let before = resident(&server);
    let value = vec![b'x'; 1 << 20];
    for number in 0..200 {
        let key = format!("big:{number}");
        assert_eq!(client.call_words(&[b"SET", key.as_bytes(), &value]).text(), "OK");
    }
    assert!(resident(&server) > before + (150 << 20));
    assert_eq!(client.call("FLUSHALL").text(), "OK");
    // Other commands go on, as they do.
    wait_for("the values' memory", || {
        client.call("SET some value");
        resident(&server) < before + (60 << 20)
    });
}

#[test]
fn connections_that_end_give_their_place_back() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut first = server.client();
    let clients = |client: &mut Client| {
        let info = client.call("INFO clients").text();
        let line = info.lines().find(|line| line.starts_with("connected_clients:")).unwrap();
        line["connected_clients:".len()..].trim().parse::<usize>().unwrap()
    };
    for _ in 0..5 {
        let held: Vec<Client> = (0..200).map(|_| server.client()).collect();
        wait_for("all are connected", || clients(&mut first) == held.len() + 1);
        drop(held);
        wait_for("all are gone", || clients(&mut first) == 1);
    }
}

#[test]
fn a_million_commands_in_one_pipeline_are_answered_in_order() {
    const COMMANDS: usize = 1_000_000;
    let server = Server::lockstep(&["--fsync", "never"]);
    let port = server.port();
    let before = resident(&server);
    let mut reader = server.client();
    reader.patience(Duration::from_secs(120));
    let bytes: Vec<u8> = (0..COMMANDS).flat_map(|n| request(&["ECHO", &n.to_string()])).collect();
    // Both directions at once, as the server stops reading when nobody takes its replies.
    std::thread::scope(|scope| {
        let mut writer = reader.second_handle();
        scope.spawn(move || writer.send(&bytes).unwrap());
        for number in 0..COMMANDS {
            assert_eq!(reader.reply().unwrap().int(), Some(number as i64));
        }
    });
    let grown = resident(&server).saturating_sub(before);
    assert!(grown <= 64 << 20, "{grown} bytes more");
    assert_eq!(Client::connect(port).unwrap().call("PING").text(), "PONG");
}
