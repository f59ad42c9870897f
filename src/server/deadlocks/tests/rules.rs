//! Single rules.

use lockstep_core::ShardId;
use lockstep_core::locks::Mode;
use tokio::sync::mpsc::channel;

use super::model::{Model, name};
use crate::deadlocks::judge::Judge;
use crate::deadlocks::picture::{Lock, Party, REPORT_LIFE_MS, Report, Waiter};
use crate::deadlocks::plan::{OWNER_BYTES_TOLD_MAX, OWNERS_TOLD_MAX, PLANS_MAX, Plan, plans};
use crate::deadlocks::{Deadlocks, Guards, WORDS_MAX};

const EXCLUSIVE: Mode = Mode::Exclusive {};
const SHARED: Mode = Mode::Shared {};

fn found(model: &Model) -> Vec<Plan> {
    plans(&model.contended(), Guards::default())
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
    assert_eq!(plans(&locks, Guards::default()), [], "b may give back its permit");
    let both = Mode::Permits { count: 2, limit: 2 };
    locks[1].1 = lock("s", holders, vec![waiter("c", 93, both)]);
    assert_eq!(plans(&locks, Guards::default()).len(), 1, "a has to give back its permit");
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
    assert!(plans[0].evidence.len() >= 3, "the writer between them belongs to it: {plans:?}");
}

#[test]
fn who_converts_does_not_wait_for_itself() {
    let holders = vec![party("a", 1, SHARED), party("b", 2, SHARED)];
    let converts = lock("l", holders, vec![waiter("a", 3, EXCLUSIVE)]);
    assert_eq!(plans(&[(ShardId(0), converts.clone())], Guards::default()), []);
    let other = lock("m", vec![party("a", 1, EXCLUSIVE)], vec![waiter("b", 2, EXCLUSIVE)]);
    let locks = [(ShardId(0), converts), (ShardId(1), other)];
    assert_eq!(plans(&locks, Guards::default()).len(), 1);
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
fn what_nobody_repeats_is_believed_where_that_guard_is_off() {
    let mut judge = Judge::new(Guards { old_forgotten: false, ..Guards::default() });
    for shard in [ShardId(0), ShardId(1)] {
        judge.report(shard, cross().report(shard, 1), 0);
    }
    assert_eq!(judge.look(REPORT_LIFE_MS + 1).len(), 1, "the test before this one finds it");
}

#[test]
fn numbers_alone_do_not_tell_which_leader_is_newer() {
    let mut judge = Judge::new(Guards { newest_term_only: false, ..Guards::default() });
    let model = cross();
    judge.report(ShardId(0), model.report(ShardId(0), 7), 0);
    let newer = Report { term: 2, number: 1, locks: Vec::new() };
    assert!(!judge.report(ShardId(0), newer, 0), "the test before this one finds it");
}

#[test]
fn a_deadlock_that_another_frees_has_no_victim_of_its_own() {
    let one = Mode::Permits { count: 1, limit: 2 };
    let mut model = Model::new(3, 3);
    for (owner, held) in [(b"c", 0), (b"d", 1), (b"b", 2)] {
        model.acquire(owner, held, EXCLUSIVE, 0);
    }
    for (owner, wanted) in [(b"a", 0), (b"b", 1), (b"d", 2)] {
        model.acquire(owner, wanted, EXCLUSIVE, 0);
    }
    let mut locks = model.contended();
    let holders = vec![party("a", 91, one), party("b", 92, one)];
    locks.push((ShardId(1), lock("s", holders, vec![waiter("c", 93, one)])));
    // a waits for c, and c for a or b; b and d wait for each other.
    let found = plans(&locks, Guards::default());
    let texts: Vec<String> =
        found.iter().map(|plan| String::from_utf8(plan.text.clone()).unwrap()).collect();
    assert!(matches!(&texts[..], [one] if one.contains('b') && one.contains('d')), "{texts:?}");
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
    assert_eq!(text.matches("->").count(), OWNERS_TOLD_MAX + 1, "{text}");
}

#[test]
fn reports_that_nobody_has_time_for_are_dropped() {
    let deadlocks = Deadlocks::default();
    let (sender, mut words) = channel(WORDS_MAX);
    deadlocks.words.set(sender).unwrap();
    (0..WORDS_MAX + 10).for_each(|_| deadlocks.told(b""));
    assert_eq!(words.len(), WORDS_MAX);
    words.try_recv().unwrap();
    deadlocks.told(b"");
    assert_eq!(words.len(), WORDS_MAX, "there is room again");
}

#[test]
fn a_long_owner_is_told_by_its_beginning() {
    let long = "o".repeat(4_096);
    let mut model = Model::new(2, 2);
    for (owner, wanted) in [(&b"x"[..], 0), (long.as_bytes(), 1), (b"x", 1), (long.as_bytes(), 0)] {
        model.acquire(owner, wanted, EXCLUSIVE, 0);
    }
    let text = &found(&model)[0].text;
    assert_eq!(text.iter().filter(|byte| **byte == b'o').count() % OWNER_BYTES_TOLD_MAX, 0);
}
