//! The rows: what is done to the nodes.

use rand::RngExt;

use super::network::Way;
use super::stage::{NODES, Stage, Terms, run};

const HERE: Terms = Terms { network: false, roam: false };
const NETWORK: Terms = Terms { network: true, roam: false };

/// T-KILL-1.
#[test]
fn kill_1_a_node_is_killed_again_and_again() {
    run("kill_1", HERE, |stage| {
        while stage.goes_on() {
            let victim = stage.victim();
            stage.fault("kill -9", &[victim], false);
            stage.cluster.kill(victim);
            stage.pause(1000, 4000);
            stage.over();
            stage.cluster.spawn(victim);
            stage.pause(1500, 3000);
        }
    });
}

/// T-KILL-2.
#[test]
fn kill_2_all_nodes_are_killed_at_once() {
    run("kill_2", HERE, |stage| {
        while stage.goes_on() {
            stage.fault("kill -9 of all", &[0, 1, 2], false);
            (0..NODES).for_each(|node| stage.cluster.kill(node));
            (0..NODES).for_each(|node| stage.cluster.spawn(node));
            stage.over();
            stage.pause(3000, 6000);
        }
    });
}

/// T-NET-1.
#[test]
fn net_1_the_leader_is_cut_off() {
    let report = run("net_1", NETWORK, |stage| {
        while stage.goes_on() {
            let victim = stage.victim();
            stage.fault("cut off", &[victim], true);
            stage.cut(&around(victim));
            let longest = if stage.random.random_ratio(1, 4) { 30_000 } else { 5_000 };
            stage.pause(1000, longest);
            heal(stage);
            stage.pause(1500, 3000);
        }
    });
    if let Some(report) = report {
        assert_eq!(report.served_cut_off, 0, "a minority serves nothing");
    }
}

/// T-NET-2.
#[test]
fn net_2_one_direction_is_cut() {
    run("net_2", NETWORK, |stage| {
        while stage.goes_on() {
            let victim = stage.victim();
            let deaf = stage.random.random();
            let (what, ways): (_, Vec<Way>) = match deaf {
                true => ("hears nobody", others(victim).map(|other| (other, victim)).into()),
                false => ("is heard by nobody", others(victim).map(|other| (victim, other)).into()),
            };
            // What it is told it may still pass on, so it may be served.
            stage.fault(what, &[victim], false);
            stage.cut(&ways);
            stage.pause(1000, 6000);
            heal(stage);
            stage.pause(1500, 3000);
        }
    });
}

/// T-NET-3.
#[test]
fn net_3_two_nodes_reach_each_other_only_through_the_third() {
    run("net_3", NETWORK, |stage| {
        while stage.goes_on() {
            let bridge = stage.victim();
            let [one, other] = others(bridge);
            stage.fault("two cannot reach each other", &[], false);
            match stage.random.random_range(0..3) {
                0 => stage.cut(&[(one, other)]),
                _ => stage.cut(&[(one, other), (other, one)]),
            }
            stage.pause(1000, 6000);
            heal(stage);
            stage.pause(1000, 2000);
        }
    });
}

/// T-NET-4.
#[test]
fn net_4_a_node_comes_and_goes() {
    run("net_4", NETWORK, |stage| {
        while stage.goes_on() {
            let victim = stage.victim();
            stage.fault("flapping", &[victim], false);
            for _ in 0..10 {
                stage.cut(&around(victim));
                stage.pause(170, 230);
                stage.cut(&[]);
                stage.pause(170, 230);
            }
            heal(stage);
            stage.pause(500, 1000);
        }
    });
}

/// T-PAUSE.
#[test]
fn pause_a_node_stands_still() {
    run("pause", HERE, |stage| {
        while stage.goes_on() {
            let victim = stage.victim();
            stage.fault("SIGSTOP", &[victim], false);
            stage.cluster.signal(victim, "STOP");
            stage.pause(100, 5000);
            stage.cluster.signal(victim, "CONT");
            stage.over();
            stage.pause(1000, 2000);
        }
        stage.cluster.wait_ready();
    });
}

/// T-UPG.
#[test]
fn upg_each_node_restarts_in_turn_and_no_command_fails() {
    let terms = Terms { network: false, roam: true };
    let report = run("upg", terms, |stage| {
        for node in (0..NODES).cycle() {
            if !stage.goes_on() {
                return;
            }
            stage.fault("SIGTERM and start", &[node], false);
            assert!(stage.cluster.stop(node).success());
            stage.cluster.restart(node);
            stage.over();
            stage.pause(500, 1000);
        }
    });
    if let Some(report) = report {
        assert_eq!((report.refused, report.uncertain), (0, 0), "no command fails");
    }
}

fn heal(stage: &mut Stage) {
    stage.over();
    stage.cut(&[]);
}

/// The nodes besides this one.
fn others(node: usize) -> [usize; 2] {
    [(node + 1) % NODES, (node + 2) % NODES]
}

/// All ways to and from a node.
fn around(node: usize) -> Vec<Way> {
    others(node).iter().flat_map(|other| [(node, *other), (*other, node)]).collect()
}
