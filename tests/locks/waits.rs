//! Waiting for a lock: how it ends, and that nothing comes after the end.

use std::thread;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Server, Value, wait_for};

use super::{cluster, id, scan, send, wait_for_blocked};

/// After nil or an error the request never becomes a hold (S13): the lock is given
/// back at the very moment at which the waiter's time is up.
#[test]
fn a_request_that_ended_never_becomes_a_hold() {
    let cluster = cluster(&[]);
    let mut holder = cluster.client(0);
    let mut waiter = cluster.client(1);
    let (mut granted, mut refused) = (0, 0);
    for round in 0..60 {
        let token = holder.call("LOCK door OWNER holder PX 60000").int().unwrap();
        send(&mut waiter, &["LOCK door OWNER waiter PX 60000 BLOCK 30"]);
        thread::sleep(Duration::from_millis(28) + Duration::from_micros(100 * round % 4000));
        assert_eq!(holder.call(&format!("UNLOCK door OWNER holder TOKEN {token}")), Value::Int(1));
        match waiter.reply().unwrap() {
            Value::Int(_) => {
                granted += 1;
                assert_eq!(waiter.call("UNLOCK door OWNER waiter"), Value::Int(1));
            }
            other => {
                assert_eq!(other, Value::Nil);
                refused += 1;
                assert_eq!(waiter.call("UNLOCK door OWNER waiter"), Value::Int(0));
            }
        }
        assert!(scan(&mut holder, "MATCH door").is_empty());
    }
    assert!(granted + refused == 60);
}

#[test]
fn an_unblocked_request_never_becomes_a_hold() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let (mut holder, mut waiter, mut other) = (server.client(), server.client(), server.client());
    let id = id(&mut waiter);
    for round in 0..100 {
        holder.call("LOCK door");
        send(&mut waiter, &["LOCK door OWNER w PX 60000 BLOCK 0"]);
        wait_for_blocked(&mut other, 1);
        // Both at once, in either order.
        if round % 2 == 0 {
            send(&mut holder, &["UNLOCK door"]);
            send(&mut other, &[&format!("CLIENT UNBLOCK {id} ERROR")]);
        } else {
            send(&mut other, &[&format!("CLIENT UNBLOCK {id} ERROR")]);
            send(&mut holder, &["UNLOCK door"]);
        }
        assert_eq!(holder.reply().unwrap(), Value::Int(1));
        other.reply().unwrap();
        let reply = waiter.reply().unwrap();
        let held = i64::from(reply.int().is_some());
        assert!(held == 1 || reply.text().starts_with("UNBLOCKED"), "{reply:?}");
        assert_eq!(waiter.call("UNLOCK door OWNER w"), Value::Int(held));
    }
}

/// BLOCK is bounded (L12).
#[test]
fn a_wait_ends_when_its_time_is_up() {
    let cluster = cluster(&[]);
    let (mut holder, mut waiter) = (cluster.client(0), cluster.client(1));
    let mut late = Vec::new();
    for name in 0..20 {
        holder.call(&format!("LOCK n{name}"));
        let begun = Instant::now();
        assert_eq!(waiter.call(&format!("LOCK n{name} BLOCK 100")), Value::Nil);
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(99), "{took:?}");
        late.push(took - Duration::from_millis(99));
    }
    late.sort_unstable();
    // Idle it is some milliseconds; tests run beside each other.
    assert!(late[10] < Duration::from_millis(50), "{late:?}");
}

/// No lease ends early (S8), nor much later than it should (L9).
#[test]
fn a_lease_ends_when_its_time_is_over_and_not_before() {
    let cluster = cluster(&[]);
    let (mut holder, mut waiter) = (cluster.client(0), cluster.client(1));
    let lease = Duration::from_millis(150);
    let mut late = Vec::new();
    for name in 0..20 {
        let asked = Instant::now();
        holder.call(&format!("LOCK n{name} OWNER h PX 150"));
        let granted = Instant::now();
        assert!(waiter.call(&format!("LOCK n{name} OWNER w BLOCK 0")).int().is_some());
        // Of the holder's time since it asked.
        assert!(asked.elapsed() >= lease, "{:?}", asked.elapsed());
        late.push(granted.elapsed().saturating_sub(lease));
    }
    late.sort_unstable();
    assert!(late[10] < Duration::from_millis(100), "{late:?}");
}

