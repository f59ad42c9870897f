//! Leases and delays while leaders die: they end when they are due, wherever the shard is
//! led then.

use std::thread;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value};

use super::{popped, receipts, send};

const DUE: Duration = Duration::from_millis(2_500);
/// How late it may be, with the time that it takes to find a new leader.
const LATE_MAX: Duration = Duration::from_secs(1);
/// Clocks of nodes that were started one after the other.
const SLACK: Duration = Duration::from_millis(50);

/// Something of each of six queues, in different shards, falls due while the leaders of some
/// of them die.
#[test]
fn leases_and_delays_end_within_a_second_of_their_time_after_a_failover() {
    let mut cluster = Cluster::start(3, &["--shards", "6"]);
    let mut client = cluster.client(0);
    let mut due: Vec<(String, Instant, Instant, Client)> = Vec::new();
    for (at, queue) in ["a", "b", "c", "d", "e", "f"].into_iter().enumerate() {
        let began = Instant::now();
        if at % 2 == 0 {
            client.call(&format!("QPUSH {queue} m DELAY {}", DUE.as_millis()));
        } else {
            client.call(&format!("QPUSH {queue} m"));
            let taken = client.call(&format!("QPOP {queue} VT {}", DUE.as_millis()));
            assert_eq!(taken.items()[1].text(), "m");
        }
        let set = Instant::now();
        let mut next = cluster.client(0);
        send(&mut next, &[&format!("QMPOP 1 {queue} BLOCK 20000")]);
        due.push((queue.to_owned(), began, set, next));
    }
    // Shortly before the time.
    thread::sleep((DUE - Duration::from_millis(500)).saturating_sub(due[0].1.elapsed()));
    let victim = 1 + usize::from(cluster.leader(1) == Some(2));
    cluster.kill(victim);
    let waiting = due.into_iter().map(|(queue, began, set, mut next)| {
        thread::spawn(move || {
            let reply = next.reply().unwrap();
            let (least, most) = (began + DUE - SLACK, set + DUE + LATE_MAX);
            let now = Instant::now();
            assert_eq!(popped(&reply), (queue.clone(), vec!["m".to_owned()]));
            assert!(now >= least, "{queue}: {:?} too early", least - now);
            assert!(now <= most, "{queue}: {:?} too late", now - most);
            let acked = next.call(&format!("QACK {queue} {}", receipts(&reply)[0]));
            assert_eq!(acked, Value::Int(1));
        })
    });
    for waiting in waiting.collect::<Vec<_>>() {
        waiting.join().unwrap();
    }
}
