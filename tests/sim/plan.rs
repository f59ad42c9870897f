//! What a seed means.

use lockstep_cache::Rules;
use lockstep_raft::Guards;
use lockstep_storage::Mutants;

use crate::chance::Chance;
use crate::mutants::Mutant;
use crate::world::{Copying, Flaws, Plan, Profile, Settings};

/// What is asked of a run besides its seed.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// How many nodes; none: whatever the seed says.
    pub nodes: Option<usize>,
    /// What goes wrong; empty: whatever the seed says.
    pub profiles: Vec<Profile>,
    /// What is broken on purpose.
    pub mutant: Option<Mutant>,
    /// Whether the last events are kept as text.
    pub shown: bool,
    /// How long things go wrong; none: whatever the seed says.
    pub faults_ms: Option<u64>,
}

/// The plan of a run.
pub fn plan(seed: u64, wishes: &Wishes) -> Plan {
    let mut chance = Chance::new(seed);
    let profiles = profiles(&mut chance, wishes);
    let drawn = if chance.permille(250) { 5 } else { 3 };
    let nodes = wishes.nodes.unwrap_or(drawn);
    let joins = profiles.contains(&Profile::Members);
    let mut plan = Plan {
        seed,
        nodes,
        spare: if joins { 2 } else { 0 },
        clients: chance.between(4, 10) as u32,
        guard_clients: if seed.is_multiple_of(2) { 4 } else { 0 },
        queue_clients: seed % 5 < 3,
        rest_ms: chance.between(10, 120),
        faults_ms: wishes.faults_ms.unwrap_or(chance.between(8_000, 16_000)),
        profiles,
        burial: seed % 8 == 2,
        settings: Settings {
            seeds: (0..nodes).map(|at| format!("n{at}:1")).collect(),
            shards: chance.between(1, 2) as u16,
            replicas: if nodes == 5 && chance.permille(400) { 5 } else { 3 },
            snapshot_log_bytes: chance.pick(&[4 << 10, 16 << 10, 64 << 10, 1 << 20]),
            // In most runs so little that bodies go to disk and come back.
            queue_memory: [0, 100, 2000, 256 << 20][(seed / 8 % 4) as usize],
            batch_ops_max: chance.pick(&[1, 4, 1000]),
            shelf: Flaws::default(),
            guards: Guards { rules_checked: true, ..Guards::default() },
            mutants: Mutants::default(),
            seed: chance.draw(),
            copies: copies(seed),
        },
        replies_by_order: false,
        multi_split: false,
        doors_not_noted: false,
        many_kept: false,
        broken_rule: None,
        shown: wishes.shown,
    };
    if let Some(mutant) = wishes.mutant {
        mutant.switch_on(&mut plan);
    }
    plan
}

/// In most runs nodes keep copies of keys; often there is no room for all of them.
fn copies(seed: u64) -> Option<Copying> {
    let kind = seed / 3 % 8;
    let entries = ["1000", "4"][(kind % 2) as usize];
    let hot_update = ["no", "auto", "always", "no"][(kind / 2) as usize];
    let read_mode = if seed / 24 % 5 == 4 { "validate" } else { "lease" };
    let replica_reads = ["yes", "no", "yes"][(seed / 7 % 3) as usize];
    let rules = Rules::ALL;
    (kind < 7).then_some(Copying { read_mode, entries, hot_update, replica_reads, rules })
}

fn profiles(chance: &mut Chance, wishes: &Wishes) -> Vec<Profile> {
    let mut kinds = Profile::ALL.to_vec();
    chance.shuffle(&mut kinds);
    let many = chance.between(1, 3) as usize;
    match (&wishes.profiles[..], wishes.mutant) {
        ([], Some(mutant)) => mutant.profiles().to_vec(),
        ([], None) => kinds[..many].to_vec(),
        (asked, _) => asked.to_vec(),
    }
}
