//! How long sessions live, and what becomes of their locks.

use std::thread;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{cluster, scan};

/// More than scheduling on a busy machine takes, less than what is to be told apart.
const SLACK: Duration = Duration::from_millis(500);

/// A session with so long to live, and a connection to a node that is attached to it.
fn attached(cluster: &Cluster, node: usize, ttl_ms: u64) -> (String, Client) {
    let mut client = cluster.client(node);
    let id = client.call(&format!("SESSION CREATE TTL {ttl_ms}")).text();
    let ttl = client.call(&format!("SESSION ATTACH {id}"));
    assert_eq!(ttl.int(), Some(ttl_ms as i64), "{ttl:?}");
    (id, client)
}

/// Takes locks that lie in all shards; gives their tokens.
fn lock_all(client: &mut Client) -> Vec<i64> {
    let token = |n| {
        let reply = client.call(&format!("LOCK n{n}"));
        reply.int().unwrap_or_else(|| panic!("n{n}: {reply:?}"))
    };
    (0..20).map(token).collect()
}

/// Waits until all of them are somebody else's; how long that took.
fn time_to_free(client: &mut Client) -> Duration {
    let began = Instant::now();
    for n in 0..20 {
        assert!(client.call(&format!("LOCK n{n} BLOCK 20000")).int().is_some());
    }
    began.elapsed()
}

fn state(client: &mut Client, id: &str) -> String {
    let info = client.call(&format!("SESSION INFO {id}"));
    info.field("state").map_or_else(|| info.text(), Value::text)
}

#[test]
fn who_comes_back_on_another_node_in_time_keeps_session_and_locks() {
    let cluster = cluster(&[]);
    let (id, mut client) = attached(&cluster, 0, 1_500);
    let tokens = lock_all(&mut client);
    drop(client);
    wait_for("the end of the connection", || state(&mut cluster.client(1), &id) == "detached");
    let mut client = cluster.client(1);
    assert_eq!(client.call(&format!("SESSION ATTACH {id}")).int(), Some(1_500));
    // Longer than it would live without a connection.
    thread::sleep(Duration::from_secs(2));
    assert_eq!(state(&mut cluster.client(2), &id), "attached");
    assert_eq!(lock_all(&mut client), tokens);
}

#[test]
fn what_a_client_that_is_gone_held_is_free_when_its_time_to_live_is_over() {
    let cluster = cluster(&[]);
    let (id, mut holder) = attached(&cluster, 0, 1_000);
    lock_all(&mut holder);
    let mut other = cluster.client(1);
    drop(holder);
    let began = Instant::now();
    assert!(other.call("LOCK n7 BLOCK 20000").int().is_some());
    let took = began.elapsed();
    let ttl = Duration::from_millis(1_000);
    assert!((ttl - SLACK / 10..ttl + SLACK).contains(&took), "{took:?}");
    // And those in all other shards.
    let took = time_to_free(&mut other);
    assert!(took < SLACK, "{took:?}");
    assert!(state(&mut other, &id).starts_with("NOSESSION"));
}

#[test]
fn a_session_that_is_destroyed_has_nothing_anywhere_when_that_is_answered() {
    let cluster = cluster(&[]);
    let mut times = Vec::new();
    for round in 0..10 {
        let (id, mut holder) = attached(&cluster, round % 3, 60_000);
        lock_all(&mut holder);
        let mut other = cluster.client((round + 1) % 3);
        let began = Instant::now();
        assert_eq!(other.call(&format!("SESSION DESTROY {id}")).int(), Some(1));
        times.push(began.elapsed());
        lock_all(&mut other);
        assert_eq!(other.call(&format!("SESSION DESTROY {id}")).int(), Some(0));
        assert!(holder.call("LOCK n1").text().starts_with("NOSESSION"));
        assert_eq!(other.call("RESET").text(), "RESET");
    }
    times.sort_unstable();
    eprintln!("SESSION DESTROY with locks in six shards of three nodes: {:?}", times[5]);
    assert!(times[5] < SLACK, "{times:?}");
}

