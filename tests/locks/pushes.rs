//! What clients are told about their locks without having asked.

use std::io::ErrorKind;
use std::time::Duration;

use lockstep_tests::{Client, Cluster, Server, Value, wait_for};

use super::{cluster, scan, send, wait_for_blocked};

fn texts(value: &Value) -> Vec<String> {
    assert!(matches!(value, Value::Push(_)), "{value:?}");
    value.items().iter().map(Value::text).collect()
}

fn resp3(client: &mut Client) {
    client.call("HELLO 3");
}

#[test]
fn a_holder_hears_that_its_lock_was_killed() {
    let cluster = cluster(&[]);
    for (holder, killer) in [(0, 0), (0, 1), (2, 1)] {
        let (mut holder, mut killer) = (cluster.client(holder), cluster.client(killer));
        resp3(&mut holder);
        let token = holder.call("LOCK door").text();
        assert_eq!(killer.call("LOCKKILL door ALL REASON maintenance"), Value::Int(1));
        let push = holder.reply().unwrap();
        assert_eq!(texts(&push), ["lock", "lost", "door", &token, "killed"]);
        assert_eq!(holder.call("UNLOCK door"), Value::Int(0));
        hears_nothing(&mut holder);
    }
}

#[test]
fn a_holder_hears_that_its_lease_ran_out_even_while_it_waits() {
    let server = Server::lockstep(&["--shards", "4", "--fsync", "never"]);
    let (mut holder, mut other) = (server.client(), server.client());
    resp3(&mut holder);
    other.call("LOCK busy");
    let token = holder.call("LOCK door PX 100").text();
    send(&mut holder, &["LOCK busy BLOCK 0"]);
    let push = holder.reply().unwrap();
    assert_eq!(texts(&push), ["lock", "lost", "door", &token, "expired"]);
    send(&mut holder, &["LOCK never BLOCK 0"]);
    other.call("UNLOCK busy");
    assert!(holder.reply().unwrap().int().is_some());
    assert!(holder.reply().unwrap().int().is_some());
}

/// What happens to the locks of a session is told where it is attached by then, though
/// the connection that took them is gone, and its node as well.
#[test]
fn a_session_hears_of_its_locks_where_it_is_attached_now() {
    let mut cluster = cluster(&[]);
    let mut first = cluster.client(0);
    let id = first.call("SESSION CREATE TTL 60000").text();
    first.call(&format!("SESSION ATTACH {id}"));
    let names: Vec<String> = (0..6).map(|number| format!("n{number}")).collect();
    let tokens: Vec<String> =
        names.iter().map(|name| first.call(&format!("LOCK {name}")).text()).collect();
    drop(first);
    let (mut second, mut killer) = (cluster.client(1), cluster.client(2));
    resp3(&mut second);
    second.call(&format!("SESSION ATTACH {id}"));
    for (name, token) in names.iter().zip(&tokens).take(5) {
        assert_eq!(killer.call(&format!("LOCKKILL {name} ALL")), Value::Int(1));
        assert_eq!(texts(&second.reply().unwrap()), ["lock", "lost", name, token, "killed"]);
    }
    cluster.kill(0);
    assert_eq!(killer.call(&format!("LOCKKILL {} ALL", names[5])), Value::Int(1));
    assert_eq!(texts(&second.reply().unwrap())[2], names[5]);
    hears_nothing(&mut second);
}

/// The victim of a deadlock that wants to lose what it holds is told so as well.
#[test]
fn a_session_hears_what_it_lost_as_a_victim() {
    let server = Server::lockstep(&["--shards", "1", "--fsync", "never"]);
    let (mut first, mut other) = (server.client(), server.client());
    other.call("LOCK theirs");
    let id = first.call("SESSION CREATE TTL 60000").text();
    first.call(&format!("SESSION ATTACH {id}"));
    let token = first.call("LOCK mine").text();
    drop(first);
    let mut second = server.client();
    resp3(&mut second);
    second.call(&format!("SESSION ATTACH {id}"));
    send(&mut other, &["LOCK mine PRIO 1 BLOCK 0"]);
    wait_for_blocked(&mut server.client(), 1);
    send(&mut second, &["LOCK theirs BLOCK 0 ON DEADLOCK RELEASE"]);
    let heard: Vec<Value> = (0..2).map(|_| second.reply().unwrap()).collect();
    let push = heard.iter().find(|value| matches!(value, Value::Push(_))).unwrap();
    assert_eq!(texts(push), ["lock", "lost", "mine", &token, "deadlock"]);
    assert!(heard.iter().any(|value| value.text().starts_with("DEADLOCK")), "{heard:?}");
    assert!(other.reply().unwrap().int().is_some());
}

#[test]
fn who_wants_it_hears_that_others_wait() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let (mut wants, mut does_not) = (server.client(), server.client());
    let (mut waiter, mut observer) = (server.client(), server.client());
    resp3(&mut wants);
    resp3(&mut does_not);
    assert_eq!(wants.call("CLIENT LOCKEVENTS ON").text(), "OK");
    wants.call("LOCK one");
    does_not.call("LOCK two");
    send(&mut waiter, &["LOCK one BLOCK 0"]);
    let push = wants.reply().unwrap();
    let told = texts(&push);
    assert_eq!(told[..3], ["lock", "blocking", "one"]);
    assert!(told[3].eq_ignore_ascii_case("exclusive"), "{told:?}");
    wants.call("UNLOCK one");
    waiter.reply().unwrap();
    send(&mut waiter, &["LOCK two BLOCK 0"]);
    wait_for_blocked(&mut observer, 1);
    hears_nothing(&mut does_not);
    // And no longer behind RESET.
    wants.call("RESET");
    resp3(&mut wants);
    wants.call("LOCK three");
    does_not.call("UNLOCK two");
    waiter.reply().unwrap();
    send(&mut waiter, &["LOCK three BLOCK 0"]);
    wait_for_blocked(&mut observer, 1);
    hears_nothing(&mut wants);
}

