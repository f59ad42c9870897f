//! redis-cli as the tool of the house.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use lockstep_tests::{Server, printed, request, tool};

/// A redis-cli that ran: what it printed on both ways.
fn cli(server: &Server, arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("redis-cli")
        .args(["-p", &server.port().to_string()])
        .args(arguments)
        .env("NO_COLOR", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = printed(&output);
    assert!(output.status.code().is_some(), "redis-cli {arguments:?} crashed: {text}");
    text
}

/// The same, ended after a while.
fn cli_for(server: &Server, time: Duration, arguments: &[&str]) -> String {
    let port = server.port().to_string();
    let seconds = format!("{}", time.as_secs_f64());
    // Line by line, or what it has printed is lost when it is ended.
    let output = Command::new("timeout")
        .args([&seconds, "stdbuf", "-oL", "redis-cli", "-p", &port])
        .args(arguments)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn server() -> Option<Server> {
    tool("redis-cli").then(|| Server::lockstep(&["--fsync", "never"]))
}

#[test]
fn commands_and_replies() {
    let Some(server) = server() else { return };
    assert_eq!(cli(&server, &["SET", "greeting", "hello"], b""), "OK\n");
    assert_eq!(cli(&server, &["GET", "greeting"], b""), "hello\n");
    assert_eq!(cli(&server, &["-3", "GET", "nothing"], b""), "\n");
    assert_eq!(cli(&server, &["-n", "3", "DBSIZE"], b""), "0\n");
    assert_eq!(cli(&server, &["--no-raw", "INCR", "n"], b""), "(integer) 1\n");
}

#[test]
fn help_knows_our_own_commands() {
    let Some(server) = server() else { return };
    let help = cli(&server, &[], b"help set\nhelp lock\nhelp qpush\nhelp @string\n");
    let help = without_colours(&help);
    assert!(help.contains("SET key value"), "{help}");
    assert!(help.contains("LOCK key"), "{help}");
    assert!(help.contains("QPUSH queue"), "{help}");
    assert!(help.contains("GETRANGE key"), "{help}");
    assert!(!help.contains("assert"), "{help}");
}

#[test]
fn a_session_in_resp3() {
    let Some(server) = server() else { return };
    let said = cli(&server, &["-3"], b"SET a 1\nINCR a\nCONFIG GET maxmemory\nGET b\n");
    assert!(said.starts_with("OK\n2\n"), "{said}");
    assert!(said.contains("maxmemory"), "{said}");
}

#[test]
fn stat_shows_the_keys() {
    let Some(server) = server() else { return };
    server.client().call("MSET a 1 b 2 c 3");
    let shown = cli_for(&server, Duration::from_millis(2_500), &["--stat"]);
    let line = shown.lines().nth(2).unwrap_or_default();
    assert!(line.split_whitespace().next() == Some("3"), "{shown}");
}

#[test]
fn bigkeys_and_memkeys_find_the_biggest() {
    let Some(server) = server() else { return };
    let mut client = server.client();
    (0..200)
        .for_each(|number| assert!(!client.call(&format!("SET key:{number} small")).is_error()));
    client.call_words(&["SET", "giant", &"x".repeat(10_000)]);
    let found = cli(&server, &["--bigkeys"], b"");
    assert!(found.contains("Biggest string found '\"giant\"' has 10000 bytes"), "{found}");
    assert!(found.contains("201 strings with"), "{found}");
    let found = cli(&server, &["--memkeys"], b"");
    assert!(found.contains("Biggest string found '\"giant\"'"), "{found}");
}

#[test]
fn scan_gives_every_key_once() {
    let Some(server) = server() else { return };
    let mut client = server.client();
    (0..1_000).for_each(|number| assert!(!client.call(&format!("SET key:{number} x")).is_error()));
    let mut keys: Vec<String> = cli(&server, &["--scan"], b"").lines().map(str::to_owned).collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 1_000);
    let some = cli(&server, &["--scan", "--pattern", "key:99*"], b"");
    assert_eq!(some.lines().count(), 11, "{some}");
}

#[test]
fn latency_is_measured() {
    let Some(server) = server() else { return };
    let shown = cli_for(&server, Duration::from_secs(3), &["--raw", "--latency"]);
    // Not at a terminal it measures for a second and prints min, max, avg, count.
    let numbers: Vec<f64> = shown.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert!(numbers.len() >= 4 && numbers[3] > 10.0, "{shown}");
}

#[test]
fn a_pipe_of_many_commands_is_taken_whole() {
    let Some(server) = server() else { return };
    let bytes: Vec<u8> = (0..50_000)
        .flat_map(|number| request(&["SET", &format!("key:{number}"), "value"]))
        .collect();
    let said = cli(&server, &["--pipe"], &bytes);
    assert!(said.contains("errors: 0, replies: 50000"), "{said}");
    assert_eq!(server.client().call("DBSIZE").int(), Some(50_000));
}

#[test]
fn monitor_shows_what_others_do() {
    let Some(server) = server() else { return };
    let port = server.port();
    let others = std::thread::spawn(move || {
        let mut client = lockstep_tests::Client::connect(port).unwrap();
        for number in 0..20 {
            client.call_words(&["SET", "watched", &format!("value {number}")]);
            std::thread::sleep(Duration::from_millis(50));
        }
        client.call("AUTH secretpassword");
    });
    let shown = cli_for(&server, Duration::from_millis(1_500), &["MONITOR"]);
    others.join().unwrap();
    let line = shown.lines().find(|line| line.contains("\"SET\"")).unwrap_or_default();
    assert!(line.contains("[0 127.0.0.1:") && line.contains("\"watched\" \"value "), "{shown}");
    assert!(!shown.contains("secretpassword"), "{shown}");
}

#[test]
fn benchmark_finds_no_error() {
    if !tool("redis-benchmark") {
        return;
    }
    let server = Server::lockstep(&["--fsync", "never"]);
    let port = server.port().to_string();
    for protocol in [&[][..], &["-3"][..]] {
        let output = Command::new("redis-benchmark")
            .args(["-p", &port, "-n", "5000", "-P", "8", "-r", "1000", "-e", "-q"])
            .args(["-t", "ping_inline,ping_mbulk,set,get,incr,mset"])
            .args(protocol)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && !text.contains("rror"), "{text}");
    }
}

/// Help comes in colours, also where nobody sees them.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest));
    first + &rest.collect::<String>()
}
