//! Everything at once, many times.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

use lockstep_core::keys::Expiry;
use lockstep_core::{NodeId, Outcome};
use tokio::time::{Instant, sleep};

use super::super::rig::Rig;
use super::super::set;
use super::ms;
use crate::{Delivery, Guards, luck};

/// What one writer has counted up to.
#[derive(Default)]
struct Counter {
    tried: AtomicU64,
    done: AtomicU64,
}

/// One run; the seed gives it again.
async fn run(seed: u64, guards: Guards) {
    crate::runtime::seed(seed);
    let mut state = seed;
    let mut rig = Rig::with(3, guards, 1).await;
    rig.net.reseed(seed);
    rig.snapshot_log_bytes = 20_000;
    let counter = Counter::default();
    let until = Instant::now() + ms(6_000);
    let mut down = Vec::new();
    while Instant::now() < until {
        let node = luck::next(&mut state) % 3 + 1;
        match luck::next(&mut state) % 12 {
            0 => rig.net.cut_off(node),
            1 => rig.net.cut_way(node, node % 3 + 1),
            2 => rig.net.cut_way(node % 3 + 1, node),
            3 | 4 => rig.net.heal(),
            5 => rig.net.loss.store(luck::next(&mut state) % 200, SeqCst),
            6 => rig.net.delay_us.store(luck::next(&mut state) % 20_000, SeqCst),
            7 if down.is_empty() && rig.nodes.contains_key(&node) => {
                let kill = luck::next(&mut state).is_multiple_of(2);
                let disk = if kill { rig.kill(node).await } else { rig.kill_silently(node).await };
                down.push((node, disk));
            }
            8 => {
                for (id, disk) in down.drain(..) {
                    rig.start(id, disk).await;
                }
            }
            9 => {
                let lost = rig.leader().unwrap_or(node);
                if luck::next(&mut state).is_multiple_of(2) {
                    rig.net.cut_off(lost);
                }
                for other in rig.nodes.values() {
                    other.group().link_lost(NodeId(lost));
                }
            }
            10 => {
                if let Some(leader) = rig.leader() {
                    let group = rig.node(leader).group().clone();
                    tokio::spawn(async move {
                        // It may well be refused.
                        let _ = group.transfer(NodeId(node)).await;
                    });
                }
            }
            _ => {
                if let Some(leader) = rig.leader() {
                    let group = rig.node(leader).group().clone();
                    tokio::spawn(async move { group.snapshot().await });
                }
            }
        }
        work(&rig, &counter, ms(luck::next(&mut state) % 400), seed).await;
    }
    for (id, disk) in down.drain(..) {
        rig.start(id, disk).await;
    }
    rig.net.heal();
    rig.net.loss.store(0, SeqCst);
    rig.net.delay_us.store(300, SeqCst);
    rig.write("end").await;
    rig.converged().await;
}

/// The leader of the latest term: an older one may still lead as well.
fn newest(rig: &Rig) -> Option<u64> {
    let leads = rig.nodes.values().filter(|node| node.group().leads());
    leads.max_by_key(|node| node.group().status().term).map(|node| node.id)
}

/// Writes and reads for a while, and checks what is read.
async fn work(rig: &Rig, counter: &Counter, time: std::time::Duration, seed: u64) {
    let until = Instant::now() + time;
    while Instant::now() < until {
        for node in rig.nodes.values() {
            let least = counter.done.load(SeqCst);
            if let Some(seen) = node.value() {
                let seen = match seen {
                    Outcome::Bytes(bytes) => String::from_utf8(bytes).unwrap().parse().unwrap(),
                    _ => 0,
                };
                let most = counter.tried.load(SeqCst);
                assert!(
                    (least..=most).contains(&seen),
                    "seed {seed}: node {} read {seen}, and {least} was written\n{}",
                    node.id,
                    rig.state()
                );
            }
        }
        if let Some(leader) = newest(rig) {
            let number = counter.tried.fetch_add(1, SeqCst) + 1;
            let group = rig.node(leader).group().clone();
            let value = number.to_string();
            let op = set("a", &value, Expiry::Never {});
            let asked = tokio::time::timeout(ms(30), group.ask(&op)).await;
            if let Ok(Delivery::Done(_)) = asked {
                counter.done.store(number, SeqCst);
            }
        }
        sleep(ms(1)).await;
    }
}

fn runs(seeds: std::ops::Range<u64>, guards: Guards) {
    for seed in seeds {
        println!("seed {seed}");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(run(seed, guards));
    }
}

#[test]
fn no_read_is_stale_and_all_come_together_again() {
    let number = |name| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let from = number("CHAOS_FROM").unwrap_or(0);
    runs(from..from + number("CHAOS_SEEDS").unwrap_or(10), Guards::default());
}

#[test]
#[should_panic(expected = "was written")]
fn a_leader_that_does_not_wait_for_older_leases_is_found_out() {
    runs(0..50, Guards { lease_guard: false, ..Guards::default() });
}
