//! T-DISK-2 and T-DISK-3: syncs that fail, and syncs that take long.

use std::time::{Duration, Instant};

use lockstep_tests::{Cluster, Place};
use rand::RngExt;

use super::super::stage::NODES;
use super::super::stand::{SHARDS, Stand, run_on, shard_of};
use super::load::{Load, Plan, judge};
use super::producer::Manner;
use super::syncs::Syncs;

/// A node whose sync failed has ended after so long. It looks at its log ten times a second.
const END_MAX: Duration = Duration::from_secs(5);
/// Where it led, others take over after so long.
const MOVED_MAX: Duration = Duration::from_secs(5);

const PLAN: Plan = Plan {
    manners: &[Manner::Once, Manner::Dedup, Manner::Atomic],
    backlog_max: 2_000,
    visible_ms: 30_000,
    careless_in: 0,
    ..Plan::SMALL
};

fn make() -> Option<(Cluster, Syncs)> {
    let Some(syncs) = Syncs::new() else {
        eprintln!("SKIPPED: the row needs a C compiler");
        return None;
    };
    let places: Vec<Place> = (0..NODES).map(|node| syncs.place(node)).collect();
    let arguments = ["--shards", SHARDS, "--node-timeout", "3000"];
    Some((Cluster::prepare_at(&places, &arguments), syncs))
}

#[test]
fn disk_2_a_node_whose_sync_fails_stops_and_nothing_acknowledged_is_lost() {
    run_on("disk_2", 8, make, |stand, syncs| {
        let load = Load::start(stand, PLAN);
        let (mut ended, mut moved) = (Vec::new(), Vec::new());
        let mut rounds = 0;
        while stand.goes_on() {
            stand.pause(500, 1_000);
            let shard = stand.random.random_range(0..stand.shards);
            let Some(leader) = stand.leader(shard) else { continue };
            let victim = if rounds % 2 == 0 { leader } else { (leader + 1) % NODES };
            rounds += 1;
            let began = Instant::now();
            syncs.fail(victim);
            while !stand.cluster.has_ended(victim) {
                if began.elapsed() > END_MAX {
                    stand.flaw(format!("node {victim} runs though a sync failed"));
                    break;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
            ended.push(began.elapsed().as_nanos() as u64);
            if victim == leader {
                moved.extend(time_until_pushed(stand, shard, began));
            }
            syncs.mend(victim);
            if stand.cluster.has_ended(victim) {
                stand.cluster.restart(victim);
            }
        }
        stand.tell(format!("{rounds} syncs failed"));
        stand.times("until the node had stopped itself", &mut ended);
        stand.times("until a push where it had led was acknowledged", &mut moved);
        stand.heal();
        let seen = load.end(stand);
        judge(stand, &seen, 0.0);
    });
}

/// How long after `began` a push to a queue of a shard is acknowledged.
fn time_until_pushed(stand: &mut Stand, shard: u16, began: Instant) -> Option<u64> {
    let mut names = (0..).map(|at| format!("probe-{at}"));
    let name = names.find(|name| shard_of(name, stand.shards) == shard)?;
    let nodes: Vec<usize> = (0..NODES).filter(|node| !stand.cluster.has_ended(*node)).collect();
    let mut seat = stand.seat(*nodes.first()?);
    seat.patience(MOVED_MAX);
    while began.elapsed() < MOVED_MAX {
        let (_, told) = seat.call(&["QPUSH", &name, "x"]);
        if told.error("").is_none() && told != super::super::seat::Told::Lost {
            let took = began.elapsed().as_nanos() as u64;
            return Some(took);
        }
    }
    stand.flaw(format!(
        "shard {shard} takes no push {MOVED_MAX:?} after its leader's disk failed or was slow"
    ));
    None
}

/// Nothing is lost and no lease ends early, however slow one disk is; and where a follower
/// is slow, nobody waits for it.
#[test]
fn disk_3_a_slow_disk_loses_nothing_and_a_slow_follower_holds_up_nobody() {
    run_on("disk_3", 10, make, |stand, syncs| {
        let load = Load::start(stand, PLAN);
        stand.pause(1_000, 1_000);
        let window = Duration::from_millis(if stand.is_long() { 10_000 } else { 2_000 });
        let (mut calm, mut slow, mut led) = (Vec::new(), Vec::new(), Vec::new());
        let mut rounds = 0;
        while stand.goes_on() {
            calm.push(rate(&load, window));
            let node = rounds % NODES;
            rounds += 1;
            // A node leads some shards and follows in the others.
            let more_ms = [200, 1_000, 5_000][stand.random.random_range(0..3)];
            let shards: Vec<u16> =
                (0..stand.shards).filter(|shard| stand.leader(*shard) == Some(node)).collect();
            syncs.slow(node, more_ms);
            let began = Instant::now();
            if let Some(shard) = shards.first() {
                led.extend(time_until_pushed(stand, *shard, began));
            }
            slow.push(rate(&load, window));
            syncs.mend(node);
            stand.pause(1_000, 1_500);
        }
        let mean = |rates: &[f64]| rates.iter().sum::<f64>() / rates.len().max(1) as f64;
        stand.tell(format!(
            "{rounds} slow disks; {:.0} pushes per second before, {:.0} meanwhile",
            mean(&calm),
            mean(&slow)
        ));
        stand.times("until a push where the slow node led was acknowledged", &mut led);
        stand.heal();
        let seen = load.end(stand);
        judge(stand, &seen, 0.0);
    });
}

fn rate(load: &Load, window: Duration) -> f64 {
    let before = load.pushed();
    std::thread::sleep(window);
    (load.pushed() - before) as f64 / window.as_secs_f64()
}
