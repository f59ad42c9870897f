//! Random histories against the model.

use std::collections::BTreeMap;

use super::model::{Answers, Model, Where};
use super::*;
use crate::chance::{Chance, with_seeds};
use crate::queues::message::State;

const NAMES: [&[u8]; 2] = [b"p", b"q"];
const BODIES: [&[u8]; 4] = [b"", b"a", b"bb", &[b'c'; 300]];

/// The table and the model side by side.
struct Pair {
    table: Table,
    model: Model,
    at: Stamp,
    requests: u64,
    /// The newest attempt of each message that was ever seen.
    attempts: BTreeMap<(Vec<u8>, u64), u32>,
}

impl Pair {
    fn new() -> Self {
        Pair {
            table: Table::new(),
            model: Model::default(),
            at: Stamp { now_ms: 1000, ..Stamp::default() },
            requests: 0,
            attempts: BTreeMap::new(),
        }
    }

    fn step(&mut self, chance: &mut Chance) {
        self.at.now_ms += chance.pick(&[0, 0, 1, 5, 30]);
        self.at.seq += 1;
        match chance.below(25) {
            0 => self.end_connection(chance),
            1 if chance.once_in(4) => self.boot(chance),
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
        let mut fx = Effects::default();
        self.table.end_connection(&self.at, ended, &mut fx);
        self.model.end_connections(|origin| origin == ended);
        compare(fx, &Answers::new());
    }

    fn boot(&mut self, chance: &mut Chance) {
        let boot = chance.below(4);
        let mut fx = Effects::default();
        self.table.end_lives(&self.at, Origin { node: NodeId(1), boot, conn: 0 }, &mut fx);
        self.model.newest_boot = self.model.newest_boot.max(boot);
        self.model.end_connections(|origin| origin.boot < boot);
        compare(fx, &Answers::new());
    }

    fn expire(&mut self, budget: usize) {
        let (mut fx, mut answers) = (Effects::default(), Answers::new());
        let got = self.table.expire(&self.at, budget, &mut fx);
        assert_eq!(got, self.model.expire(self.at.now_ms, budget, &mut answers));
        compare(fx, &answers);
    }

    /// What must hold after every step.
    fn look(&mut self) {
        assert_eq!(self.table.queues.len(), self.model.queues.len());
        for due in &self.model.queues {
            let kept = self.table.queues.get(&due.name).unwrap();
            assert!(kept.is_conserved());
            assert_eq!(kept.next_seq, due.next_seq);
            assert_eq!(kept.counts.acked + kept.counts.unacked, due.settled);
            assert_eq!((kept.counts.pushed, kept.counts.purged), (due.pushed, due.purged));
            assert_eq!(kept.messages.len(), due.messages.len());
            let line = kept.line.iter().map(|(_, consumer)| (consumer.origin, consumer.request));
            assert!(line.eq(due.line.iter().map(|asked| (asked.origin, asked.request))));
            let mut states = [0; 4];
            for ((seq, message), sent) in kept.messages.iter().zip(&due.messages) {
                assert_eq!((seq, &message.body[..]), (sent.seq, &sent.body[..]));
                assert_eq!((message.attempts, message.fails), (sent.attempts, sent.fails));
                assert_eq!(place(message.state), sent.state);
                let ways = [
                    kept.ready.iter().any(|other| other == seq),
                    matches!(message.state, State::Delayed { .. }),
                    matches!(message.state, State::Inflight { .. }),
                    kept.dead.iter().any(|other| other == seq),
                ];
                assert_eq!(ways.iter().filter(|is_there| **is_there).count(), 1);
                states.iter_mut().zip(ways).for_each(|(sum, one)| *sum += usize::from(one));
                let newest = self.attempts.entry((due.name.clone(), seq)).or_default();
                assert!(message.attempts >= *newest, "an attempt went back");
                *newest = message.attempts;
            }
            let sums = [kept.ready.len(), kept.delayed, kept.inflight, kept.dead.len()];
            assert_eq!(states, sums);
            let all_late = due.line.iter().all(|asked| {
                asked.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= self.at.now_ms)
            });
            assert!(kept.ready.is_empty() || all_late, "a message and a consumer did not meet");
        }
    }
}

