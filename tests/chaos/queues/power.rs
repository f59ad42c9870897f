//! T-DUR-1 and T-DUR-2: nodes that lose what was only in their memory.

use std::process::Command;
use std::time::{Duration, Instant};

use rand::RngExt;

use super::super::stage::NODES;
use super::super::stand::{Stand, run};
use super::load::{Load, Plan, judge};
use super::producer::Manner;

/// How long it may take until something is acknowledged again.
const BACK_MAX: Duration = Duration::from_secs(20);

const PLAN: Plan = Plan {
    manners: &[Manner::Once, Manner::Atomic, Manner::Dedup],
    backlog_max: 2_000,
    ..Plan::SMALL
};

/// What is pushed all or none is there whole or not at all: the load has such pushes.
#[test]
fn dur_1_all_nodes_die_at_once_and_nothing_acknowledged_is_lost() {
    run("dur_1", 12, |stand| {
        let load = Load::start(stand, PLAN);
        let (mut deaths, mut back) = (0, Vec::new());
        while stand.goes_on() {
            stand.pause(200, 1_500);
            kill_all(stand);
            deaths += 1;
            let began = Instant::now();
            (0..NODES).for_each(|node| stand.cluster.spawn(node));
            if load.next_push(BACK_MAX).is_none() {
                stand.flaw(format!("nothing was acknowledged {BACK_MAX:?} after a start"));
            }
            back.push(began.elapsed().as_nanos() as u64);
        }
        stand.tell(format!("{deaths} deaths of all three nodes at once"));
        stand.times("from the start to the next acknowledged push", &mut back);
        stand.heal();
        let seen = load.end(stand);
        judge(stand, &seen, 1.0);
    });
}

/// One node dies and comes back while another stands still, so that what the first has on
/// its disk is needed for every majority.
#[test]
fn dur_2_a_node_that_died_is_needed_for_every_majority() {
    run("dur_2", 10, |stand| {
        let load = Load::start(stand, PLAN);
        let (mut deaths, mut back) = (0, Vec::new());
        while stand.goes_on() {
            stand.pause(200, 1_000);
            let dies = stand.random.random_range(0..NODES);
            let stands = (dies + stand.random.random_range(1..NODES)) % NODES;
            stand.cluster.signal(stands, "STOP");
            // Long enough for the other two to acknowledge something without it.
            stand.pause(300, 1_500);
            stand.cluster.kill(dies);
            deaths += 1;
            let began = Instant::now();
            stand.cluster.spawn(dies);
            if load.next_push(BACK_MAX).is_none() {
                stand.flaw(format!("two of three nodes acknowledge nothing for {BACK_MAX:?}"));
            }
            back.push(began.elapsed().as_nanos() as u64);
            stand.pause(100, 800);
            stand.cluster.signal(stands, "CONT");
            stand.cluster.wait_ready();
        }
        stand.tell(format!("{deaths} deaths of one node while another stood still"));
        stand.times("from the start to the next acknowledged push", &mut back);
        stand.heal();
        let seen = load.end(stand);
        judge(stand, &seen, 1.0);
    });
}

fn kill_all(stand: &mut Stand) {
    let processes = (0..NODES).map(|node| stand.cluster.process(node).to_string());
    let sent = Command::new("kill").arg("-KILL").args(processes).status();
    assert!(sent.is_ok_and(|status| status.success()), "all could be killed");
    (0..NODES).for_each(|node| stand.cluster.kill(node));
}