/// However many locks there are: one entry for each shard that knows the session, and
/// one for home to know that it was told.
#[test]
fn the_end_of_a_session_costs_one_entry_for_each_shard() {
    let cluster = cluster(&[]);
    let mut observer = cluster.client(1);
    let (id, mut holder) = attached(&cluster, 0, 60_000);
    for name in 0..60 {
        assert!(holder.call(&format!("LOCK n{name}")).int().is_some());
    }
    wait_for("what is on the way", || is_quiet(&mut observer));
    let before = applied(&mut observer);
    assert_eq!(holder.call(&format!("SESSION DESTROY {id}")).int(), Some(1));
    wait_for("all is done", || is_quiet(&mut observer));
    let entries = applied(&mut observer) - before;
    // Home's own, five others, perhaps told twice, and settled.
    assert!(entries <= 20, "{entries}");
    assert!(scan(&mut observer, "HELD").is_empty());
}

#[test]
fn when_a_sessions_time_is_over_all_shards_are_told_at_once() {
    let cluster = cluster(&[]);
    let mut times = Vec::new();
    for round in 0..5 {
        let (_, mut holder) = attached(&cluster, round % 3, 500);
        lock_all(&mut holder);
        holder.call("SESSION DETACH");
        let began = Instant::now();
        let mut other = cluster.client((round + 1) % 3);
        time_to_free(&mut other);
        times.push(began.elapsed().saturating_sub(Duration::from_millis(500)));
        other.call("RESET");
    }
    times.sort_unstable();
    eprintln!("from the end of a session until 20 locks in six shards were taken: {:?}", times[2]);
    assert!(times[2] < SLACK, "{times:?}");
}

#[test]
fn sessions_of_a_node_that_was_killed_end_when_it_is_given_up_and_their_time_is_over() {
    let mut cluster = cluster(&["--node-timeout", "1500"]);
    let (id, mut holder) = attached(&cluster, 2, 1_000);
    lock_all(&mut holder);
    let mut other = cluster.client(0);
    cluster.kill(2);
    let took = time_to_free(&mut other);
    // 1.5 s until the node is given up, and elections of the shards it led.
    assert!(took >= Duration::from_millis(1_000), "{took:?}");
    assert!(took < Duration::from_millis(1_500 + 1_000 + 1_500) + SLACK, "{took:?}");
    wait_for("the end", || state(&mut other, &id).starts_with("NOSESSION"));
}

