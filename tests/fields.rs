//! Fields of hashes that end by themselves, as in Redis 7.4.

use lockstep_tests::{Client, Cluster, Server, Value, wait_for};

fn ints(value: &Value) -> Vec<i64> {
    value.items().iter().map(|one| one.int().unwrap()).collect()
}

fn texts(value: &Value) -> Vec<String> {
    value.items().iter().map(Value::text).collect()
}

#[test]
fn a_field_ends_on_every_node_and_the_others_stay() {
    let cluster = Cluster::start(3, &["--enable-debug-command", "local"]);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    clients[0].call("HSET h a 1 b 2 c 3");
    assert_eq!(ints(&clients[1].call("HPEXPIRE h 700 FIELDS 3 a c none")), [1, 1, -2]);
    assert_eq!(ints(&clients[2].call("HPERSIST h FIELDS 2 c b")), [1, -1]);
    for client in &mut clients {
        let ttl = ints(&client.call("HPTTL h FIELDS 3 a b none"));
        // On a slow machine it may be over by now.
        assert!((ttl[0] <= 700 && ttl[0] > 0) || ttl[0] == -2, "{ttl:?}");
        assert_eq!(ttl[1..], [-1, -2]);
    }
    for client in &mut clients {
        wait_for("the end of a field", || client.call("HGET h a") == Value::Nil);
        assert_eq!(texts(&client.call("HGETALL h")), ["b", "2", "c", "3"]);
        assert_eq!(client.call("HLEN h"), Value::Int(2));
    }
    let digest = clients[0].call("DEBUG DIGEST").text();
    for client in &mut clients {
        assert_eq!(client.call("DEBUG DIGEST").text(), digest);
    }
    assert_eq!(ints(&clients[0].call("HPEXPIRE h 1 FIELDS 2 b c")), [1, 1]);
    wait_for("the end of the last field", || clients[2].call("EXISTS h") == Value::Int(0));
}

#[test]
fn deadlines_of_fields_survive_kills_and_snapshots() {
    let mut server = Server::lockstep(&["--enable-debug-command", "local"]);
    let mut client = server.client();
    client.call("HSET h a 1 b 2");
    client.call("HEXPIREAT h 4102444800 FIELDS 1 a");
    assert_eq!(client.call("SAVE").text(), "OK");
    client.call("HSET h c 3");
    client.call("HPEXPIREAT h 4102444800001 FIELDS 1 c");
    let digest = client.call("DEBUG DIGEST").text();
    server.kill();
    server.restart();
    let mut client = server.client();
    assert_eq!(client.call("DEBUG DIGEST").text(), digest);
    let ends = ints(&client.call("HPEXPIRETIME h FIELDS 3 a b c"));
    assert_eq!(ends, [4_102_444_800_000, -1, 4_102_444_800_001]);
    client.call("HSET h a 2");
    assert_eq!(ints(&client.call("HTTL h FIELDS 1 a")), [-1], "HSET takes the deadline away");
}

#[test]
fn who_watches_a_hash_is_told_that_a_field_has_ended() {
    let server = Server::lockstep(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    // On a slow machine it may be over before it is watched.
    let watched = (5..15).any(|doublings| {
        client.call("HSET h a 1 b 2");
        client.call(&format!("HPEXPIRE h {} FIELDS 1 a", 1 << doublings));
        client.call("UNWATCH");
        client.call("WATCH h");
        client.call("HEXISTS h a") == Value::Int(1)
    });
    assert!(watched, "a field that lives for 16 s is there when it is watched");
    wait_for("the end of a field", || other.call("HLEN h") == Value::Int(1));
    client.call("MULTI");
    client.call("HGET h b");
    assert_eq!(client.call("EXEC"), Value::Nil);
}
