//! Nodes that leave in order.

use std::time::Duration;

use lockstep_tests::wait_for;

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
    assert!(cluster.stop(1).success());
    wait_for("the locks of the node's clients", || {
        cluster.client(0).call("LOCK l").int().is_some()
    });
    cluster.restart(1);
}
