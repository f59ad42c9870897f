//! Random histories against the model.

use std::collections::BTreeMap;

use super::model::{Answers, Model};
use super::*;
use crate::chance::{Chance, with_seeds};

const NAMES: [&[u8]; 3] = [b"a", b"b", b"c"];
const OWNERS: [&[u8]; 3] = [b"x", b"y", b"z"];

/// The table and the model side by side.
struct Pair {
    table: Table,
    model: Model,
    at: Stamp,
    requests: u64,
    newest_tokens: BTreeMap<Vec<u8>, u64>,
}

impl Pair {
    fn new() -> Self {
        Pair {
            table: Table::new(),
            model: Model::default(),
            at: Stamp { now_ms: 1000, ..Stamp::default() },
            requests: 0,
            newest_tokens: BTreeMap::new(),
        }
    }

    fn step(&mut self, chance: &mut Chance) {
        self.at.now_ms += chance.pick(&[0, 0, 1, 5, 30]);
        match chance.below(20) {
            0 => self.end_connection(chance),
            1 if chance.once_in(5) => self.boot(chance),
            2 => self.expire(chance.pick(&[0, 1, 2])),
            _ => self.operation(chance),
        }
        if chance.once_in(2) {
            self.expire(usize::MAX);
        }
    }

    fn operation(&mut self, chance: &mut Chance) {
        self.requests += 1;
        let op = any_op(chance, self.requests);
        let (mut fx, mut answers) = (Effects::default(), Answers::new());
        let got = self.table.apply(&self.at, &op, &mut fx);
        let due = self.model.apply(self.at.now_ms, &op, &mut answers);
        assert_eq!(got, due, "{op:?}");
        compare(fx, &answers);
    }

    fn end_connection(&mut self, chance: &mut Chance) {
        let ended = any_origin(chance);
        let (mut fx, mut answers) = (Effects::default(), Answers::new());
        self.table.end_connection(&self.at, ended, &mut fx);
        self.model.end_connections(self.at.now_ms, |origin| origin == ended, &mut answers);
        compare(fx, &answers);
    }

    fn boot(&mut self, chance: &mut Chance) {
        let boot = chance.below(4);
        let (mut fx, mut answers) = (Effects::default(), Answers::new());
        self.table.end_lives(&self.at, NodeId(1), boot, &mut fx);
        self.model.newest_boot = self.model.newest_boot.max(boot);
        self.model.end_connections(self.at.now_ms, |origin| origin.boot < boot, &mut answers);
        compare(fx, &answers);
    }

    fn expire(&mut self, budget: usize) {
        let (mut fx, mut answers) = (Effects::default(), Answers::new());
        let got = self.table.expire(&self.at, budget, &mut fx);
        assert_eq!(got, self.model.expire(self.at.now_ms, budget, &mut answers));
        compare(fx, &answers);
    }

    /// What must hold after every step.
    fn look(&mut self) {
        assert_eq!(self.table.held(), self.model.locks.len());
        assert_eq!(self.table.last_token, self.model.last_token);
        let mut waiting = 0;
        for lock in &self.model.locks {
            let kept = self.table.locks.get(&lock.name).unwrap();
            assert_eq!(kept.hold.token.0, lock.token);
            assert_eq!(kept.hold.deadline_ms, lock.deadline_ms);
            let line = kept.line.iter().flat_map(|(_, waiter)| {
                waiter.callers.iter().map(|caller| (caller.origin, caller.request))
            });
            assert!(line.eq(lock.line.iter().map(|asked| (asked.origin, asked.request))));
            assert_eq!(kept.waiting, lock.line.len());
            waiting += lock.line.len();
            let newest = self.newest_tokens.entry(lock.name.clone()).or_default();
            assert!(lock.token >= *newest, "a token went back");
            *newest = lock.token;
        }
        assert_eq!(self.table.waiting(), waiting);
    }
}

