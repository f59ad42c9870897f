//! How a cluster comes to be, and who belongs to it.

use std::time::Duration;

use lockstep_tests::{Cluster, wait_for};

use super::cluster;

#[test]
fn nodes_form_a_cluster_in_whatever_order_they_come() {
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let mut cluster = Cluster::prepare(3, &["--fsync", "everysec"]);
        for node in order {
            cluster.spawn(node);
            std::thread::sleep(Duration::from_millis(50));
        }
        cluster.wait_ready();
        let id = |node| {
            let info = cluster.info(node, "lockstep");
            info.lines().find(|line| line.starts_with("cluster_id:")).unwrap().to_owned()
        };
        assert_eq!(id(0), id(1));
        assert_eq!(id(1), id(2));
        assert!(cluster.info(0, "lockstep").contains("\r\nshards:6\r\n"), "2 for each seed");
    }
}

#[test]
fn a_node_that_waits_for_others_says_for_whom() {
    let mut cluster = Cluster::prepare(3, &[]);
    cluster.spawn(0);
    cluster.spawn(1);
    wait_for("a node that answers", || cluster.admin(0, "/livez").is_some());
    wait_for("a node that names who is missing", || {
        let answer = cluster.client(0).call("SET a 1").text();
        assert!(answer.starts_with("CLUSTERDOWN "), "{answer}");
        let names = |node| answer.contains(&format!("127.0.0.1:{}", cluster.port(node)));
        names(2) && !names(0) && !names(1)
    });
    assert!(!cluster.is_ready(0));
    assert!(cluster.admin(0, "/livez").unwrap().starts_with("HTTP/1.1 200"));
    cluster.spawn(2);
    cluster.wait_ready();
    assert_eq!(cluster.client(0).call("SET a 1").text(), "OK");
}

#[test]
fn a_wiped_node_joins_again_and_gets_everything_back() {
    let mut cluster = cluster(3, 2);
    for key in 0..100 {
        assert_eq!(cluster.client(0).call(&format!("SET k{key} {key}")).text(), "OK");
    }
    cluster.kill(2);
    cluster.wipe(2);
    cluster.restart(2);
    let mut client = cluster.client(2);
    for key in 0..100 {
        assert_eq!(client.call(&format!("GET k{key}")).text(), key.to_string());
    }
    // The one that was lost is not counted on: one of the others may go as well.
    wait_for("replicas on the wiped node", || {
        let info = cluster.info(2, "lockstep");
        info.contains("\r\nreplicas_here:2\r\n")
            && (0..2).all(|shard| {
                let line = info.lines().find(|line| line.starts_with(&format!("shard{shard}:")));
                line.is_some_and(|line| !line.contains("role=learner") && line.contains("voters=3"))
            })
    });
    cluster.kill(0);
    wait_for("an answer of two nodes", || {
        cluster.client(2).call("GET k7").text() == "7"
            && cluster.client(1).call("GET k8").text() == "8"
    });
}

#[test]
fn a_node_that_was_founded_with_other_shards_says_so_and_ends() {
    let mut cluster = cluster(3, 2);
    cluster.stop(1);
    cluster.arguments(&["--shards", "5"]);
    cluster.spawn(1);
    assert!(!cluster.wait_end(1).success());
    let log = cluster.log(1);
    assert!(log.contains('2') && log.contains('5') && log.contains("shards"), "{log}");
}

#[test]
fn a_node_that_is_no_seed_joins_and_serves() {
    let mut cluster = cluster(3, 2);
    assert_eq!(cluster.client(0).call("SET a 1").text(), "OK");
    let fourth = cluster.add(&[]);
    cluster.restart(fourth);
    assert_eq!(cluster.client(fourth).call("GET a").text(), "1");
    assert_eq!(cluster.client(fourth).call("SET a 2").text(), "OK");
    assert_eq!(cluster.client(1).call("GET a").text(), "2");
}

#[test]
fn nodes_with_another_secret_stay_outside() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (ours, theirs) = (file("ours", "one secret\n"), file("theirs", "another secret\n"));
    let mut cluster = Cluster::start(3, &["--cluster-secret-file", &ours, "--shards", "2"]);
    assert_eq!(cluster.client(0).call("SET a 1").text(), "OK");
    let stranger = cluster.add(&["--cluster-secret-file", &theirs]);
    cluster.spawn(stranger);
    wait_for("a stranger that answers", || cluster.admin(stranger, "/livez").is_some());
    std::thread::sleep(Duration::from_secs(1));
    assert!(!cluster.is_ready(stranger));
    let answer = cluster.client(stranger).call("GET a").text();
    assert!(answer.starts_with("CLUSTERDOWN "), "{answer}");
    assert_eq!(cluster.client(1).call("GET a").text(), "1");
}

#[test]
fn a_node_with_damaged_data_puts_it_aside_and_fetches_it_from_the_others() {
    let mut cluster = Cluster::start(3, &["--shards", "2"]);
    for key in 0..200 {
        assert_eq!(cluster.client(0).call(&format!("SET k{key} {key}")).text(), "OK");
    }
    cluster.kill(1);
    let segment = std::fs::read_dir(cluster.data(1).join("log")).unwrap().flatten();
    let segment = segment.map(|entry| entry.path()).min().unwrap();
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[4000] ^= 0x55;
    std::fs::write(&segment, bytes).unwrap();
    cluster.restart(1);
    assert!(cluster.log(1).contains("LS-0005"), "it says so");
    assert!(cluster.data(1).join("quarantine-1").exists(), "nothing is thrown away");
    let mut client = cluster.client(1);
    for key in 0..200 {
        assert_eq!(client.call(&format!("GET k{key}")).text(), key.to_string());
    }
    // It counts again: with it, one of the others may go.
    wait_for("replicas on the node that lost its data", || {
        let info = cluster.info(1, "lockstep");
        info.contains("\r\nnodes:3\r\n") && info.matches("voters=3,learners=0").count() == 2
    });
    cluster.kill(2);
    wait_for("a write without the third node", || cluster.client(1).call("SET a 1").text() == "OK");
}
