//! Locks in a session's name, whatever shard they are in.

use std::thread;

use lockstep_tests::{Client, Value, wait_for};

use super::{cluster, scan, send};

fn attached(client: &mut Client) -> String {
    let id = client.call("SESSION CREATE TTL 60000").text();
    assert!(!client.call(&format!("SESSION ATTACH {id}")).is_error());
    id
}

#[test]
fn the_session_of_a_connection_owns_what_it_locks_in_any_shard() {
    let cluster = cluster(&[]);
    let (mut first, mut second) = (cluster.client(0), cluster.client(1));
    let id = attached(&mut first);
    let names: Vec<String> = (0..20).map(|n| format!("n{n}")).collect();
    for name in &names {
        assert!(first.call(&format!("LOCK {name}")).int().is_some());
    }
    // Behind the connection's end they are still held, and another one goes on.
    drop(first);
    assert_eq!(scan(&mut second, &format!("SESSION {id}")).len(), 20);
    assert_eq!(second.call("LOCK n1"), Value::Nil);
    second.call(&format!("SESSION ATTACH {id}"));
    assert!(second.call("LOCK n1").int().is_some());
    assert_eq!(second.call("UNLOCK n1"), Value::Int(1));
    let mut third = cluster.client(2);
    assert_eq!(third.call(&format!("SESSION DESTROY {id}")), Value::Int(1));
    wait_for("all are free", || scan(&mut third, "HELD").is_empty());
    assert!(second.call("LOCK n2").text().starts_with("NOSESSION"));
}

#[test]
fn several_locks_in_a_sessions_name_are_taken_in_all_shards() {
    let cluster = cluster(&[]);
    let (mut client, mut other) = (cluster.client(0), cluster.client(1));
    let id = attached(&mut client);
    assert_eq!(client.call("MLOCK 6 a b c d e f").items().len(), 6);
    assert_eq!(scan(&mut other, &format!("SESSION {id} HELD")).len(), 6);
    assert_eq!(client.call("MUNLOCK 6 a b c d e f"), Value::Int(6));
    assert_eq!(client.call("MLOCK 2 a b OWNER me").items().len(), 2);
    assert_eq!(scan(&mut other, "OWNER me"), ["a", "b"]);
    other.call(&format!("SESSION DESTROY {id}"));
    wait_for("all are free", || scan(&mut other, "OWNER me").is_empty());
    assert!(client.call("MLOCK 2 a b").text().starts_with("NOSESSION"));
    assert!(scan(&mut other, "HELD").is_empty());
}

#[test]
fn a_transaction_in_a_sessions_name_is_let_in_first() {
    let cluster = cluster(&[]);
    let (mut client, mut other) = (cluster.client(0), cluster.client(1));
    let id = attached(&mut client);
    let replies: Vec<Value> = ["SET {t} 0", "MULTI", "INCR {t}", "LOCK {t}", "INCR {t}", "EXEC"]
        .map(|line| client.call(line))
        .into();
    let done = replies[5].items();
    assert_eq!(done.len(), 3, "{replies:?}");
    assert!(done[1].int().is_some(), "{done:?}");
    assert_eq!(done[2], Value::Int(2));
    other.call(&format!("SESSION DESTROY {id}"));
    for line in ["MULTI", "INCR {t}", "LOCK {u}"] {
        client.call(line);
    }
    let replies = client.call("EXEC");
    // Refused there, or before it is sent: in both cases nothing is held.
    let text = replies.items().last().map_or_else(|| replies.text(), Value::text);
    assert!(text.contains("NOSESSION") || text.contains("session"), "{replies:?}");
    wait_for("all are free", || scan(&mut other, "HELD").is_empty());
}

/// What a client sends behind a request that has to be let in first does not
/// happen before it.
#[test]
fn nothing_overtakes_a_request_that_is_let_in_first() {
    let cluster = cluster(&[]);
    let workers: Vec<_> = (0..3)
        .map(|node| {
            let mut client = cluster.client(node);
            let mut other = cluster.client(node);
            thread::spawn(move || {
                attached(&mut client);
                for round in 0..20 {
                    let name = format!("n{node}-{round}");
                    other.call(&format!("SET k{name} 0"));
                    send(
                        &mut client,
                        &[
                            &format!("INCR k{name}"),
                            &format!("LOCK {name}"),
                            &format!("INCR k{name}"),
                            &format!("UNLOCK {name}"),
                            &format!("GET k{name}"),
                        ],
                    );
                    let replies: Vec<Value> = (0..5).map(|_| client.reply().unwrap()).collect();
                    let ints: Vec<i64> = replies.iter().filter_map(Value::int).collect();
                    assert_eq!((ints[0], ints[2], ints[3], ints[4]), (1, 2, 1, 2), "{replies:?}");
                }
            })
        })
        .collect();
    workers.into_iter().for_each(|worker| worker.join().unwrap());
}