/// How long it takes until the next in line has the lock of a connection that ends.
pub(super) fn from_close_to_grant(rounds: usize) -> Vec<Duration> {
    let server = Server::lockstep(&["--fsync", "never"]);
    let (mut waiter, mut other) = (server.client(), server.client());
    let times = (0..rounds).map(|_| {
        let mut holder = server.client();
        holder.call("LOCK door");
        send(&mut waiter, &["LOCK door BLOCK 0"]);
        wait_for_blocked(&mut other, 1);
        let begun = Instant::now();
        drop(holder);
        assert!(waiter.reply().unwrap().int().is_some());
        let took = begun.elapsed();
        waiter.call("UNLOCK door");
        took
    });
    times.collect()
}

/// A clean close frees now (L7).
#[test]
fn the_next_in_line_gets_the_lock_at_once_when_the_holder_closes() {
    let mut times = from_close_to_grant(100);
    times.sort_unstable();
    assert!(times[50] < Duration::from_millis(10), "{times:?}");
}

/// Dead waiters cost nothing (L6): the line moves on as if they had never been in
/// it.
#[test]
fn those_who_died_in_the_line_hold_up_nobody() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let (mut holder, mut last, mut other) = (server.client(), server.client(), server.client());
    holder.call("LOCK door");
    let mut dead: Vec<Client> = (0..50).map(|_| server.client()).collect();
    for client in &mut dead {
        send(client, &["LOCK door BLOCK 0"]);
    }
    wait_for_blocked(&mut other, 50);
    send(&mut last, &["LOCK door BLOCK 0"]);
    wait_for_blocked(&mut other, 51);
    drop(dead);
    wait_for_blocked(&mut other, 1);
    let begun = Instant::now();
    holder.call("UNLOCK door");
    assert!(last.reply().unwrap().int().is_some());
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
}

#[test]
fn an_asynchronous_request_goes_on_and_is_told_of_its_turn() {
    let server = Server::lockstep(&["--shards", "4", "--fsync", "never"]);
    let (mut holder, mut waiter) = (server.client(), server.client());
    waiter.call("HELLO 3");
    holder.call("LOCK door");
    let queued = waiter.call("LOCK door ASYNC BLOCK 0");
    assert_eq!(queued.items()[0].text(), "QUEUED", "{queued:?}");
    assert_eq!(queued.items()[1], Value::Int(1));
    assert_eq!(waiter.call("PING").text(), "PONG");
    holder.call("UNLOCK door");
    let push = waiter.reply().unwrap();
    let Value::Push(parts) = &push else { panic!("{push:?}") };
    assert_eq!(parts[..3].iter().map(Value::text).collect::<Vec<_>>(), ["lock", "granted", "door"]);
    let token = parts[3].int().unwrap();
    assert!(waiter.call(&format!("LOCKCHECK door TOKEN {token}")).int().unwrap() > 0);
    // What still waits ends with the connection.
    holder.call("LOCK door BLOCK 0 ASYNC");
    drop(holder);
    let mut other = server.client();
    wait_for("the wait is over", || scan(&mut other, "WAITED").is_empty());
    assert_eq!(waiter.call("UNLOCK door"), Value::Int(1));
}

#[test]
fn a_pipeline_keeps_its_order_around_a_wait() {
    let cluster = cluster(&[]);
    let (mut holder, mut waiter) = (cluster.client(0), cluster.client(1));
    holder.call("LOCK door");
    send(&mut waiter, &["SET a 1", "LOCK door BLOCK 0", "SET a 2", "MLOCK 2 x y BLOCK 0", "GET a"]);
    assert_eq!(waiter.reply().unwrap().text(), "OK");
    wait_for("it waits", || scan(&mut holder, "WAITED") == ["door"]);
    assert_eq!(holder.call("GET a").text(), "1");
    holder.call("UNLOCK door");
    assert!(waiter.reply().unwrap().int().is_some());
    assert_eq!(waiter.reply().unwrap().text(), "OK");
    assert_eq!(waiter.reply().unwrap().items().len(), 2);
    assert_eq!(waiter.reply().unwrap().text(), "2");
}
