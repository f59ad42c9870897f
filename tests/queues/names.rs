//! The names of queues: walked over, and in the view of keys.

use lockstep_tests::{Server, Value};

use super::{cluster, scan};

#[test]
fn every_queue_of_every_shard_is_found_once() {
    let cluster = cluster(&[]);
    let mut client = cluster.client(0);
    let mut names: Vec<String> = (0..120).map(|number| format!("q{number:03}")).collect();
    for name in &names {
        client.call(&format!("QPUSH {name} m"));
    }
    client.call("QPUSH q007 m");
    names.sort_unstable();
    for count in [1, 7, 1000] {
        assert_eq!(scan(&mut client, &format!("COUNT {count}")), names);
    }
    assert_eq!(scan(&mut client, "MATCH q00[0-4]"), names[..5]);
    assert_eq!(scan(&mut client, "MINLEN 2"), ["q007"]);
    let mut listed: Vec<String> = client.call("QLIST").items().iter().map(Value::text).collect();
    listed.sort_unstable();
    assert_eq!(listed, names);
}

/// A cursor is a place that every replica understands.
#[test]
fn a_walk_goes_on_through_other_nodes_and_leaders() {
    let mut cluster = cluster(&[]);
    let mut client = cluster.client(0);
    let mut names: Vec<String> = (0..60).map(|number| format!("q{number:03}")).collect();
    for name in &names {
        client.call(&format!("QPUSH {name} m"));
    }
    let (mut cursor, mut found) = ("0".to_owned(), Vec::new());
    for step in 0.. {
        if step == 5 {
            cluster.kill(1);
        }
        let node = [0, 2][step % 2];
        let page = cluster.client(node).call(&format!("QSCAN {cursor} COUNT 4"));
        if page.is_error() {
            // Until there is a leader again.
            std::thread::sleep(std::time::Duration::from_millis(20));
            continue;
        }
        found.extend(page.items()[1].items().iter().map(Value::text));
        cursor = page.items()[0].text();
        if cursor == "0" {
            break;
        }
    }
    found.sort_unstable();
    names.sort_unstable();
    assert_eq!(found, names);
}

#[test]
fn a_queue_is_a_key_of_its_type() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    client.call("QPUSH q m");
    client.call("SET k v");
    assert_eq!(client.call("TYPE q").text(), "queue");
    assert_eq!(client.call("TYPE k").text(), "string");
    assert_eq!(client.call("EXISTS q k none"), Value::Int(2));
    assert_eq!(client.call("TTL q"), Value::Int(-1));
    for line in ["GET q", "SET q v", "INCR q", "APPEND q v", "RENAME k q", "EXPIRE q 100"] {
        let refused = client.call(line);
        assert!(refused.text().starts_with("WRONGTYPE"), "{line}: {refused:?}");
    }
    for line in ["QPUSH k m", "QPOP k", "QLEN k", "QINFO k", "QMPOP 2 q2 k"] {
        let refused = client.call(line);
        assert!(refused.text().starts_with("WRONGTYPE"), "{line}: {refused:?}");
    }
    assert_eq!(client.call("DEL q k none"), Value::Int(2));
    assert_eq!(client.call("TYPE q").text(), "none");
    assert!(client.call("QINFO q").text().starts_with("NOQUEUE"));
    assert_eq!(client.call("SET q v").text(), "OK");
}

#[test]
fn scan_with_the_type_queue_finds_queues() {
    let cluster = cluster(&[]);
    let mut client = cluster.client(0);
    client.call("SET key v");
    for number in 0..30 {
        client.call(&format!("QPUSH q{number:02} m"));
    }
    let (mut cursor, mut found) = ("0".to_owned(), Vec::new());
    loop {
        let page = client.call(&format!("SCAN {cursor} TYPE queue COUNT 7"));
        found.extend(page.items()[1].items().iter().map(Value::text));
        cursor = page.items()[0].text();
        if cursor == "0" {
            break;
        }
    }
    found.sort_unstable();
    assert_eq!(found, (0..30).map(|number| format!("q{number:02}")).collect::<Vec<_>>());
    client.call("SELECT 1");
    assert_eq!(client.call("SCAN 0 TYPE queue").items()[1].items(), []);
}

#[test]
fn beside_the_keys_of_its_hash_tag_a_queue_is_in_their_view_on_any_number_of_shards() {
    let cluster = cluster(&[]);
    let mut client = cluster.client(1);
    client.call("QPUSH {t}q m");
    assert_eq!(client.call("TYPE {t}q").text(), "queue");
    assert!(client.call("SET {t}q v").text().starts_with("WRONGTYPE"));
    assert_eq!(client.call("DEL {t}q"), Value::Int(1));
    assert_eq!(client.call("EXISTS {t}q"), Value::Int(0));
}
