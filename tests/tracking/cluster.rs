//! Writes through other nodes, and nodes that are lost.

use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{hears_nothing, these, told, track};

/// How late a node may be that hears nothing of the others, the time for the test
/// machine to stand still included.
const LATE: Duration = Duration::from_secs(10);

/// How long a node waits with a reply for the news of what it changed.
const NEWS_WAIT: Duration = Duration::from_millis(100);

fn three(arguments: &[&str]) -> Cluster {
    Cluster::start(3, &[&["--fsync", "never", "--shards", "2"], arguments].concat())
}

fn tracker(cluster: &Cluster, node: usize, mode: &str) -> Client {
    let mut client = cluster.client(node);
    track(&mut client, mode);
    client
}

/// Writes through a node, as soon as that works.
fn write(cluster: &Cluster, node: usize, line: &str) {
    let mut writer = cluster.client(node);
    wait_for("a write", || !writer.call(line).is_error());
}

/// Waits until a client is told that any key may have changed; what else it is told
/// does not matter.
fn flushed(client: &mut Client) -> Duration {
    let begun = Instant::now();
    while told(client).is_some() {}
    begun.elapsed()
}

/// The reply to a command, and whether something was said before it.
fn answer(client: &mut Client, line: &str) -> (Value, bool) {
    super::send(client, &[line]);
    let mut said = false;
    loop {
        match client.reply().unwrap() {
            Value::Push(_) => said = true,
            value => return (value, said),
        }
    }
}

/// The next reply, and what was said in front of it. That any key may have changed is said
/// where a leader changes, as in a new cluster after some seconds.
fn next_reply(client: &mut Client) -> (Value, Vec<Option<Vec<String>>>) {
    let mut said = Vec::new();
    loop {
        match client.reply().unwrap() {
            push @ Value::Push(_) => said.push(super::keys(&push)),
            value => return (value, said),
        }
    }
}

