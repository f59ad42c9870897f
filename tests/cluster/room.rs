//! Memory and sizes that are bounded, and clients of nodes that do not lead.

use lockstep_tests::{Client, Cluster, Server, wait_for};

use super::{pipeline, texts};

const SHARDS_AND_MEMORY: [&str; 6] = ["--shards", "2", "--fsync", "everysec", "--maxmemory", "1mb"];

/// A node that does not lead the keys.
fn follower(cluster: &Cluster) -> usize {
    (cluster.wait_leader(0) + 1) % cluster.len()
}

/// Writes keys in pipelines; gives how many were refused for want of memory.
fn flood(client: &mut Client, count: usize) -> usize {
    let value = "v".repeat(100);
    let lines: Vec<String> = (0..count).map(|key| format!("SET key:{key} {value}")).collect();
    let refused = lines.chunks(100).flat_map(|lines| texts(client, lines));
    refused.filter(|text| text != "OK").inspect(|text| assert!(text.starts_with("OOM "))).count()
}

fn memory_of_keys(cluster: &Cluster, node: usize) -> u64 {
    let info = cluster.info(node, "memory");
    let line = info.lines().find_map(|line| line.strip_prefix("used_memory_dataset:"));
    line.unwrap().parse().unwrap()
}

#[test]
fn without_memory_writes_through_any_node_are_refused_and_nothing_else() {
    let cluster = Cluster::start(3, &SHARDS_AND_MEMORY);
    let mut client = cluster.client(follower(&cluster));
    assert_eq!(client.call("SET a 1").text(), "OK");
    assert!(flood(&mut client, 20_000) > 0);
    for line in ["SET more 1", "APPEND key:1 x", "INCR counter"] {
        assert!(client.call(line).text().starts_with("OOM "), "{line}");
    }
    assert_eq!(client.call("GET a").text(), "1");
    // Of a pipeline only what needs memory is refused.
    let lines = ["SET more 1", "EXPIRE a 100", "SET more 2", "TTL a", "DEL key:1", "EXISTS more"];
    let replies = texts(&mut client, &lines.map(str::to_owned));
    assert!(replies[0].starts_with("OOM ") && replies[2].starts_with("OOM "), "{replies:?}");
    assert_eq!([&replies[1], &replies[3], &replies[4], &replies[5]], ["1", "100", "1", "0"]);
    // And a transaction as a whole: by the leader, where the client's node has room.
    let mut client = cluster.client(follower(&cluster));
    client.call("CONFIG SET maxmemory 0");
    let lines = ["MULTI", "SET a 2", "EXPIRE a 1", "EXEC"].map(str::to_owned);
    let refused = pipeline(&mut client, &lines).pop().unwrap().text();
    assert!(refused.starts_with("EXECABORT Transaction discarded because of: OOM "), "{refused}");
    assert_eq!(client.call("GET a").text(), "1");
}

#[test]
fn a_flood_of_writes_through_another_node_makes_the_leader_evict() {
    let cluster = Cluster::start(3, &SHARDS_AND_MEMORY);
    for node in 0..3 {
        cluster.client(node).call("CONFIG SET maxmemory-policy allkeys-lru");
    }
    let node = follower(&cluster);
    assert_eq!(flood(&mut cluster.client(node), 20_000), 0);
    for node in 0..3 {
        wait_for("evictions on every replica", || memory_of_keys(&cluster, node) < 2 << 20);
    }
    assert!(cluster.client(node).call("DBSIZE").int().unwrap() > 100);
}

#[test]
fn what_is_larger_than_nodes_send_at_once_is_refused_and_the_rest_goes_on() {
    let cluster = Cluster::start(
        3,
        &["--shards", "2", "--fsync", "everysec", "--cluster-command-bytes-max", "4mb"],
    );
    let (fits, too_large) = ("v".repeat(3 << 20), "v".repeat(5 << 20));
    let mut keeper = cluster.client(0);
    assert_eq!(keeper.call("SET small 1").text(), "OK");
    for node in 0..3 {
        let mut client = cluster.client(node);
        let refused = client.call_words(&["SET", "large", &too_large]).text();
        assert!(refused.starts_with("ERR 5242888 bytes are more than"), "{refused}");
        assert_eq!(client.call_words(&["SET", "large", &fits]).text(), "OK");
        let grown = client.call_words(&["APPEND", "large", &fits]).text();
        assert!(grown.contains("string exceeds maximum allowed size"), "{grown}");
        client.call("MULTI");
        client.call_words(&["SET", "large", &fits]);
        client.call_words(&["SET", "large", &fits]);
        let refused = client.call("EXEC").text();
        assert!(refused.starts_with("EXECABORT ") && refused.contains("-max"), "{refused}");
        assert_eq!(client.call("STRLEN large").int(), Some(3 << 20));
        assert_eq!(client.call("GET small").text(), "1");
    }
}

#[test]
fn a_node_alone_takes_larger_values_than_a_cluster() {
    let server = Server::lockstep(&["--fsync", "never", "--cluster-command-bytes-max", "1mb"]);
    let mut client = server.client();
    assert_eq!(client.call_words(&["SET", "large", &"v".repeat(64 << 20)]).text(), "OK");
    assert_eq!(client.call("STRLEN large").int(), Some(64 << 20));
}
