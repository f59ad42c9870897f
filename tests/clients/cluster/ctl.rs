//! The command line of whoever looks after a cluster.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Server, free_port, lockstep_binary, printed};
use tempfile::TempDir;

/// What `lockstep ctl` prints for these words, and the code it ends with.
fn ctl(port: u16, words: &str) -> (String, i32) {
    let output = Command::new(lockstep_binary())
        .arg("ctl")
        .args(["--addr", &format!("127.0.0.1:{port}")])
        .args(words.split_whitespace())
        .env_remove("REDISCLI_AUTH")
        .output()
        .unwrap();
    (printed(&output), output.status.code().unwrap())
}

/// The lines of the table of nodes, without its head.
fn nodes(port: u16) -> Vec<String> {
    let (text, code) = ctl(port, "node list");
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("NODE "), "{text}");
    text.lines().skip(1).map(str::to_owned).collect()
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "still not: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_node_alone_is_a_cluster_of_one() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let list = nodes(server.port());
    assert_eq!(list.len(), 1);
    assert!(list[0].contains("*  ") && list[0].contains("  up  "), "{list:?}");
    let (text, code) = ctl(server.port(), "node list -o json");
    assert_eq!(code, 0);
    assert!(text.contains("\"myself\": true"), "{text}");
}

#[test]
fn wrong_words_refusals_and_silence_have_codes_of_their_own() {
    let server = Server::lockstep(&["--fsync", "never", "--requirepass", "secret"]);
    let (text, code) = ctl(server.port(), "node list");
    assert_eq!((code, text.contains("NOAUTH")), (1, true), "{text}");
    let (_, code) = ctl(server.port(), "--password secret node list");
    assert_eq!(code, 0);
    let (text, code) = ctl(server.port(), "--password secret node drain ffffffffffffffff");
    assert_eq!((code, text.contains("Unknown node")), (1, true), "{text}");
    let (text, code) = ctl(server.port(), "node drop");
    assert_eq!((code, text.contains("unknown command 'node drop'")), (2, true), "{text}");
    let (text, code) = ctl(free_port(), "node list");
    assert_eq!((code, text.contains("does not answer")), (3, true), "{text}");
    let (text, code) = ctl(server.port(), "--help");
    assert_eq!((code, text.starts_with("usage: lockstep ctl")), (0, true), "{text}");
}

#[test]
fn a_node_comes_drains_and_leaves() {
    let mut cluster = Cluster::start(3, &["--fsync", "never", "--shards", "6", "--profile", "wan"]);
    let port = cluster.port(0);
    let fourth = cluster.add(&[]);
    cluster.restart(fourth);
    until("four nodes are up", || {
        let list = nodes(port);
        list.len() == 4 && list.iter().all(|line| line.contains("  up  "))
    });
    let address = format!("127.0.0.1:{}", cluster.port(1));
    let id = |list: Vec<String>| {
        let line = list.into_iter().find(|line| line.contains(&address)).unwrap();
        line.split_whitespace().next().unwrap().trim_end_matches('*').to_owned()
    };
    let leaving = id(nodes(port));
    let (text, code) = ctl(port, &format!("node remove {leaving}"));
    assert_eq!(code, 1, "it is not drained: {text}");
    let (text, code) = ctl(port, &format!("node drain {leaving} --wait 60"));
    assert_eq!(code, 0, "{text}");
    let (text, code) = ctl(port, &format!("node remove {leaving}"));
    assert_eq!(code, 0, "{text}");
    until("three nodes are left", || nodes(port).len() == 3);
    assert_eq!(cluster.client(0).call("SET k v").text(), "OK");
    let promoted =
        nodes(port)[0].split_whitespace().next().unwrap().trim_end_matches('*').to_owned();
    let (text, code) = ctl(port, &format!("node promote {promoted}"));
    assert_eq!(code, 0, "{text}");
}

#[test]
fn a_cluster_for_trying_things_starts_and_stops_as_one() {
    let folder = TempDir::new().unwrap();
    let mut cluster = Command::new(lockstep_binary())
        .args(["dev-cluster", "3", "--fsync", "never", "--dir"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ports = Vec::new();
    let mut lines = BufReader::new(cluster.stdout.take().unwrap()).lines();
    for line in lines.by_ref() {
        let line = line.unwrap();
        if line.starts_with("node ") {
            let port = line.split("127.0.0.1:").nth(1).unwrap().split(' ').next().unwrap();
            ports.push(port.parse::<u16>().unwrap());
        }
        if line.starts_with("stop:") {
            break;
        }
    }
    assert_eq!(ports.len(), 3);
    assert_eq!(Client::connect(ports[0]).unwrap().call("SET k v").text(), "OK");
    assert_eq!(Client::connect(ports[2]).unwrap().call("GET k").text(), "v");
    let sent = Command::new("kill").args(["-TERM", &cluster.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert!(cluster.wait().unwrap().success());
    assert_eq!(lines.map(Result::unwrap).collect::<Vec<_>>(), ["stopping"]);
    for port in ports {
        assert!(Client::connect(port).is_err(), "{port} still answers");
    }
}
