//! Nodes that are added, drained, promoted and removed by those who look after
//! the cluster.

use std::process::Command;

use lockstep_tests::{Client, Cluster, Value, lockstep_binary, printed, wait_for};

use super::cluster;

/// One row of NODE LIST.
#[derive(Debug)]
struct Row {
    id: String,
    address: String,
    state: String,
    leads: usize,
    replicas: usize,
}

fn rows(client: &mut Client) -> Vec<Row> {
    let row = |row: &Value| {
        let text = |name| row.field(name).unwrap().text();
        let count = |name| row.field(name).unwrap().items().len();
        Row {
            id: text("id"),
            address: text("address"),
            state: text("state"),
            leads: count("leads"),
            replicas: count("replicas"),
        }
    };
    client.call("NODE LIST").items().iter().map(row).collect()
}

/// The row of the node that takes clients on this port, if it is in the list.
fn row(client: &mut Client, port: u16) -> Option<Row> {
    rows(client).into_iter().find(|row| row.address == format!("127.0.0.1:{port}"))
}

fn up(client: &mut Client) -> usize {
    rows(client).iter().filter(|row| row.state == "up").count()
}

/// A node that waits for another one, to found a cluster of two, in vain.
fn alone(arguments: &[&str]) -> Cluster {
    let mut alone = Cluster::prepare(2, arguments);
    alone.spawn(0);
    wait_for("a node that waits", || alone.admin(0, "/livez").is_some());
    alone
}

fn seed(node: &Cluster) -> String {
    format!("127.0.0.1:{}@{}", node.port(0), node.peer_port(0))
}

fn ctl(port: u16, words: &str) -> (String, bool) {
    let output = Command::new(lockstep_binary())
        .args(["ctl", "--addr", &format!("127.0.0.1:{port}")])
        .args(words.split_whitespace())
        .env_remove("REDISCLI_AUTH")
        .output()
        .unwrap();
    (printed(&output), output.status.success())
}

fn fill(client: &mut Client) {
    for key in 0..50 {
        assert_eq!(client.call(&format!("SET k{key} {key}")).text(), "OK");
    }
}

fn check(client: &mut Client) {
    for key in 0..50 {
        assert_eq!(client.call(&format!("GET k{key}")).text(), key.to_string());
    }
}

fn is_told(cluster: &Cluster, node: usize) -> bool {
    let answer = cluster.client(node).call("GET k1").text();
    answer.starts_with("CLUSTERDOWN this node was removed from the cluster")
}

#[test]
fn a_node_is_added_and_another_one_drained_removed_and_back_as_new() {
    let mut cluster = cluster(3, 2);
    let mut client = cluster.client(0);
    fill(&mut client);
    let wrong = client.call("NODE ADD 127.0.0.1:1@1").text();
    assert!(wrong.starts_with("ERR no node answers at 127.0.0.1:1;"), "{wrong}");

    let added = alone(&["--shards", "2", "--fsync", "everysec"]);
    let told = client.call(&format!("NODE ADD {}", seed(&added))).text();
    assert!(told.ends_with("joined the cluster"), "{told}");
    let told = client.call(&format!("NODE ADD {}", seed(&added))).text();
    assert!(told.ends_with("belongs to the cluster"), "twice does no harm: {told}");
    wait_for("four nodes", || up(&mut client) == 4);
    wait_for("a new node that serves", || added.is_ready(0));
    check(&mut added.client(0));

    let leaving = cluster.port(2);
    let id = row(&mut client, leaving).unwrap().id;
    let early = client.call(&format!("NODE REMOVE {id}")).text();
    assert!(early.starts_with("ERR the node still holds replicas"), "{early}");
    let told = client.call(&format!("NODE DRAIN {id}")).text();
    assert!(told.contains("moves to others"), "{told}");
    wait_for("a node that holds nothing", || {
        row(&mut client, leaving).is_some_and(|row| (row.leads, row.replicas) == (0, 0))
    });
    assert_eq!(row(&mut client, leaving).unwrap().state, "draining");
    check(&mut cluster.client(2));
    let told = client.call(&format!("NODE REMOVE {id}")).text();
    assert!(told.ends_with("was removed"), "{told}");
    wait_for("a map without it", || row(&mut client, leaving).is_none());
    wait_for("a removed node that says so", || is_told(&cluster, 2));
    assert!(!cluster.is_ready(2));
    check(&mut client);

    cluster.kill(2);
    cluster.wipe(2);
    cluster.restart(2);
    wait_for("four nodes again", || up(&mut client) == 4);
    assert_ne!(row(&mut client, leaving).unwrap().id, id);
    check(&mut cluster.client(2));
}

#[test]
fn a_node_that_was_removed_while_it_was_down_is_told_so_when_it_is_back() {
    let mut cluster = cluster(3, 2);
    let mut client = cluster.client(0);
    fill(&mut client);
    // A node that starts looks who the users are. The log of all shows it afterwards.
    cluster.kill(1);
    cluster.restart(1);
    fill(&mut client);
    let port = cluster.port(2);
    let id = row(&mut client, port).unwrap().id;
    cluster.kill(2);
    let (text, done) = ctl(cluster.port(0), &format!("node remove {id} --force"));
    assert!(done, "{text}");
    wait_for("a map without it", || row(&mut client, port).is_none());
    // Longer than the others go on telling it what has changed.
    fill(&mut client);
    cluster.spawn(2);
    wait_for("a node that answers", || cluster.admin(2, "/livez").is_some());
    wait_for("a node that knows", || is_told(&cluster, 2));
    assert!(cluster.admin(2, "/readyz").unwrap().contains("this node was removed"));
    assert!(cluster.log(2).contains("LS-2013"), "it says so");
    check(&mut client);

    cluster.kill(2);
    cluster.wipe(2);
    cluster.restart(2);
    check(&mut cluster.client(2));
    wait_for("three nodes", || up(&mut client) == 3);
}

#[test]
fn a_cluster_client_meets_promotes_and_forgets_nodes() {
    let arguments = ["--shards", "6", "--cluster-enabled", "yes", "--fsync", "everysec"];
    let cluster = Cluster::start(3, &arguments);
    let mut client = cluster.client(0);
    let met = alone(&arguments);
    let meet = format!("CLUSTER MEET 127.0.0.1 {} {}", met.port(0), met.peer_port(0));
    assert_eq!(client.call(&meet).text(), "OK");
    wait_for("four nodes", || up(&mut client) == 4);
    let list = client.call("CLUSTER NODES").text();
    assert_eq!(list.lines().count(), 4, "{list}");

    let promoted = row(&mut client, cluster.port(1)).unwrap();
    let told = client.call(&format!("NODE PROMOTE {}", promoted.id)).text();
    assert!(told.contains("is the preferred leader of"), "{told}");
    wait_for("a node that leads all it keeps", || {
        let row = row(&mut client, cluster.port(1)).unwrap();
        row.replicas > 0 && row.leads == row.replicas
    });

    let id = row(&mut client, met.port(0)).unwrap().id;
    let (text, done) = ctl(cluster.port(0), &format!("node drain {id} --wait 60"));
    assert!(done, "{text}");
    wait_for("a node that is forgotten", || {
        client.call(&format!("CLUSTER FORGET {id}")).text() == "OK"
    });
    wait_for("a map without it", || client.call("CLUSTER NODES").text().lines().count() == 3);
    let (text, done) = ctl(cluster.port(2), &format!("node add {}", seed(&met)));
    assert!(!done && text.contains("belongs to cluster"), "{text}");
}