/// Reads a key until nothing is said of it: the node is sure to be told of it again.
fn read_for_good(client: &mut Client, key: &str) -> Value {
    loop {
        let (value, _) = answer(client, &format!("GET {key}"));
        let said = answer(client, "PING").1 | answer(client, "PING").1;
        if !said && !value.is_error() {
            return value;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whatever node a client is connected to, and wherever keys are kept, it is told of
/// what is written through any other.
fn told_through_any_node(arguments: &[&str]) {
    let cluster = three(arguments);
    for node in 0..3 {
        let mut reader = tracker(&cluster, node, "");
        let mut listener = tracker(&cluster, node, "BCAST PREFIX k");
        for through in 0..3 {
            let mut writer = cluster.client(through);
            assert!(!reader.call("GET k").is_error());
            assert!(!writer.call("SET k 1").is_error());
            assert_eq!(told(&mut reader), these("k"), "on node {node} of node {through}");
            assert_eq!(told(&mut listener), these("k"), "on node {node} of node {through}");
            reader.call("GET l");
            writer.call("MSET l 1 k 1");
            assert_eq!((told(&mut reader), told(&mut listener)), (these("l"), these("k")));
            reader.call("GET k");
            writer.call("FLUSHALL");
            assert_eq!((told(&mut reader), told(&mut listener)), (None, None));
            hears_nothing(&mut reader);
        }
    }
}

#[test]
fn clients_of_all_nodes_are_told_of_writes_through_any_other() {
    told_through_any_node(&[]);
}

#[test]
fn clients_of_nodes_that_do_not_keep_the_keys_are_told_as_well() {
    told_through_any_node(&["--replicas", "1"]);
}

#[test]
fn a_client_of_another_node_is_told_of_times_that_are_over_and_not_of_its_own_writes() {
    let cluster = three(&[]);
    let follower = (cluster.wait_leader(0) + 1) % 3;
    let mut reader = tracker(&cluster, follower, "NOLOOP");
    reader.call("SET e 1 PX 100");
    reader.call("GET e");
    assert_eq!(told(&mut reader), these("e"));
    reader.call("GET own");
    reader.call("SET own 1");
    cluster.client(0).call("SET last 1");
    reader.call("GET last");
    cluster.client(0).call("SET last 2");
    // What was said of `own` would stand before it.
    assert_eq!(told(&mut reader), these("last"));
}

#[test]
fn who_reads_behind_the_reply_to_a_write_is_not_told_of_that_write_once_more() {
    let cluster = three(&[]);
    let follower = (cluster.wait_leader(0) + 1) % 3;
    let mut writer = cluster.client(follower);
    let mut reader = tracker(&cluster, follower, "");
    let mut prompt = 0;
    for number in 0..1000 {
        let began = Instant::now();
        assert_eq!(writer.call(&format!("SET k{number} {number}")).text(), "OK");
        // A reply waits no longer for news that do not come.
        let in_time = began.elapsed() < NEWS_WAIT;
        prompt += u32::from(in_time);
        super::send(&mut reader, &[&format!("GET k{number}")]);
        let (value, said) = next_reply(&mut reader);
        assert_eq!(value.text(), number.to_string());
        // What was said of the key before stands in front of the next reply.
        if said.contains(&None) || !in_time {
            read_for_good(&mut reader, "k");
        } else {
            assert!(said.is_empty(), "round {number}: {said:?}");
        }
    }
    assert!(prompt > 500, "{prompt} of 1000 replies came in time");
}

#[test]
fn who_waits_is_answered_before_it_is_told_what_that_has_changed() {
    let cluster = three(&[]);
    let follower = (cluster.wait_leader(0) + 1) % 3;
    let (mut writer, mut waiter) = (cluster.client(follower), tracker(&cluster, follower, ""));
    for number in 0..100 {
        read_for_good(&mut waiter, "{t}to");
        super::send(&mut waiter, &["BLMOVE {t}from {t}to LEFT LEFT 0"]);
        wait_for("it waits", || writer.call("INFO clients").text().contains("blocked_clients:1"));
        writer.call(&format!("RPUSH {{t}}from {number}"));
        let (value, said) = next_reply(&mut waiter);
        assert_eq!(value.text(), number.to_string());
        if !said.contains(&None) {
            assert!(said.is_empty(), "round {number}: {said:?}");
            assert!([None, these("{t}to")].contains(&told(&mut waiter)));
        }
        writer.call("DEL {t}to");
    }
}

#[test]
fn where_keys_are_spread_a_client_is_told_by_the_node_that_leads_them() {
    let cluster = three(&["--cluster-enabled", "yes"]);
    for key in ["a", "b", "c", "d"] {
        let leads = |node: &usize| !cluster.client(*node).call(&format!("GET {key}")).is_error();
        let home = (0..3).find(leads).unwrap();
        let mut reader = tracker(&cluster, home, "");
        reader.call(&format!("GET {key}"));
        cluster.client(home).call(&format!("SET {key} 1"));
        assert_eq!(told(&mut reader), these(key));
    }
}

#[test]
fn when_the_leader_dies_clients_of_other_nodes_forget_everything_and_are_told_again() {
    let mut cluster = three(&[]);
    let leader = cluster.wait_leader(0);
    let (follower, other) = ((leader + 1) % 3, (leader + 2) % 3);
    let mut reader = tracker(&cluster, follower, "");
    write(&cluster, other, "SET k 1");
    assert_eq!(read_for_good(&mut reader, "k").text(), "1");
    cluster.kill(leader);
    assert!(flushed(&mut reader) < LATE);
    write(&cluster, other, "SET k 2");
    assert_eq!(read_for_good(&mut reader, "k").text(), "2");
    write(&cluster, other, "SET k 3");
    assert_eq!(told(&mut reader), these("k"));
    // The one that was killed takes part again.
    cluster.restart(leader);
    let mut back = tracker(&cluster, leader, "");
    assert_eq!(read_for_good(&mut back, "k").text(), "3");
    write(&cluster, other, "SET k 4");
    assert_eq!(told(&mut back), these("k"));
}

#[test]
fn a_node_that_is_cut_off_says_so_once_and_does_not_say_that_it_will_tell() {
    let cluster = three(&[]);
    let leader = cluster.wait_leader(0);
    // Once as the one that leads, once as one that is told by it.
    for alone in [leader, (leader + 1) % 3] {
        let others = [(alone + 1) % 3, (alone + 2) % 3];
        let mut reader = tracker(&cluster, alone, "");
        let mut listener = tracker(&cluster, alone, "BCAST");
        read_for_good(&mut reader, "k");
        others.iter().for_each(|node| cluster.signal(*node, "STOP"));
        assert!(flushed(&mut reader) < LATE, "alone: {alone}");
        assert!(flushed(&mut listener) < LATE, "alone: {alone}");
        reader.patience(Duration::from_secs(1));
        assert!(reader.reply().is_err(), "it is said once");
        others.iter().for_each(|node| cluster.signal(*node, "CONT"));
        reader.patience(LATE * 3);
        // There may be a new leader since.
        let value = format!("behind-{alone}");
        write(&cluster, others[0], &format!("SET k {value}"));
        while answer(&mut reader, "GET k").0.text() != value {}
        assert_eq!(read_for_good(&mut reader, "k").text(), value);
        write(&cluster, others[1], "SET k again");
        while told(&mut reader) != these("k") {}
        cluster.wait_leader(0);
    }
}

#[test]
fn a_leader_that_is_stopped_and_goes_on_has_told_its_clients_nothing_wrong() {
    let cluster = three(&[]);
    let leader = cluster.wait_leader(0);
    let mut reader = tracker(&cluster, leader, "");
    read_for_good(&mut reader, "k");
    cluster.signal(leader, "STOP");
    write(&cluster, (leader + 1) % 3, "SET k while-it-stood");
    cluster.signal(leader, "CONT");
    // Of what was written meanwhile it was told neither by itself nor by the new leader.
    assert!(flushed(&mut reader) < LATE);
    assert_eq!(read_for_good(&mut reader, "k").text(), "while-it-stood");
}
