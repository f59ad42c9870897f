//! A redrive while leaders die.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::fact;

const DEAD: i64 = 300;
const RATE: i64 = 100;

/// It goes on where it was, at its rate, and brings back each message once.
#[test]
fn a_redrive_goes_on_through_failovers_and_ends() {
    let mut cluster = Cluster::start(3, &["--shards", "6"]);
    let mut client = cluster.client(0);
    for number in 0..DEAD {
        client.call(&format!("QPUSH q m{number}"));
    }
    let taken = client.call(&format!("QPOP q COUNT {DEAD}"));
    let receipts: Vec<String> =
        taken.items().iter().map(|delivery| delivery.items()[0].text()).collect();
    let killed = client.call(&format!("QNACK q {} FATAL", receipts.join(" ")));
    assert_eq!(killed, Value::Int(DEAD));
    let began = Instant::now();
    client.call(&format!("QREDRIVE q START RATE {RATE}"));
    for _ in 0..2 {
        let ready = back(&mut client);
        wait_for("it goes on", || back(&mut client) > ready.max(0));
        let leader = (0..6).find_map(|shard| {
            let leader = cluster.leader(shard)?;
            (leader != 0 && leads_queue(&cluster, leader, shard)).then_some(leader)
        });
        // Node 0 is the one that is asked: a queue that it leads loses the next best.
        let victim = leader.unwrap_or(1);
        cluster.kill(victim);
        std::thread::sleep(Duration::from_millis(300));
        cluster.restart(victim);
    }
    wait_for("all are back", || back(&mut client) == DEAD);
    let took = began.elapsed();
    let least = Duration::from_millis((DEAD * 1_000 / RATE) as u64 * 8 / 10);
    assert!(took >= least, "{DEAD} at {RATE} per second after {took:?}");
    wait_for("it ends", || {
        let status = client.call("QREDRIVE q STATUS");
        !format!("{status:?}").contains("running")
    });
    assert_eq!((fact(&mut client, "q", "dead"), fact(&mut client, "q", "ready")), (0, DEAD));
    let all = client.call(&format!("QPOP q COUNT {DEAD}"));
    let bodies: BTreeSet<String> =
        all.items().iter().map(|delivery| delivery.items()[1].text()).collect();
    assert_eq!(bodies.len() as i64, DEAD);
}

/// How many are ready; -1 when nobody can tell.
fn back(client: &mut Client) -> i64 {
    client.call("QLEN q").int().unwrap_or(-1)
}

/// Whether this node leads the shard that has the queue.
fn leads_queue(cluster: &Cluster, node: usize, shard: u16) -> bool {
    shard == crate::chaos::shard_of("q", 6) && cluster.leader(shard) == Some(node)
}
