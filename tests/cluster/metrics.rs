//! What the nodes tell of themselves and of each other.

use lockstep_tests::wait_for;

use super::cluster;

#[test]
fn every_node_tells_of_shards_links_and_other_nodes() {
    let cluster = cluster(3, 4);
    let led = |node| {
        let info = cluster.info(node, "lockstep");
        let own = info.lines().find_map(|line| line.strip_prefix("shards_led:")).unwrap();
        own.trim().parse::<u32>().unwrap()
    };
    wait_for("one leader for every shard", || (0..3).map(led).sum::<u32>() == 4);
    for node in 0..3 {
        let info = cluster.info(node, "lockstep");
        for line in
            ["nodes:3", "nodes_missing:0", "shards:4", "replicas_here:4", "cluster_quorum:1"]
        {
            assert!(info.contains(&format!("\r\n{line}\r\n")), "{line}: {info}");
        }
        assert_eq!(info.matches(",link=up,").count(), 2, "{info}");
        let replication = cluster.info(node, "replication");
        assert!(replication.contains("role:master\r\nconnected_slaves:2\r\n"), "{replication}");
        let page = cluster.admin(node, "/metrics").unwrap();
        for series in [
            "lockstep_nodes 3",
            "lockstep_nodes_missing 0",
            "lockstep_cluster_quorum 1",
            "lockstep_peer_up{peer=",
            "lockstep_peer_round_trip_seconds{peer=",
            "lockstep_elections_total ",
            "lockstep_leader_changes_total ",
            "lockstep_forward_retries_total ",
        ] {
            assert!(page.contains(series), "{series}: {page}");
        }
        let role = cluster.client(node).call("ROLE");
        assert_eq!(role.items()[2].items().len(), 2, "{role:?}");
    }
}

#[test]
fn wait_counts_replicas_that_have_acknowledged() {
    let cluster = cluster(3, 1);
    // The leadership may move once when the cluster is young; elsewhere no more
    // than the majority is known to have it.
    wait_for("both others", || {
        let mut client = cluster.client(cluster.wait_leader(0));
        client.call("SET a 1").text() == "OK" && client.call("WAIT 2 1000").int() == Some(2)
    });
    let mut client = cluster.client(0);
    assert!(matches!(client.call("WAIT 3 50").int(), Some(1 | 2)));
}
