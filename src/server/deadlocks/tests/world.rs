//! The detector in a world that goes on while it looks: messages are late and come
//! in the wrong order, each shard is asked at another time, and what is decided is
//! done later still.

use std::collections::BTreeSet;

use lockstep_core::ShardId;
use lockstep_core::locks::knots::Rules;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::model::{Model, mode_for, name};
use super::oracle::stuck;
use crate::deadlocks::Guards;
use crate::deadlocks::judge::{Judge, WaitId};
use crate::deadlocks::picture::Report;
use crate::deadlocks::plan::{Evidence, Plan};

const SHARDS: u16 = 3;
const LOCKS: usize = 5;
const OWNERS: usize = 6;

/// What was wrong in a run.
#[derive(Debug, Default, PartialEq)]
struct Flaws {
    /// Victims of cycles that never were.
    false_victims: usize,
    /// Victims of cycles of which a wait was being ended already.
    needless: usize,
    /// Owners who are stuck at the end.
    stuck: usize,
}

impl Flaws {
    fn any(&self) -> bool {
        *self != Flaws::default()
    }
}

/// A plan under way.
struct Errand {
    plan: Plan,
    /// When each shard is asked whether it is still so.
    asks: Vec<(u64, ShardId)>,
    refuted: bool,
    /// Whether its owner was stuck when this was found.
    was_stuck: bool,
    /// When the wait is ended.
    end_ms: u64,
}

struct World {
    random: SmallRng,
    guards: Guards,
    model: Model,
    judge: Judge,
    numbers: u64,
    on_the_way: Vec<(u64, ShardId, Report)>,
    errands: Vec<Errand>,
    flaws: Flaws,
    victims: usize,
    ended: BTreeSet<WaitId>,
}

impl World {
    fn run(seed: u64, guards: Guards) -> (Flaws, usize) {
        let (flaws, victims, _) = World::run_counting(seed, guards);
        (flaws, victims)
    }

    /// The same, with the number of waits.
    fn run_counting(seed: u64, guards: Guards) -> (Flaws, usize, usize) {
        let mut world = World {
            random: SmallRng::seed_from_u64(seed),
            guards,
            model: Model::new(LOCKS, SHARDS),
            judge: Judge::new(guards),
            numbers: 0,
            on_the_way: Vec::new(),
            errands: Vec::new(),
            flaws: Flaws::default(),
            victims: 0,
            ended: BTreeSet::new(),
        };
        for _ in 0..120 {
            world.model.now_ms += 1;
            world.churn();
            world.step();
        }
        // Nobody does anything any more; the reports go on, as they do.
        for _ in 0..200 {
            world.model.now_ms += 1;
            world.step();
        }
        world.flaws.stuck = stuck(&world.model.contended(), &BTreeSet::new()).len();
        (world.flaws, world.victims, world.model.waits_made)
    }

    fn churn(&mut self) {
        let owner = name(self.random.random_range(0..OWNERS));
        let lock = self.random.random_range(0..LOCKS);
        let mode = mode_for(lock, &mut self.random);
        match self.random.random_range(0..10) {
            0..2 => self.model.release(&owner, lock),
            2..4 => self.give_up(&owner),
            _ if self.model.waits(&owner) => {}
            _ => self.model.acquire(&owner, lock, mode, 0),
        }
    }

    fn give_up(&mut self, owner: &[u8]) {
        let of = |(shard, id): WaitId| (shard, id);
        let found = self.model.locks.iter().find_map(|(shard, lock)| {
            let waiter = lock.line.iter().find(|waiter| waiter.party.owner == owner)?;
            Some(of((*shard, waiter.party.id)))
        });
        if let Some(wait) = found {
            self.model.cancel(wait);
        }
    }

    fn step(&mut self) {
        self.send();
        self.receive();
        for plan in self.judge.look(self.model.now_ms) {
            self.set_out(plan);
        }
        self.ask();
        self.end_waits();
    }

    fn send(&mut self) {
        let shard = ShardId(self.random.random_range(0..SHARDS));
        self.numbers += 1;
        let report = self.model.report(shard, self.numbers);
        let arrives_ms = self.model.now_ms + self.random.random_range(0..12);
        self.on_the_way.push((arrives_ms, shard, report));
    }

    fn receive(&mut self) {
        let now_ms = self.model.now_ms;
        let (due, later) =
            std::mem::take(&mut self.on_the_way).into_iter().partition(|(at, ..)| *at <= now_ms);
        self.on_the_way = later;
        let due: Vec<(u64, ShardId, Report)> = due;
        for (_, shard, report) in due {
            self.judge.report(shard, report, now_ms);
        }
    }

