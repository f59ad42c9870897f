//! Nodes that end without a word.

use std::time::{Duration, Instant};

use lockstep_tests::wait_for;

use super::cluster;
use super::load::{Load, check};

#[test]
fn nothing_acknowledged_is_lost_when_leaders_are_killed_under_load() {
    let mut cluster = cluster(3, 2);
    for round in 0..3 {
        let leader = cluster.wait_leader(0);
        let others: Vec<usize> = (0..3).filter(|node| *node != leader).collect();
        let ports: Vec<u16> = [others[0], others[1], leader].map(|node| cluster.port(node)).into();
        cluster.client(others[0]).call("FLUSHALL");
        let load = Load::start(&ports);
        load.wait_done(200);
        cluster.kill(leader);
        load.wait_done(200);
        cluster.restart(leader);
        load.wait_done(200);
        let reports = load.end();
        // Clients of other nodes are not refused anything, and wait a little.
        for report in &reports[..2] {
            assert_eq!(report.refused, [""; 0], "round {round}");
            assert_eq!(report.broken, 0, "round {round}");
            assert!(report.longest_gap < Duration::from_secs(2), "{:?}", report.longest_gap);
        }
        for node in 0..3 {
            check(&mut cluster.client(node), &reports);
        }
    }
}

#[test]
fn all_nodes_killed_at_once_come_back_with_everything_acknowledged() {
    let mut cluster = lockstep_tests::Cluster::start(3, &["--shards", "2"]);
    let ports: Vec<u16> = (0..3).map(|node| cluster.port(node)).collect();
    let load = Load::start(&ports);
    load.wait_done(200);
    (0..3).for_each(|node| cluster.kill(node));
    (0..3).for_each(|node| cluster.spawn(node));
    cluster.wait_ready();
    load.wait_done(50);
    check(&mut cluster.client(1), &load.end());
}

#[test]
fn a_minority_refuses_within_a_second_and_names_whom_it_misses() {
    let mut cluster = cluster(3, 2);
    assert_eq!(cluster.client(0).call("SET a 1").text(), "OK");
    cluster.kill(1);
    cluster.kill(2);
    let mut client = cluster.client(0);
    let refused = |text: &str| {
        text.starts_with("CLUSTERDOWN ")
            && [1, 2].iter().all(|node| text.contains(&format!(":{}", cluster.port(*node))))
    };
    // What was on its way when they ended may come about later: another key.
    wait_for("a refusal that names the others", || refused(&client.call("SET b 2").text()));
    for line in ["SET a 2", "GET a", "LOCK l", "QPUSH q m", "DBSIZE"] {
        let began = Instant::now();
        let answer = client.call(line).text();
        assert!(refused(&answer), "{line}: {answer}");
        assert!(began.elapsed() < Duration::from_secs(2), "{line}: {:?}", began.elapsed());
    }
    assert!(!cluster.is_ready(0));
    assert!(cluster.admin(0, "/livez").unwrap().starts_with("HTTP/1.1 200"));
    let why = cluster.admin(0, "/readyz").unwrap();
    assert!(why.contains("- shards:"), "{why}");
    cluster.spawn(1);
    cluster.wait_ready();
    assert_eq!(cluster.client(0).call("GET a").text(), "1");
    assert_eq!(cluster.client(1).call("SET a 2").text(), "OK");
}

#[test]
fn a_leader_that_was_paused_never_answers_with_what_is_old() {
    let cluster = cluster(3, 2);
    let leader = cluster.wait_leader(0);
    let other = (leader + 1) % 3;
    let mut old = cluster.client(leader);
    assert_eq!(old.call("SET a 1").text(), "OK");
    cluster.signal(leader, "STOP");
    let mut client = cluster.client(other);
    wait_for("a new leader", || client.call("SET a 2").text() == "OK");
    let mut sender = old.second_handle();
    sender.send(b"GET a\r\n").unwrap();
    cluster.signal(leader, "CONT");
    let answer = old.reply().unwrap().text();
    assert!(answer == "2" || answer.starts_with("CLUSTERDOWN "), "{answer}");
}

#[test]
fn locks_of_a_node_that_was_killed_are_free_when_it_is_back() {
    let mut cluster = cluster(3, 6);
    let mut holder = cluster.client(2);
    for name in 0..6 {
        assert!(holder.call(&format!("LOCK l{name}")).int().is_some());
    }
    cluster.kill(2);
    cluster.restart(2);
    let mut client = cluster.client(0);
    for name in 0..6 {
        assert!(client.call(&format!("LOCK l{name} BLOCK 10000")).int().is_some(), "l{name}");
    }
}
