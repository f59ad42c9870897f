//! T-READ and T-MESI: counters that go up, read from copies on every node, while nodes
//! die, stand still, are cut off and hand over. No read may be older than what was
//! acknowledged, or read by anybody, before it was asked for.
//!
//! Rows: read_1 (few keys, all fit), mesi_1 (more keys than fit, values sent ahead).

mod counters;
mod readers;
mod writers;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use lockstep_tests::{Cluster, Place, Value};
use rand::RngExt;

use super::network::{Network, Way};
use super::stage::NODES;
use super::stand::{Stand, run_on};
use counters::Counters;

/// How long a node that hears from nobody may use its copies, with what two clocks may
/// differ.
const LEASE: Duration = Duration::from_millis(505);
/// From when on a node that is cut off is looked at for at least.
const CUT_MS: (u64, u64) = (1_500, 3_000);

#[test]
fn read_1_no_copy_is_read_when_it_is_stale_whatever_happens_to_nodes() {
    row("read_1", 15, 8, &[]);
}

#[test]
fn mesi_1_no_copy_is_read_when_it_is_stale_though_they_come_and_go_all_the_time() {
    let arguments = ["--cache-max-entries", "8", "--cache-hot-update", "auto"];
    row("mesi_1", 15, 24, &[&arguments[..], &["--cache-refresh", "on"]].concat());
}

fn row(name: &'static str, seconds: u64, keys: usize, arguments: &[&str]) {
    let make = || {
        let network = Network::possible().then(|| Network::new(NODES));
        Some((nodes(network.as_ref(), arguments), network))
    };
    run_on(name, seconds, make, |stand, network| {
        let counters = Arc::new(Counters::new(name, keys));
        let writers = writers::start(stand, &counters);
        let readers = readers::start(stand, &counters);
        stand.pause(500, 1_000);
        let mut faults = [0_usize; 5];
        let first = stand.random.random_range(0..faults.len());
        while stand.goes_on() {
            let kind = (first + faults.iter().sum::<usize>()) % faults.len();
            faults[kind] += 1;
            match (kind, network) {
                (0, Some(network)) => cut_off(stand, network, &counters),
                (1, Some(network)) => cut_one_way(stand, network),
                (2, _) => hand_over(stand),
                (3, _) => stop(stand),
                _ => kill(stand),
            }
            stand.pause(300, 1_500);
        }
        let [cut, one_way, handed, stopped, killed] = faults;
        stand.tell(format!(
            "{cut} nodes cut off, {one_way} in one direction, {handed} leaders changed, {stopped} \
             nodes stopped, {killed} killed"
        ));
        stand.heal();
        std::thread::sleep(Duration::from_millis(500));
        counters.stop();
        let writes: u64 = writers.into_iter().map(|writer| writer.join().expect("in peace")).sum();
        let reads: u64 = readers.into_iter().map(|reader| reader.join().expect("in peace")).sum();
        judge(stand, &counters, (reads, writes));
    });
}

fn nodes(network: Option<&Network>, more: &[&str]) -> Cluster {
    let lease = LEASE.as_millis() * 100 / 101;
    let lease = lease.to_string();
    let own = ["--shards", "3", "--cache-read-mode", "lease", "--cache-lease-ms", &lease];
    let arguments = [&own[..], more].concat();
    match network {
        None => Cluster::prepare_at(&vec![Place::here(); NODES], &arguments),
        Some(network) => {
            let open = [&arguments[..], &["--bind", "*", "--protected-mode", "no"]].concat();
            Cluster::prepare_at(&network.places(), &open)
        }
    }
}

/// The home of the keys, which all belong to the first shard, in one of three cases;
/// otherwise a node that has copies.
fn victim(stand: &mut Stand) -> usize {
    let any = stand.random.random_range(0..NODES);
    let home = stand.leader(0).unwrap_or(any);
    if any == home { home } else { (home + stand.random.random_range(1..NODES)) % NODES }
}

fn cut_off(stand: &mut Stand, network: &Network, counters: &Counters) {
    let victim = victim(stand);
    let others = (0..NODES).filter(|other| *other != victim);
    let ways: Vec<Way> = others.flat_map(|other| [(victim, other), (other, victim)]).collect();
    network.cut(&ways);
    let cut = stand.clock.now();
    let begun = Instant::now();
    stand.pause(CUT_MS.0, CUT_MS.1);
    let long = begun.elapsed() > LEASE * 2;
    let last = counters.nodes[victim].load(SeqCst);
    network.cut(&[]);
    // What is asked for later than that is refused: nobody knows whether it is stale.
    if long && last > cut + LEASE.as_nanos() as u64 {
        let after = (last - cut) / 1_000_000;
        stand.flaw(format!("node {victim} answered {after} ms after it was cut off"));
    }
}

fn cut_one_way(stand: &mut Stand, network: &Network) {
    let victim = victim(stand);
    let deaf = stand.random.random();
    let others = (0..NODES).filter(|other| *other != victim);
    let way = |other| if deaf { (other, victim) } else { (victim, other) };
    network.cut(&others.map(way).collect::<Vec<Way>>());
    stand.pause(200, 3_000);
    network.cut(&[]);
}

fn hand_over(stand: &mut Stand) {
    let to = stand.random.random_range(0..NODES);
    let mut seat = stand.seat(to);
    seat.patience(Duration::from_secs(2));
    if let super::seat::Told::Done(nodes) = seat.call(&["NODE", "LIST"]).1 {
        let is_me = |node: &&Value| node.field("myself").and_then(Value::int) == Some(1);
        if let Some(id) = nodes.items().iter().find(is_me).and_then(|node| node.field("id")) {
            // It may be refused at such times.
            let _ = seat.call(&["NODE", "PROMOTE", &id.text()]);
        }
    }
}

fn stop(stand: &mut Stand) {
    let victim = victim(stand);
    stand.cluster.signal(victim, "STOP");
    stand.pause(50, 3_000);
    stand.cluster.signal(victim, "CONT");
}

fn kill(stand: &mut Stand) {
    let victim = victim(stand);
    stand.cluster.kill(victim);
    stand.pause(200, 2_000);
    stand.cluster.restart(victim);
}

fn judge(stand: &mut Stand, counters: &Counters, (reads, writes): (u64, u64)) {
    let mut hits = 0;
    for node in 0..NODES {
        let mut client = stand.cluster.client(node);
        let stats = client.call("CACHE STATS");
        let hits_of = |name| stats.field(name).and_then(Value::int).unwrap_or(0);
        hits += hits_of("hit_local") + hits_of("hit_replica");
        for counter in &counters.list {
            let value = client.call_words(&["GET", &counter.name]).int().unwrap_or(0);
            counters.check(counter, counter.floor(), value.unsigned_abs(), node);
        }
    }
    stand.tell(format!(
        "{reads} reads and {writes} writes of {} keys; {hits} reads from copies since the nodes \
         began last; {} refused",
        counters.list.len(),
        counters.refused.load(SeqCst)
    ));
    if reads == 0 || writes == 0 || hits == 0 {
        stand.flaw("nothing was read, written, or read from copies: it proves nothing".to_owned());
    }
    counters.flaws().into_iter().for_each(|flaw| stand.flaw(flaw));
}
