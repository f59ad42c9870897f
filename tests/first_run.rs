//! The first minutes with the program: start-up lines, signals, wrong words.

use std::fs;
use std::process::{Command, Output};

use lockstep_tests::{Server, free_port, lockstep_binary, printed, wait_for};
use tempfile::TempDir;

fn run(arguments: &[&str]) -> Output {
    let folder = TempDir::new().unwrap();
    Command::new(lockstep_binary()).args(arguments).current_dir(&folder).output().unwrap()
}

#[test]
fn the_start_up_lines_say_what_matters_and_end_with_ready() {
    let server = Server::lockstep(&[]);
    let log = server.log();
    let address = format!("127.0.0.1:{}", server.port());
    for word in
        ["lockstep ", "node ", &server.data().display().to_string(), &address, "fsync always"]
    {
        assert!(log.contains(word), "no {word:?} in\n{log}");
    }
    assert!(log.lines().last().unwrap().contains("ready"), "{log}");
}

#[test]
fn a_restart_says_what_was_recovered_and_keeps_the_node() {
    let mut server = Server::lockstep(&[]);
    server.client().call("SET a b");
    let node = |log: &str| {
        let at = log.rfind(" node ").expect("a line about the node");
        log[at + 6..].split([',', ' ']).next().unwrap().to_owned()
    };
    let first = node(&server.log());
    assert!(server.stop().success());
    server.restart();
    assert_eq!(node(&server.log()), first);
    assert!(server.log().contains("entries"), "{}", server.log());
}

#[test]
fn less_durability_is_warned_of() {
    let server = Server::lockstep(&["--fsync", "everysec"]);
    let log = server.log();
    assert!(log.contains("WARN") && log.contains("everysec"), "{log}");
}

#[test]
fn a_polite_signal_ends_it_with_zero() {
    for signal in ["TERM", "INT"] {
        let mut server = Server::lockstep(&["--fsync", "never"]);
        let mut client = server.client();
        client.call("SET a b");
        server.signal(signal);
        let status = server.wait();
        assert_eq!(status.code(), Some(0), "SIG{signal}: {}", server.log());
        assert!(client.try_call(&["PING"]).is_err(), "the connection outlived the server");
    }
}

#[test]
fn shutdown_is_a_polite_end_too() {
    let mut server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    client.send(b"SHUTDOWN\r\n").unwrap();
    assert_eq!(client.rest().unwrap(), b"");
    assert_eq!(server.wait().code(), Some(0), "{}", server.log());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = Server::lockstep(&["--fsync", "never"]);
    server.signal("TERM");
    // It may be gone already, which is as good.
    let _ = Command::new("kill").args(["-TERM", &server.process().to_string()]).output();
    server.wait();
}

#[test]
fn two_nodes_live_on_one_machine() {
    let (one, other) = (Server::lockstep(&[]), Server::lockstep(&[]));
    one.client().call("SET who one");
    assert_eq!(other.client().call("GET who"), lockstep_tests::Value::Nil);
}

#[test]
fn one_folder_is_for_one_process() {
    let server = Server::lockstep(&[]);
    let data = server.data();
    let second = Command::new(lockstep_binary())
        .args(["--port", &free_port().to_string(), "--admin-port", "0", "--dir"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(!second.status.success());
    assert!(printed(&second).contains(&data.display().to_string()), "{}", printed(&second));
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let port = server.port().to_string();
    let second = run(&["--port", &port, "--admin-port", "0"]);
    assert!(!second.status.success());
    assert!(printed(&second).contains(&port), "{}", printed(&second));
}

#[test]
fn a_wrong_flag_is_refused_with_a_hint() {
    let refused = run(&["--prot", "7000"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(printed(&refused).contains("--port"), "{}", printed(&refused));
    let refused = run(&["--port", "seven"]);
    assert!(!refused.status.success());
    assert!(printed(&refused).contains("port"), "{}", printed(&refused));
}

#[test]
fn a_wrong_line_of_the_file_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("lockstep.toml");
    fs::write(&file, "port = 7000\nmaxclient = 5\n").unwrap();
    let name = file.display().to_string();
    let checked = run(&["check-config", &name]);
    assert!(!checked.status.success());
    let said = printed(&checked);
    assert!(said.contains(":2") && said.contains("maxclients"), "{said}");
    fs::write(&file, "port = 7000\nmaxclients = 5\n").unwrap();
    let checked = run(&["check-config", &name]);
    assert!(checked.status.success() && printed(&checked).contains("ok"), "{}", printed(&checked));
}

#[test]
fn help_and_version_answer() {
    let help = run(&["--help"]);
    assert!(help.status.success() && printed(&help).contains("--port"), "{}", printed(&help));
    let version = run(&["--version"]);
    assert!(printed(&version).starts_with("lockstep "), "{}", printed(&version));
}

#[test]
fn layers_of_settings_cover_each_other() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("lockstep.toml");
    fs::write(&file, "maxclients = 5\nhz = 20\ntimeout = 7\n").unwrap();
    let shown = Command::new(lockstep_binary())
        .args(["config", "show", "--origin", "--config"])
        .arg(&file)
        .args(["--maxclients", "100"])
        .env("LOCKSTEP_TIMEOUT", "9")
        .output()
        .unwrap();
    let shown = printed(&shown);
    let line = |name: &str| shown.lines().find(|line| line.contains(name)).unwrap_or_default();
    assert!(line("maxclients").contains("100"), "{shown}");
    assert!(line("timeout").contains('9') && shown.contains("LOCKSTEP_TIMEOUT"), "{shown}");
}

#[test]
fn health_is_told_by_exit_code() {
    let mut server = Server::lockstep(&["--fsync", "never"]);
    let (port, admin) = (server.port().to_string(), server.admin_port().to_string());
    let flags = ["healthcheck", "--port", &port, "--admin-port", &admin];
    wait_for("healthy", || run(&flags).status.success());
    server.kill();
    assert!(!run(&flags).status.success());
}