    fn set_out(&mut self, plan: Plan) {
        let now_ms = self.model.now_ms;
        let victims = self.errands.iter().map(|errand| errand.plan.victim);
        let victims: BTreeSet<WaitId> = victims.chain(self.ended.iter().copied()).collect();
        let closes = |seen: &Evidence| victims.contains(&(seen.shard, seen.wait));
        self.flaws.needless += usize::from(plan.evidence.iter().any(closes));
        let mut at = || now_ms + self.random.random_range(0..5);
        let shards: BTreeSet<ShardId> = plan.evidence.iter().map(|seen| seen.shard).collect();
        let asks: Vec<(u64, ShardId)> = shards.into_iter().map(|shard| (at(), shard)).collect();
        let asked_ms = asks.iter().map(|(at, _)| *at).max().unwrap_or(now_ms);
        let end_ms = asked_ms + self.random.random_range(0..5);
        // All that was told and is still there when it is asked for is there now.
        let all_stuck = stuck(&self.model.contended(), &BTreeSet::new());
        let was_stuck = all_stuck.contains(&plan.evidence[0].owner);
        self.errands.push(Errand { plan, asks, refuted: false, was_stuck, end_ms });
    }

    fn ask(&mut self) {
        let now_ms = self.model.now_ms;
        for errand in &mut self.errands {
            for (_, shard) in errand.asks.iter().filter(|(at, _)| *at == now_ms) {
                let there = |seen: &&Evidence| {
                    let is_there = |id| self.model.lives[&(*shard, id)].1.is_none();
                    is_there(seen.wait) && is_there(seen.other)
                };
                let mut seen = errand.plan.evidence.iter().filter(|seen| seen.shard == *shard);
                errand.refuted |= !seen.all(|seen| there(&seen));
            }
        }
    }

    fn end_waits(&mut self) {
        let now_ms = self.model.now_ms;
        let (due, later) = std::mem::take(&mut self.errands)
            .into_iter()
            .partition(|errand: &Errand| errand.end_ms <= now_ms);
        self.errands = later;
        for errand in due {
            let Errand { plan, refuted, was_stuck, .. } = errand;
            if refuted && self.guards.confirm {
                self.judge.refute(plan.victim);
                continue;
            }
            let was = was_stuck && self.was_at_one_instant(&plan);
            if self.model.cancel(plan.victim) {
                self.victims += 1;
                self.flaws.false_victims += usize::from(!was);
            }
            self.ended.insert(plan.victim);
            self.judge.settle(plan.victim, now_ms);
        }
    }

    /// Whether all of a cycle was there at once, at any time.
    fn was_at_one_instant(&self, plan: &Plan) -> bool {
        let of = |seen: &Evidence| [(seen.shard, seen.wait), (seen.shard, seen.other)];
        let lives = || plan.evidence.iter().flat_map(of).map(|id| self.model.lives[&id]);
        let began = lives().map(|(began, _)| began).max();
        let ended = lives().filter_map(|(_, ended)| ended).min();
        ended.is_none_or(|ended| Some(ended) >= began)
    }
}

fn runs(guards: Guards, seeds: u64) -> (usize, usize) {
    let mut flawed = 0;
    let mut victims = 0;
    for seed in 0..seeds {
        let (flaws, of_run) = World::run(seed, guards);
        if guards == Guards::default() {
            assert!(!flaws.any(), "seed {seed}: {flaws:?}");
        }
        flawed += usize::from(flaws.any());
        victims += of_run;
    }
    (flawed, victims)
}

#[test]
fn s20_s21_no_victim_without_a_cycle_one_for_each_and_none_is_left() {
    let (_, victims) = runs(Guards::default(), 150);
    assert!(victims > 150, "{victims}");
}

/// `TEST_WAITS=1000000` for as many as are promised.
#[test]
fn s20_many_waits_without_a_false_victim() {
    let asked = std::env::var("TEST_WAITS").ok();
    let enough = asked.map_or(5_000, |text| text.parse().expect("a number"));
    let (mut waits, mut victims, mut seed) = (0, 0, 1_000);
    while waits < enough {
        let (flaws, of_run, waited) = World::run_counting(seed, Guards::default());
        assert!(!flaws.any(), "seed {seed}: {flaws:?}");
        (waits, victims, seed) = (waits + waited, victims + of_run, seed + 1);
    }
    println!("{waits} waits, {victims} victims, {seed} seeds");
}

#[test]
fn without_a_second_look_waits_end_for_cycles_that_never_were() {
    assert!(runs(Guards { confirm: false, ..Guards::default() }, 60).0 > 0);
}

#[test]
fn old_reports_that_take_the_place_of_new_ones_are_noticed() {
    let guards = Guards { newest_report_only: false, confirm: false, ..Guards::default() };
    let (bad, _) = runs(guards, 60);
    let (better, _) = runs(Guards { newest_report_only: true, ..guards }, 60);
    assert!(bad > better, "{bad} and {better}");
}

#[test]
fn a_wait_that_is_being_ended_must_close_no_further_cycle() {
    let guards = Guards { doomed_left_out: false, ..Guards::default() };
    assert!(runs(guards, 60).0 > 0);
}

#[test]
fn without_the_waiters_ahead_some_are_stuck_for_good() {
    let rules = Rules { waiters_ahead: false, ..Rules::default() };
    assert!(runs(Guards { rules, ..Guards::default() }, 60).0 > 0);
}

#[test]
fn permits_that_were_not_told_may_have_been_given_back() {
    let rules = Rules { whole_proof: false, ..Rules::default() };
    assert!(runs(Guards { rules, ..Guards::default() }, 150).0 > 0);
}
