//! Nodes that leave in order.

use std::time::Duration;

use lockstep_tests::{Client, Cluster, Server, wait_for};

use super::cluster;
use super::load::{Load, check};

#[test]
fn each_node_restarts_in_turn_and_no_command_fails_on_the_others() {
    let mut cluster = cluster(3, 6);
    for node in 0..3 {
        let others: Vec<usize> = (0..3).filter(|other| *other != node).collect();
        let ports: Vec<u16> = others.iter().map(|other| cluster.port(*other)).collect();
        cluster.client(node).call("FLUSHALL");
        let load = Load::start(&ports);
        load.wait_done(100);
        assert!(cluster.stop(node).success());
        load.wait_done(100);
        cluster.restart(node);
        load.wait_done(100);
        let reports = load.end();
        for report in &reports {
            assert_eq!(report.refused, [""; 0], "restart of node {node}");
            assert_eq!(report.uncertain, [0; 0], "restart of node {node}");
            assert!(report.longest_gap < Duration::from_secs(1), "{:?}", report.longest_gap);
        }
        check(&mut cluster.client(node), &reports);
    }
}

#[test]
fn a_node_that_leaves_answers_what_its_own_clients_have_begun() {
    let mut cluster = cluster(3, 2);
    let leader = cluster.wait_leader(0);
    let load = Load::start(&[cluster.port(leader)]);
    load.wait_done(100);
    assert!(cluster.stop(leader).success());
    let reports = load.end();
    assert_eq!(reports[0].refused, [""; 0]);
    // The last command may have met the closed door.
    assert!(reports[0].uncertain.len() <= 1, "{:?}", reports[0].uncertain);
    let other = (leader + 1) % 3;
    check(&mut cluster.client(other), &reports);
}

#[test]
fn a_node_that_is_told_to_end_is_not_ready_any_more() {
    let mut cluster = cluster(3, 2);
    // Somebody who waits keeps nobody.
    let mut client = cluster.client(1);
    client.send(b"LOCK l\r\nLOCK l2\r\nQPOP q BLOCK 0\r\n").unwrap();
    client.reply().unwrap();
    client.reply().unwrap();
    wait_for_blocked(&cluster, 1, 1);
    assert!(cluster.stop(1).success());
    wait_for("the locks of the node's clients", || {
        cluster.client(0).call("LOCK l").int().is_some()
    });
    cluster.restart(1);
}

#[test]
fn requests_that_wait_are_taken_back_and_told_so_when_their_node_stops() {
    let mut cluster = cluster(3, 6);
    let mut holder = cluster.client(0);
    let mut waiting: Vec<Client> = Vec::new();
    for name in 0..4 {
        assert!(holder.call(&format!("LOCK l{name}")).int().is_some());
        for line in [format!("LOCK l{name} BLOCK 0\r\n"), format!("QPOP q{name} BLOCK 0\r\n")] {
            let mut client = cluster.client(1);
            client.send(line.as_bytes()).unwrap();
            waiting.push(client);
        }
    }
    wait_for_blocked(&cluster, 1, waiting.len());
    assert!(cluster.stop(1).success());
    for client in &mut waiting {
        let reply = client.reply().unwrap().text();
        assert!(reply.starts_with("UNBLOCKED the node is stopping"), "{reply}");
        assert_eq!(client.rest().unwrap(), b"");
    }
    // What was taken back gets nothing any more.
    let mut other = cluster.client(2);
    for name in 0..4 {
        assert_eq!(holder.call(&format!("UNLOCK l{name}")).int(), Some(1));
        assert!(other.call(&format!("LOCK l{name}")).int().is_some());
        other.call(&format!("QPUSH q{name} hello"));
        let message = other.call(&format!("QPOP q{name}"));
        assert!(format!("{message:?}").contains("hello"), "{message:?}");
    }
}

#[test]
fn a_request_that_waits_on_a_node_alone_is_told_when_it_stops() {
    let mut server = Server::lockstep(&["--fsync", "never"]);
    let (mut holder, mut waiter) = (server.client(), server.client());
    assert!(holder.call("LOCK l").int().is_some());
    waiter.send(b"LOCK l BLOCK 0\r\n").unwrap();
    wait_for("a waiter", || holder.call("INFO clients").text().contains("blocked_clients:1"));
    assert!(server.stop().success());
    let reply = waiter.reply().unwrap().text();
    assert!(reply.starts_with("UNBLOCKED the node is stopping"), "{reply}");
}

fn wait_for_blocked(cluster: &Cluster, node: usize, count: usize) {
    let line = format!("\r\nblocked_clients:{count}\r\n");
    wait_for("clients that wait", || cluster.info(node, "clients").contains(&line));
}
