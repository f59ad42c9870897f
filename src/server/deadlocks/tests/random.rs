//! Random states against the oracle.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use lockstep_core::ShardId;
use lockstep_core::locks::Mode;
use lockstep_core::locks::knots::Rules;

use super::model::{Model, name};
use super::oracle::{is_in_cycle, reaches, stuck, waits_for};
use crate::deadlocks::Guards;
use crate::deadlocks::judge::WaitId;
use crate::deadlocks::picture::Lock;
use crate::deadlocks::plan::{Plan, plans};

const SEEDS: u64 = 4_000;

/// What is wrong with the plans for a state.
fn flaw(locks: &[(ShardId, Lock)], plans: &[Plan]) -> Option<&'static str> {
    let mut over: BTreeSet<WaitId> = BTreeSet::new();
    for (number, plan) in plans.iter().enumerate() {
        let Some(owner) = owner_of(locks, plan.victim) else { return Some("nobody waits so") };
        if !stuck(locks, &over).contains(&owner) {
            return Some("the victim is not stuck");
        }
        if !is_in_cycle(&waits_for(locks, &over), &owner) {
            return Some("the victim is in no cycle");
        }
        if !stuck(&told(locks, plan), &BTreeSet::new()).contains(&owner) {
            return Some("what is told of it does not keep the victim");
        }
        if is_freed_by_another(locks, &over, &owner, &plans[number + 1..]) {
            return Some("the victim would have been freed");
        }
        if !gives_way_first(locks, plan, &owner) {
            return Some("another of the cycle should have given way");
        }
        if !over.insert(plan.victim) {
            return Some("the victim was one before");
        }
    }
    let all: BTreeSet<Vec<u8>> = stuck(locks, &over);
    (!all.is_empty()).then_some("a deadlock was not found")
}

/// The part of a state that is told as the reason for a victim.
fn told(locks: &[(ShardId, Lock)], plan: &Plan) -> Vec<(ShardId, Lock)> {
    let of = |(shard, lock): &(ShardId, Lock)| {
        let seen = plan.evidence.iter().filter(|seen| seen.shard == *shard);
        let ids: BTreeSet<u64> = seen.flat_map(|seen| [seen.wait, seen.other]).collect();
        let mut lock = lock.clone();
        lock.holders.retain(|party| ids.contains(&party.id));
        lock.line.retain(|waiter| ids.contains(&waiter.party.id));
        (*shard, lock)
    };
    locks.iter().map(of).collect()
}

/// Whether one of these victims alone would have freed the owner, though they are in
/// no cycle together.
fn is_freed_by_another(
    locks: &[(ShardId, Lock)],
    over: &BTreeSet<WaitId>,
    owner: &[u8],
    others: &[Plan],
) -> bool {
    let edges = waits_for(locks, over);
    others.iter().any(|plan| {
        let Some(other) = owner_of(locks, plan.victim) else { return false };
        let together = reaches(&edges, owner, &other) && reaches(&edges, &other, owner);
        let mut with = over.clone();
        with.insert(plan.victim);
        !together && !stuck(locks, &with).contains(owner)
    })
}

/// Whether no other owner of the told cycle is younger or less important.
fn gives_way_first(locks: &[(ShardId, Lock)], plan: &Plan, victim: &[u8]) -> bool {
    let text = String::from_utf8(plan.text.clone()).unwrap();
    let rank = |owner: &[u8]| {
        let seen = plan.evidence.iter().find(|seen| seen.owner == owner).unwrap();
        let lines =
            locks.iter().flat_map(|(shard, lock)| lock.line.iter().map(|one| (*shard, one)));
        let wait = { lines }.find(|(shard, one)| (*shard, one.party.id) == (seen.shard, seen.wait));
        (Reverse(wait.unwrap().1.prio), birth_of(locks, owner), owner.to_vec())
    };
    text.split("->").all(|owner| rank(owner.as_bytes()) <= rank(victim))
}

fn birth_of(locks: &[(ShardId, Lock)], owner: &[u8]) -> Option<u64> {
    let holders = locks.iter().flat_map(|(_, lock)| &lock.holders);
    let waiting = locks.iter().flat_map(|(_, lock)| &lock.line).map(|waiter| &waiter.party);
    let own = holders.chain(waiting).filter(|party| party.owner == owner);
    own.map(|party| party.birth_ms).min()
}

fn owner_of(locks: &[(ShardId, Lock)], (shard, id): WaitId) -> Option<Vec<u8>> {
    let of_shard = locks.iter().filter(|(of, _)| *of == shard);
    let mut waiters = of_shard.flat_map(|(_, lock)| &lock.line);
    waiters.find(|waiter| waiter.party.id == id).map(|waiter| waiter.party.owner.clone())
}

