//! A plan of faults from a seed.

use super::{Fault, Harm, Planned, Profile, Shape};
use crate::chance::Chance;
use crate::world::net::Weather;

/// Draws what goes wrong between two times.
pub fn draw(
    chance: &mut Chance,
    profiles: &[Profile],
    nodes: usize,
    shards: u16,
    (from_ms, to_ms): (u64, u64),
) -> Vec<Planned> {
    let mut plan = Vec::new();
    let mut at_ms = from_ms;
    if profiles.is_empty() {
        return plan;
    }
    loop {
        at_ms += chance.between(200, 2500);
        if at_ms >= to_ms {
            break;
        }
        let profile = chance.pick(profiles);
        if let Some(fault) = one(chance, profile, nodes, shards) {
            plan.push(Planned { at_ms, fault });
        }
    }
    plan
}

fn one(chance: &mut Chance, profile: Profile, nodes: usize, shards: u16) -> Option<Fault> {
    let some = |chance: &mut Chance| chance.below(nodes as u64) as usize;
    let node = |chance: &mut Chance| {
        let node = chance.below(nodes as u64) as usize;
        if chance.permille(600) { None } else { Some(node) }
    };
    Some(match profile {
        Profile::Base | Profile::Clocks => return None,
        Profile::Kill => crash(chance, nodes, false),
        Profile::Power => match chance.below(5) {
            0 => Fault::CrashAll { power: true, back_within_ms: chance.between(1, 800) },
            _ => crash(chance, nodes, true),
        },
        Profile::KillAll => {
            let power = chance.permille(600);
            Fault::CrashAll { power, back_within_ms: chance.between(1, 1500) }
        }
        Profile::Ambush => Fault::Ambush { cut_ms: chance.between(800, 3000) },
        Profile::Full => Fault::FullDisk { node: node(chance), for_ms: chance.between(300, 3000) },
        Profile::Error => Fault::DiskError {
            node: node(chance),
            sync: chance.permille(600),
            nth: chance.between(1, 12),
        },
        Profile::Rot if chance.permille(500) => {
            Fault::Rot { node: some(chance), flips: chance.between(1, 8) }
        }
        Profile::Damage | Profile::Rot => Fault::Crash {
            node: node(chance),
            power: chance.permille(500),
            midway: None,
            back_after_ms: chance.between(100, 1500),
            harm: Some(match profile {
                Profile::Rot => Harm::Bodies(chance.between(1, 16)),
                _ => Harm::Flips(chance.between(1, 64)),
            }),
        },
        Profile::Pause => {
            let for_ms = if chance.permille(700) {
                chance.between(50, 800)
            } else {
                chance.between(800, 5000)
            };
            Fault::Pause { node: node(chance), for_ms }
        }
        Profile::Net => {
            let shape = match chance.below(3) {
                0 => Shape::Halves(chance.draw()),
                _ => Shape::Alone(node(chance)),
            };
            cut(chance, shape)
        }
        Profile::Partial => {
            let shape = match chance.below(5) {
                0 => Shape::Deaf(node(chance)),
                1 => Shape::Mute(node(chance)),
                2 => {
                    let one = some(chance);
                    Shape::Pair(one, (one + 1) % nodes)
                }
                3 => Shape::Chain,
                _ => Shape::Random(chance.draw() & chance.draw()),
            };
            cut(chance, shape)
        }
        Profile::Storm => storm(chance, nodes),
        Profile::Disk => Fault::SlowDisk {
            node: node(chance),
            sync_ms: chance.pick(&[(10, 60), (50, 300), (200, 1000), (1000, 3000)]),
            for_ms: chance.between(500, 4000),
        },
        Profile::Members => members(chance, nodes),
        Profile::Upgrade => match chance.below(6) {
            0 => Fault::RestartAll,
            1 | 2 => Fault::Restart { node: some(chance), away_ms: chance.between(50, 1000) },
            _ => {
                Fault::Transfer { shard: chance.below(u64::from(shards)) as u16, to: some(chance) }
            }
        },
    })
}

fn crash(chance: &mut Chance, nodes: usize, power: bool) -> Fault {
    let node = chance.permille(400).then(|| chance.below(nodes as u64) as usize);
    let back_after_ms = match chance.below(3) {
        0 => chance.between(1, 100),
        1 => chance.between(100, 1000),
        _ => chance.between(1000, 4000),
    };
    let midway = (power && chance.permille(500)).then(|| chance.between(1, 40));
    Fault::Crash { node, power, midway, back_after_ms, harm: None }
}

fn cut(chance: &mut Chance, shape: Shape) -> Fault {
    let for_ms = match chance.below(3) {
        0 => chance.between(50, 500),
        1 => chance.between(500, 2000),
        _ => chance.between(2000, 6000),
    };
    let flap_ms = if chance.permille(250) { chance.between(50, 400) } else { 0 };
    Fault::Cut { shape, for_ms, flap_ms }
}

fn storm(chance: &mut Chance, nodes: usize) -> Fault {
    if chance.permille(250) {
        let node = chance.permille(300).then(|| chance.below(nodes as u64) as usize);
        let cut_ms = if chance.permille(600) { chance.between(50, 600) } else { 0 };
        return Fault::ResetAll { node, cut_ms };
    }
    if chance.permille(200) {
        let node = chance.below(nodes as u64) as usize;
        return Fault::Reset { node, other: (node + 1) % nodes };
    }
    let slow = chance.permille(300);
    let weather = Weather {
        delay_min_ms: 1,
        delay_max_ms: if slow { chance.between(10, 60) } else { chance.between(2, 8) },
        slow_permille: chance.between(0, 100),
        late_permille: chance.between(0, 20),
        late_max_ms: chance.between(100, 8000),
        loss_permille: chance.pick(&[0, 10, 50, 150]),
        twice_permille: chance.pick(&[0, 20, 100]),
        reorders: chance.permille(700),
    };
    Fault::Storm { weather, for_ms: chance.between(500, 5000) }
}

fn members(chance: &mut Chance, nodes: usize) -> Fault {
    let node = chance.below(nodes as u64) as usize;
    match chance.below(4) {
        0 | 1 => Fault::Join { node },
        2 => Fault::Drain { node },
        _ => Fault::Wipe { node, away_ms: chance.between(100, 1500) },
    }
}