#[test]
fn resp2_hears_only_its_replies() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let (mut holder, mut killer) = (server.client(), server.client());
    holder.call("LOCK door");
    killer.call("LOCKKILL door ALL");
    hears_nothing(&mut holder);
    assert_eq!(holder.call("PING").text(), "PONG");
}

/// A client that does not read what it is told is closed by the output limits, and
/// what it holds is free (L19).
#[test]
fn a_client_that_does_not_read_is_closed_and_its_locks_are_free() {
    let limit = ["--client-output-buffer-limit", "normal 64kb 0 0"];
    let server = Server::lockstep(&[limit[0], limit[1], "--fsync", "never"]);
    let (mut deaf, mut killer) = (server.client(), server.client());
    resp3(&mut deaf);
    deaf.call("LOCK kept");
    let name = "n".repeat(4000);
    let (locks, kills) = (format!("LOCK {name}"), format!("LOCKKILL {name} ALL"));
    let mut other = server.client();
    for round in 0.. {
        assert!(round < 20_000, "nobody closes it");
        if deaf.send(&lockstep_tests::request(&lockstep_tests::words(&locks))).is_err() {
            break;
        }
        killer.call(&kills);
        if round % 50 == 0 && scan(&mut other, "MATCH kept").is_empty() {
            break;
        }
    }
    wait_for("its locks are free", || scan(&mut other, "MATCH kept").is_empty());
    assert_eq!(other.call("PING").text(), "PONG");
}

fn hears_nothing(client: &mut Client) {
    client.patience(Duration::from_millis(100));
    let heard = client.reply().map_err(|problem| problem.kind());
    assert!(matches!(heard, Err(ErrorKind::WouldBlock | ErrorKind::TimedOut)), "{heard:?}");
    client.patience(Duration::from_secs(30));
}

/// Every grant is told once, though two nodes tell of it.
#[test]
fn an_asynchronous_grant_is_told_once() {
    let cluster: Cluster = cluster(&[]);
    let (mut holder, mut waiter) = (cluster.client(0), cluster.client(1));
    resp3(&mut waiter);
    for name in 0..20 {
        holder.call(&format!("LOCK n{name}"));
        assert_eq!(waiter.call(&format!("LOCK n{name} BLOCK 0 ASYNC")).items().len(), 2);
        holder.call(&format!("UNLOCK n{name}"));
        let push = waiter.reply().unwrap();
        assert_eq!(texts(&push)[..3], ["lock", "granted", &format!("n{name}")]);
    }
    hears_nothing(&mut waiter);
}

/// The events of locks are messages on channels, if that is wanted.
#[test]
fn what_happens_to_locks_is_published_on_every_node_once() {
    let cluster = cluster(&["--notify-lock-events", "yes"]);
    let mut listeners: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    for listener in &mut listeners {
        send(listener, &["SUBSCRIBE __lockspace__:door __lockevent__:killed"]);
        listener.reply().unwrap();
        listener.reply().unwrap();
    }
    let (mut one, mut two) = (cluster.client(0), cluster.client(1));
    one.call("LOCK door PX 60000");
    one.call("LOCK other PX 60000");
    one.call("UNLOCK door");
    two.call("LOCK door PX 100");
    wait_for("the lease is over", || scan(&mut one, "MATCH door").is_empty());
    one.call("LOCK door");
    two.call("LOCKKILL door ALL");
    for listener in &mut listeners {
        let mut heard: Vec<(String, String)> = (0..7)
            .map(|_| {
                let message = listener.reply().unwrap();
                let parts: Vec<String> = message.items().iter().map(Value::text).collect();
                assert_eq!(parts[0], "message");
                (parts[1].clone(), parts[2].clone())
            })
            .collect();
        let killed = heard.iter().position(|(channel, _)| channel == "__lockevent__:killed");
        assert_eq!(heard.remove(killed.unwrap()).1, "door");
        let events: Vec<&str> = heard.iter().map(|(_, event)| &event[..]).collect();
        let due = ["granted", "released", "granted", "expired", "granted", "killed"];
        assert_eq!(events, due);
        hears_nothing(listener);
    }
}

/// RESP2 has no pushes: whoever is asynchronous listens to its owner's channel.
#[test]
fn a_grant_is_a_message_for_those_who_speak_resp2() {
    let cluster = cluster(&[]);
    let (mut holder, mut waiter) = (cluster.client(0), cluster.client(1));
    let mut listener = cluster.client(2);
    send(&mut listener, &["SUBSCRIBE __lock__:granted:me"]);
    listener.reply().unwrap();
    holder.call("LOCK door");
    assert_eq!(waiter.call("LOCK door OWNER me PX 60000 BLOCK 0 ASYNC").items().len(), 2);
    holder.call("UNLOCK door");
    let message = listener.reply().unwrap();
    let said = message.items()[2].text();
    let token = said.strip_suffix(" door").expect("the token and the name");
    assert!(waiter.call(&format!("LOCKCHECK door TOKEN {token}")).int().unwrap() > 0);
    hears_nothing(&mut waiter);
}
