//! T-QUE-1 and T-QUE-3: producers and consumers while nodes die and are cut off.

use std::time::Duration;

use lockstep_tests::{Cluster, Place};
use rand::RngExt;

use super::super::network::{Network, Way};
use super::super::stage::{self, NODES};
use super::super::stand::{SHARDS, Stand, run, run_on};
use super::load::{Load, Plan, judge};
use super::producer::Manner;

/// A part of all messages, with faults.
const DUPLICATES_MAX: f64 = 0.001;

#[test]
fn que_0_without_faults_every_message_comes_once() {
    run("que_0", 6, |stand| {
        let plan = plan(stand, Plan::FULL);
        let load = Load::start(stand, plan);
        while stand.goes_on() && !load.is_pushed() {
            stand.pause(20, 20);
        }
        let seen = load.end(stand);
        judge(stand, &seen, 0.0);
    });
}

#[test]
fn que_1_nothing_is_lost_and_hardly_anything_doubled_while_nodes_die_and_are_cut_off() {
    let make = || {
        let network = Network::possible().then(|| Network::new(NODES));
        Some((nodes(network.as_ref()), network))
    };
    run_on("que_1", 20, make, |stand, network| {
        let plan = plan(stand, Plan::FULL);
        let load = Load::start(stand, plan);
        let mut done = [0_usize; 3];
        stand.pause(500, 1_000);
        while stand.goes_on() && !load.is_pushed() {
            let kind = done.iter().sum::<usize>() % 3;
            done[kind] += 1;
            match (kind, network) {
                (0, Some(network)) => cut_off(stand, network),
                (1, _) => kill_leader(stand),
                _ => kill_any(stand),
            }
            stand.pause(500, 3_000);
        }
        let [cut, leaders, any] = done;
        stand.tell(format!("{cut} nodes cut off, {leaders} leaders and {any} other nodes killed"));
        stand.heal();
        let seen = load.end(stand);
        judge(stand, &seen, DUPLICATES_MAX);
    });
}

/// Every message until it is acknowledged, under one id: it is there once, and comes once,
/// since leases outlive leaders and consumers ask again for what they were given.
#[test]
fn que_3_a_push_that_is_repeated_is_there_once_though_leaders_die() {
    run_on(
        "que_3",
        10,
        || Some((nodes(None), ())),
        |stand, ()| {
            let small = Plan { manners: &[Manner::Dedup], careless_in: 0, ..Plan::SMALL };
            let plan = plan(stand, Plan { visible_ms: 60_000, batch: 4, ..small });
            let load = Load::start(stand, plan);
            let mut kills = 0;
            while stand.goes_on() && !load.is_pushed() {
                kill_leader(stand);
                kills += 1;
                stand.pause(500, 1_500);
            }
            stand.tell(format!("{kills} leaders killed"));
            stand.heal();
            let seen = load.end(stand);
            let counts = judge(stand, &seen, 0.0);
            if counts.unsure != 0 || counts.pushed != counts.delivered {
                stand.flaw(format!("not each was acknowledged and came: {counts:?}"));
            }
        },
    );
}

/// Nodes that take one another for dead as soon as users' nodes do.
fn nodes(network: Option<&Network>) -> Cluster {
    let arguments = ["--shards", SHARDS, "--node-timeout", "3000"];
    match network {
        None => Cluster::prepare_at(&vec![Place::here(); NODES], &arguments),
        Some(network) => {
            let open = [&arguments[..], &["--bind", "*", "--protected-mode", "no"]].concat();
            Cluster::prepare_at(&network.places(), &open)
        }
    }
}

fn plan(stand: &mut Stand, plan: Plan) -> Plan {
    let messages = stage::number("TEST_CHAOS_MESSAGES");
    if let Some(messages) = messages {
        stand.lasts(Duration::from_secs(3_600));
        return Plan { messages, ..plan };
    }
    plan
}

/// A node that leads, most of the time, and may lead many shards.
fn leader(stand: &mut Stand) -> usize {
    let shard = stand.random.random_range(0..stand.shards);
    stand.leader(shard).unwrap_or(0)
}

fn kill_leader(stand: &mut Stand) {
    let victim = leader(stand);
    kill(stand, victim);
}

fn kill_any(stand: &mut Stand) {
    let victim = stand.random.random_range(0..NODES);
    kill(stand, victim);
}

fn kill(stand: &mut Stand, victim: usize) {
    stand.cluster.kill(victim);
    stand.pause(500, 3_000);
    stand.cluster.restart(victim);
}

/// For 10 to 30 s in a long run.
fn cut_off(stand: &mut Stand, network: &Network) {
    let victim = leader(stand);
    let others = (0..NODES).filter(|other| *other != victim);
    let ways: Vec<Way> = others.flat_map(|other| [(victim, other), (other, victim)]).collect();
    network.cut(&ways);
    let (least, most) = if stand.is_long() { (10_000, 30_000) } else { (1_000, 4_000) };
    stand.pause(least, most);
    network.cut(&[]);
}