fn place(state: State) -> Where {
    match state {
        State::Ready => Where::Ready,
        State::Delayed { until_ms } => Where::Delayed(until_ms),
        State::Inflight { since_ms, until_ms } => Where::Inflight(since_ms, until_ms),
        State::Dead => Where::Dead,
    }
}

fn compare(mut fx: Effects, answers: &Answers) {
    let got: Answers = fx
        .take()
        .into_iter()
        .map(|effect| match effect {
            Effect::Answer { origin, request, outcome } => (origin, request, outcome),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(got, *answers);
}

fn any_origin(chance: &mut Chance) -> Origin {
    Origin { node: NodeId(1), boot: 1 + chance.below(3), conn: chance.below(3) }
}

fn any_receipts(chance: &mut Chance, requests: u64) -> Vec<Receipt> {
    let any = |chance: &mut Chance| Receipt::Of {
        part: u32::from(chance.once_in(20)),
        seq: chance.below(requests / 3 + 3),
        attempt: chance.below(4) as u32,
    };
    (0..1 + chance.below(4)).map(|_| any(chance)).collect()
}

fn any_op(chance: &mut Chance, requests: u64) -> Op<'static> {
    let queue = chance.pick(&NAMES);
    let origin = any_origin(chance);
    // Now and then a request that was made before.
    let request = if chance.once_in(6) { chance.below(requests) } else { requests };
    match chance.below(24) {
        0..8 => {
            let body = chance.pick(&BODIES);
            let visible = match chance.below(5) {
                0 => Visible::In { ms: chance.below(40) },
                1 => Visible::At { ms: 1000 + chance.below(400) },
                _ => Visible::Now {},
            };
            Op::push_at(queue, body, visible)
        }
        8..16 => {
            let wait = Wait::For { origin, request, block_ms: chance.pick(&[0, 1, 20, 60]) };
            let count = chance.once_in(2).then(|| 1 + chance.below(4));
            let lease_ms = (!chance.once_in(4)).then(|| chance.pick(&[1, 10, 50]));
            let want = Want::some(count, lease_ms, chance.once_in(6));
            Op::pop(queue, want, chance.once_in(2).then_some(wait))
        }
        16..18 => Op::ack(queue, any_receipts(chance, requests)),
        18..20 => {
            let receipts = any_receipts(chance, requests);
            let blames = [Blame::Fail {}, Blame::Fail {}, Blame::Silent {}, Blame::Fatal {}];
            let blame = chance.pick(&blames);
            Op::nack(queue, receipts, blame, Some(chance.pick(&[0, 0, 5, 30])))
        }
        20 => Op::Extend {
            queue,
            part: 0,
            receipts: any_receipts(chance, requests),
            lease_ms: chance.pick(&[0, 1, 40, u64::from(u32::MAX)]),
        },
        21 if chance.once_in(3) => Op::purge(queue),
        22 if chance.once_in(3) => Op::Destroy { queue, part: 0, if_empty: false },
        _ => Op::CancelWait { queue, part: 0, origin, request, error: chance.once_in(2) },
    }
}

#[test]
fn the_table_does_what_the_model_does() {
    with_seeds(3000, |chance| {
        let mut pair = Pair::new();
        for _ in 0..chance.below(150) {
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
        (0..chance.below(80)).for_each(|_| pair.step(chance));
        let image = pair.table.freeze();
        let taken: Vec<Vec<u8>> = pair.table.freeze().chunks().collect();
        (0..80).for_each(|_| pair.step(chance));
        assert!(image.chunks().eq(taken));
    });
}

#[test]
fn any_bytes_are_taken_or_refused_but_never_a_reason_to_stop() {
    with_seeds(3000, |chance| {
        let mut table = Table::new();
        let mut at = Stamp::default();
        for step in 0..40 {
            at.now_ms = at.now_ms.saturating_add(chance.next() >> chance.below(64));
            at.seq = chance.next();
            let bytes = images::almost_an_op(chance, step);
            if let Ok(op) = <Op<'_> as crate::wire::Wire>::take(&mut &bytes[..]) {
                let mut fx = Effects::default();
                table.expire(&at, 10, &mut fx);
                table.apply(&at, &op, &mut fx);
                if !op.is_write() {
                    table.read(at.now_ms, at.now_ms, &op);
                }
            }
        }
    });
}
