//! Single rules.

use lockstep_core::ShardId;
use lockstep_core::locks::Mode;

use super::model::{Model, name};
use crate::deadlocks::Guards;
use crate::deadlocks::graph::Graph;
use crate::deadlocks::judge::Judge;
use crate::deadlocks::picture::{Lock, Party, REPORT_LIFE_MS, Report, Waiter};
use crate::deadlocks::plan::{PLANS_MAX, Plan, plans};

const EXCLUSIVE: Mode = Mode::Exclusive {};
const SHARED: Mode = Mode::Shared {};

fn found(model: &Model) -> Vec<Plan> {
    plans(model.contended(), Guards::default())
}

fn party(owner: &str, id: u64, mode: Mode) -> Party {
    Party { owner: owner.into(), id, mode, birth_ms: id }
}

fn waiter(owner: &str, id: u64, mode: Mode) -> Waiter {
    Waiter { party: party(owner, id, mode), prio: 0, since_ms: id }
}

fn lock(name: &str, holders: Vec<Party>, line: Vec<Waiter>) -> Lock {
    Lock { name: name.into(), holders, line }
}

/// Two who hold one lock each and want the other's, in two shards.
fn cross() -> Model {
    let mut model = Model::new(2, 2);
    model.acquire(b"a", 0, EXCLUSIVE, 0);
    model.acquire(b"b", 1, EXCLUSIVE, 0);
    model.acquire(b"a", 1, EXCLUSIVE, 0);
    model.acquire(b"b", 0, EXCLUSIVE, 0);
    model
}

fn told(model: &Model, number: u64, now_ms: u64) -> Judge {
    let mut judge = Judge::new(Guards::default());
    for shard in [ShardId(0), ShardId(1)] {
        judge.report(shard, model.report(shard, number), now_ms);
    }
    judge
}

#[test]
fn who_wants_a_permit_waits_for_no_one_who_may_keep_his() {
    let one = Mode::Permits { count: 1, limit: 2 };
    let mut model = Model::new(1, 1);
    model.acquire(b"c", 0, EXCLUSIVE, 0);
    model.acquire(b"a", 0, EXCLUSIVE, 0);
    let mut locks = model.contended();
    let holders = vec![party("a", 91, one), party("b", 92, one)];
    locks.push((ShardId(1), lock("s", holders.clone(), vec![waiter("c", 93, one)])));
    assert_eq!(plans(locks.clone(), Guards::default()), [], "b may give back its permit");
    let both = Mode::Permits { count: 2, limit: 2 };
    locks[1].1 = lock("s", holders, vec![waiter("c", 93, both)]);
    assert_eq!(plans(locks, Guards::default()).len(), 1, "a has to give back its permit");
}

#[test]
fn a_reader_behind_a_writer_waits_for_the_readers_before_it() {
    let mut model = Model::new(2, 2);
    model.acquire(b"old", 0, SHARED, 0);
    model.acquire(b"new", 1, EXCLUSIVE, 0);
    model.acquire(b"writer", 0, EXCLUSIVE, 0);
    model.acquire(b"new", 0, SHARED, 0);
    assert_eq!(found(&model), []);
    model.acquire(b"old", 1, EXCLUSIVE, 0);
    let plans = found(&model);
    assert_eq!(plans.len(), 1);
    let seen: usize = plans[0].evidence.values().map(Vec::len).sum();
    assert!(seen >= 3, "the writer between them belongs to it: {plans:?}");
}

#[test]
fn who_converts_does_not_wait_for_itself() {
    let holders = vec![party("a", 1, SHARED), party("b", 2, SHARED)];
    let converts = lock("l", holders, vec![waiter("a", 3, EXCLUSIVE)]);
    assert_eq!(plans(vec![(ShardId(0), converts.clone())], Guards::default()), []);
    let other = lock("m", vec![party("a", 1, EXCLUSIVE)], vec![waiter("b", 2, EXCLUSIVE)]);
    let locks = vec![(ShardId(0), converts), (ShardId(1), other)];
    assert_eq!(plans(locks, Guards::default()).len(), 1);
}

#[test]
fn a_long_line_costs_as_much_as_it_is_long() {
    const LONG: usize = 10_000;
    let mut model = Model::new(1, 1);
    for owner in 0..LONG {
        let mode = if owner % 3 == 0 { EXCLUSIVE } else { SHARED };
        let since_ms = owner as u64;
        let party = Party { owner: name(owner), id: since_ms, mode, birth_ms: since_ms };
        model.locks[0].1.line.push(Waiter { party, prio: 0, since_ms });
    }
    let graph = Graph::of(&model.locks, Guards::default());
    let edges: usize = graph.edges.iter().map(|edges| edges.len()).sum();
    assert!(edges < 12 * LONG, "{edges}");
}

#[test]
fn so_many_deadlocks_are_ended_at_once_and_the_others_later() {
    let pairs = PLANS_MAX + 5;
    let mut model = Model::new(2 * pairs, 2);
    for pair in 0..pairs {
        for (owner, wanted) in [(0, 0), (1, 1), (0, 1), (1, 0)] {
            model.acquire(&name(2 * pair + owner), 2 * pair + wanted, EXCLUSIVE, 0);
        }
    }
    assert_eq!(found(&model).len(), PLANS_MAX);
    let mut judge = told(&model, 1, 0);
    assert_eq!(judge.look(0).len(), PLANS_MAX);
    assert_eq!(judge.look(0).len(), 5);
}

#[test]
fn a_deadlock_is_looked_into_once_and_again_when_it_was_refuted() {
    let mut judge = told(&cross(), 1, 0);
    let plans = judge.look(0);
    assert_eq!(plans.len(), 1);
    assert_eq!(judge.look(0), []);
    judge.refute(plans[0].victim);
    assert_eq!(judge.look(0).len(), 1);
    judge.settle(plans[0].victim, 0);
    assert_eq!(judge.look(0), [], "what is told of it was on its way");
}

#[test]
fn what_nobody_repeats_is_forgotten() {
    let mut judge = told(&cross(), 1, 0);
    assert_eq!(judge.look(REPORT_LIFE_MS + 1), []);
}

#[test]
fn a_leader_of_an_earlier_term_is_not_believed() {
    let model = cross();
    let mut judge = told(&model, 7, 0);
    let newer = Report { term: 2, number: 1, locks: Vec::new() };
    assert!(judge.report(ShardId(0), newer, 0));
    assert!(!judge.report(ShardId(0), model.report(ShardId(0), 8), 0));
    assert_eq!(judge.look(0), []);
}

#[test]
fn a_long_cycle_is_told_in_few_words() {
    let size = 40;
    let mut model = Model::new(size, 5);
    for at in 0..size {
        model.acquire(&name(at), at, EXCLUSIVE, 0);
    }
    for at in 0..size {
        model.acquire(&name(at), (at + 1) % size, EXCLUSIVE, 0);
    }
    let text = String::from_utf8(found(&model)[0].text.clone()).unwrap();
    assert!(text.contains("->...->"), "{text}");
    assert!(text.len() < 200, "{text}");
}