#[test]
fn the_death_of_the_leader_of_a_sessions_home_ends_no_session() {
    let mut cluster = cluster(&[]);
    // One that is led elsewhere than where it is attached.
    let (id, mut client, leader) = loop {
        let (id, mut client) = attached(&cluster, 0, 1_000);
        let info = client.call(&format!("SESSION INFO {id}"));
        let home = info.field("home").and_then(Value::int).unwrap();
        let leader = cluster.wait_leader(home as u16);
        if leader != 0 {
            break (id, client, leader);
        }
        client.call(&format!("SESSION DESTROY {id}"));
    };
    let tokens = lock_all(&mut client);
    cluster.kill(leader);
    // Longer than it would live without its connection.
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(4) {
        assert_eq!(state(&mut client, &id), "attached");
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(lock_all(&mut client), tokens);
    cluster.restart(leader);
    assert_eq!(lock_all(&mut client), tokens);
    // Whoever leads the home now knows whom to tell.
    let mut other = cluster.client(leader);
    drop(client);
    let took = time_to_free(&mut other);
    assert!(took >= Duration::from_millis(900), "{took:?}");
    wait_for("all were told", || state(&mut other, &id).starts_with("NOSESSION"));
}

#[test]
fn renewals_keep_a_session_without_a_connection() {
    let cluster = cluster(&[]);
    let mut client = cluster.client(0);
    let id = client.call("SESSION CREATE TTL 600 NAME worker").text();
    assert!(client.call(&format!("LOCK n1 SESSION {id}")).int().is_some());
    for turn in 0..8 {
        thread::sleep(Duration::from_millis(200));
        let mut other = cluster.client(turn % 3);
        let renewal = match turn % 2 {
            0 => format!("SESSION KEEPALIVE {id}"),
            _ => format!("LOCKRENEW n1 SESSION {id}"),
        };
        assert_eq!(other.call(&renewal).int(), Some(1), "{renewal}");
    }
    assert_eq!(scan(&mut client, &format!("SESSION {id}")), ["n1"]);
    thread::sleep(Duration::from_millis(700));
    assert!(client.call(&format!("SESSION KEEPALIVE {id}")).text().starts_with("NOSESSION"));
    wait_for("it is free", || scan(&mut client, "HELD").is_empty());
}

#[test]
fn a_connection_that_detaches_or_is_reset_leaves_the_session_its_time() {
    let cluster = cluster(&[]);
    let mut other = cluster.client(1);
    for leave in ["SESSION DETACH", "RESET"] {
        let (id, mut client) = attached(&cluster, 0, 60_000);
        assert!(client.call("LOCK door").int().is_some());
        client.call(leave);
        assert_eq!(state(&mut other, &id), "detached", "{leave}");
        // From now on it asks for itself.
        assert_eq!(client.call("LOCK door"), Value::Nil, "{leave}");
        other.call(&format!("SESSION DESTROY {id}"));
    }
}

#[test]
fn who_attaches_to_another_session_leaves_the_one_before() {
    let cluster = cluster(&[]);
    let (first, mut client) = attached(&cluster, 0, 60_000);
    let second = client.call("SESSION CREATE").text();
    assert_eq!(client.call(&format!("SESSION ATTACH {second}")).int(), Some(10_000));
    let mut other = cluster.client(1);
    wait_for("the first one is left", || state(&mut other, &first) == "detached");
    assert_eq!(state(&mut other, &second), "attached");
    let refused = client.call("SESSION ATTACH s0123456789abcdef0123456789abcdef").text();
    assert!(refused.starts_with("NOSESSION"), "{refused}");
    assert_eq!(state(&mut other, &second), "attached");
}

#[test]
fn what_comes_behind_an_attachment_in_a_pipeline_is_the_sessions() {
    let cluster = cluster(&[]);
    let mut client = cluster.client(0);
    let id = client.call("SESSION CREATE TTL 60000").text();
    for name in 0..6 {
        let attach = format!("SESSION ATTACH {id}");
        let lock = format!("LOCK n{name}");
        super::send(&mut client, &["INCR count", &attach, &lock, "SESSION DETACH", "INCR count"]);
        (0..5).for_each(|_| drop(client.reply().unwrap()));
    }
    let held = scan(&mut cluster.client(1), &format!("SESSION {id}"));
    assert_eq!(held, ["n0", "n1", "n2", "n3", "n4", "n5"]);
}

#[test]
fn a_walk_from_any_node_lists_the_sessions_of_all_shards() {
    let cluster = cluster(&[]);
    let mut client = cluster.client(0);
    let mut ids: Vec<String> =
        (0..40).map(|_| client.call("SESSION CREATE TTL 60000").text()).collect();
    ids.sort_unstable();
    for node in 0..3 {
        let (mut cursor, mut found) = ("0".to_owned(), Vec::new());
        loop {
            let page = cluster.client(node).call(&format!("SESSION LIST {cursor} COUNT 7"));
            let [next, listed] = page.items() else { panic!("{page:?}") };
            found.extend(listed.items().iter().map(Value::text));
            cursor = next.text();
            if cursor == "0" {
                break;
            }
        }
        found.sort_unstable();
        assert_eq!(found, ids);
    }
}

/// Operations that the shards have applied, as one node counts them.
fn applied(client: &mut Client) -> u64 {
    let info = client.call("INFO replication").text();
    let line = info.lines().find_map(|line| line.strip_prefix("master_repl_offset:"));
    line.unwrap().parse().unwrap()
}

/// Whether nothing is applied for a moment.
fn is_quiet(observer: &mut Client) -> bool {
    let before = applied(observer);
    thread::sleep(Duration::from_millis(300));
    applied(observer) == before
}

#[test]
fn sessions_that_are_attached_and_idle_cost_no_entries() {
    let cluster = cluster(&[]);
    let clients: Vec<_> = (0..300).map(|n| attached(&cluster, n % 3, 2_000)).collect();
    let mut observer = cluster.client(0);
    wait_for("what is on the way", || is_quiet(&mut observer));
    let before = applied(&mut observer);
    // Longer than they would live without connections.
    thread::sleep(Duration::from_secs(5));
    // A shard that is handed over begins with an entry of its own; renewals would be
    // hundreds.
    let entries = applied(&mut observer) - before;
    assert!(entries < 30, "{entries}");
    for (id, _) in clients.iter().step_by(50) {
        assert_eq!(state(&mut observer, id), "attached");
    }
}