fn flaws(guards: Guards, seeds: u64) -> usize {
    let has_flaw = |seed: &u64| {
        let locks = Model::random(*seed).contended();
        let plans = plans(&locks, guards);
        let flaw = flaw(&locks, &plans);
        if guards == Guards::default() {
            assert_eq!(flaw, None, "seed {seed}\n{locks:#?}\n{plans:#?}");
        }
        flaw.is_some()
    };
    (0..seeds).filter(has_flaw).count()
}

#[test]
fn every_deadlock_is_found_and_no_other_and_no_victim_is_in_vain() {
    flaws(Guards::default(), SEEDS);
}

#[test]
fn the_random_states_have_deadlocks_and_often_none() {
    let locks = |seed| Model::random(seed).contended();
    let with = |seed: &u64| !stuck(&locks(*seed), &BTreeSet::new()).is_empty();
    let count = (0..1_000).filter(with).count();
    assert!((100..=900).contains(&count), "{count}");
}

#[test]
fn without_the_waiters_ahead_deadlocks_are_missed() {
    is_noticed(Rules { waiters_ahead: false, ..Rules::default() });
}

#[test]
fn two_victims_of_a_cycle_are_noticed() {
    is_noticed(Rules { one_victim: false, ..Rules::default() });
}

#[test]
fn permits_that_do_not_add_up_are_noticed() {
    is_noticed(Rules { permits_add_up: false, ..Rules::default() });
}

#[test]
fn a_victim_of_what_another_deadlock_frees_is_noticed() {
    is_noticed(Rules { outermost_first: false, ..Rules::default() });
}

#[test]
fn an_older_victim_is_noticed() {
    is_noticed(Rules { youngest: false, ..Rules::default() });
}

#[test]
fn a_victim_with_priority_is_noticed() {
    is_noticed(Rules { priority: false, ..Rules::default() });
}

#[test]
fn permits_that_are_not_told_are_noticed() {
    is_noticed(Rules { whole_proof: false, ..Rules::default() });
}

fn is_noticed(rules: Rules) {
    assert!(flaws(Guards { rules, ..Guards::default() }, 2_000) > 0, "{rules:?}");
}

#[test]
fn of_cycles_apart_from_each_other_each_loses_one() {
    for size in 2..=16 {
        let mut model = Model::new(size * 3, 7);
        for cycle in 0..3 {
            ring(&mut model, cycle * size, size);
        }
        let plans = plans(&model.contended(), Guards::default());
        let of = |plan: &Plan| {
            let owner = owner_of(&model.locks, plan.victim).unwrap();
            let number: usize = String::from_utf8(owner).unwrap()[1..].parse().unwrap();
            number / size
        };
        let cycles: BTreeSet<usize> = plans.iter().map(of).collect();
        assert_eq!((plans.len(), cycles.len()), (3, 3), "cycles of {size}");
    }
}

#[test]
fn the_youngest_of_a_ring_gives_way_and_the_text_goes_around() {
    let mut model = Model::new(3, 3);
    ring(&mut model, 0, 3);
    let plans = plans(&model.contended(), Guards::default());
    let [plan] = &plans[..] else { panic!("{plans:?}") };
    assert_eq!(plan.text, b"o2->o0->o1->o2");
    let shards: BTreeSet<ShardId> = plan.evidence.iter().map(|seen| seen.shard).collect();
    assert_eq!((plan.evidence.len(), shards.len()), (3, 3), "one lock in each of three shards");
}

#[test]
fn a_higher_priority_is_spared() {
    let mut model = Model::new(2, 2);
    model.acquire(b"old", 0, Mode::Exclusive {}, 0);
    model.now_ms += 1;
    model.acquire(b"young", 1, Mode::Exclusive {}, 0);
    model.acquire(b"old", 1, Mode::Exclusive {}, 0);
    model.acquire(b"young", 0, Mode::Exclusive {}, 5);
    let plans = plans(&model.contended(), Guards::default());
    let victims: Vec<_> = plans.iter().map(|plan| owner_of(&model.locks, plan.victim)).collect();
    assert_eq!(victims, [Some(b"old".to_vec())]);
}

/// Each holds one lock and waits for the next one's, around.
fn ring(model: &mut Model, from: usize, size: usize) {
    for at in 0..size {
        model.now_ms += 1;
        model.acquire(&name(from + at), from + at, Mode::Exclusive {}, 0);
    }
    for at in 0..size {
        model.acquire(&name(from + at), from + (at + 1) % size, Mode::Exclusive {}, 0);
    }
}