fn compare(mut fx: Effects, answers: &Answers) {
    let got: Answers = fx
        .take()
        .into_iter()
        .map(|Effect::Answer { origin, request, outcome }| (origin, request, outcome))
        .collect();
    assert_eq!(got, *answers);
}

fn any_origin(chance: &mut Chance) -> Origin {
    Origin { node: NodeId(1), boot: 1 + chance.below(3), conn: chance.below(3) }
}

fn any_op(chance: &mut Chance, requests: u64) -> Op<'static> {
    let name = chance.pick(&NAMES);
    let origin = any_origin(chance);
    let owner = if chance.once_in(2) {
        Owner::Connection { origin }
    } else {
        Owner::Named { name: chance.pick(&OWNERS) }
    };
    let token = chance.once_in(3).then(|| Token(chance.below(requests + 1)));
    // Now and then a request that was made before.
    let request = if chance.once_in(6) { chance.below(requests) } else { requests };
    match chance.below(10) {
        0..5 => {
            let lease_ms = chance.once_in(2).then(|| chance.pick(&[1, 10, 50]));
            let block_ms = chance.pick(&[0, 1, 20, 60]);
            let wait = Wait::For { origin, request, block_ms };
            let wait = (!chance.once_in(4)).then_some(wait);
            Op::Acquire { name, owner, mode: Mode::Exclusive {}, lease_ms, wait }
        }
        5..7 => Op::Release { name, owner, token, strict: chance.once_in(3) },
        7 => Op::Renew { name, owner, token, lease_ms: chance.pick(&[0, 10, 100]) },
        8 => Op::CancelWait { name, origin, request, error: chance.once_in(2) },
        _ => {
            let token = Token(chance.below(requests));
            Op::Check { name, token, owner: chance.once_in(2).then_some(owner) }
        }
    }
}

#[test]
fn the_table_does_what_the_model_does() {
    with_seeds(3000, |chance| {
        let mut pair = Pair::new();
        for _ in 0..chance.below(120) {
            pair.step(chance);
            pair.look();
        }
    });
}

#[test]
fn the_table_is_the_same_after_a_replay_and_after_a_snapshot_at_any_point() {
    with_seeds(2000, |chance| {
        let (mut first, mut second) = (Pair::new(), Pair::new());
        let seed = chance.next();
        let steps = 1 + chance.below(80);
        let cut = chance.below(steps);
        let (mut one, mut other) = (Chance::new(seed), Chance::new(seed));
        for step in 0..steps {
            first.step(&mut one);
            second.step(&mut other);
            if step == cut {
                second.table = images::through_a_snapshot(&second.table);
            }
            if chance.once_in(64) || step + 1 == steps {
                assert_eq!(first.table.state_digest(), second.table.state_digest());
            }
        }
        assert_eq!(first.table.index, second.table.index);
    });
}

#[test]
fn an_image_stays_as_it_was_taken() {
    with_seeds(300, |chance| {
        let mut pair = Pair::new();
        (0..chance.below(60)).for_each(|_| pair.step(chance));
        let image = pair.table.freeze();
        let taken: Vec<Vec<u8>> = pair.table.freeze().chunks().collect();
        (0..60).for_each(|_| pair.step(chance));
        assert!(image.chunks().eq(taken));
    });
}

#[test]
fn any_bytes_are_taken_or_refused_but_never_a_reason_to_stop() {
    with_seeds(3000, |chance| {
        let mut table = Table::new();
        let mut at = Stamp::default();
        for _ in 0..30 {
            at.now_ms = at.now_ms.saturating_add(chance.next() >> chance.below(64));
            let bytes = images::almost_an_op(chance);
            if let Ok(op) = <Op<'_> as crate::wire::Wire>::take(&mut &bytes[..]) {
                let mut fx = Effects::default();
                table.expire(&at, 10, &mut fx);
                table.apply(&at, &op, &mut fx);
                table.read(at.now_ms, at.now_ms, &op);
            }
        }
    });
}
