//! Random histories with loss of power, killed processes and failing disks.
//!
//! What a log holds after it was opened again must be what the first operations
//! of its history give, in order, and all those that were promised to be safe are
//! among them. Entries of one hand-over count each on its own.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use bytes::Bytes;
use lockstep_core::ShardId;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::rig::{Answer, Held, by_hand, held, id, record, try_open};
use crate::disk::SimOp;
use crate::{EntryId, Fsync, Log, Record, SimDisk};

const SHARDS: u16 = 3;

#[derive(Clone, Debug)]
enum Op {
    Append(u16, Record),
    Truncate(u16, u64),
    Purge(u16, EntryId),
    Vote(u16, Vec<u8>),
    Forget(u16),
}

type State = BTreeMap<u16, Held>;

fn apply(state: &mut State, op: &Op) {
    match op {
        Op::Append(shard, record) => {
            let entries = &mut state.get_mut(shard).unwrap().entries;
            entries.retain(|held| held.id.index < record.id.index);
            entries.push(record.clone());
        }
        Op::Truncate(shard, from) => {
            state.get_mut(shard).unwrap().entries.retain(|held| held.id.index < *from);
        }
        Op::Purge(shard, upto) => {
            let held = state.get_mut(shard).unwrap();
            if held.purged.is_none_or(|purged| purged.index < upto.index) {
                held.purged = Some(*upto);
                held.entries.retain(|held| held.id.index > upto.index);
            }
        }
        Op::Forget(shard) => *state.get_mut(shard).unwrap() = Held::default(),
        Op::Vote(shard, vote) => state.get_mut(shard).unwrap().vote = Some(vote.clone()),
    }
}

/// A hand-over: how many operations there were up to and with it, and its answer.
struct Pending {
    ops: usize,
    answer: Answer,
    safe: bool,
}

struct Story {
    rng: SmallRng,
    disk: SimDisk,
    fsync: Fsync,
    /// What the log held when it was opened.
    base: State,
    ops: Vec<Op>,
    /// The state after all operations.
    now: State,
    pending: Vec<Pending>,
    term: u64,
}

impl Story {
    fn new(seed: u64) -> Story {
        let empty: State = (0..SHARDS).map(|shard| (shard, Held::default())).collect();
        Story {
            rng: SmallRng::seed_from_u64(seed),
            disk: SimDisk::new(),
            fsync: Fsync::Always,
            base: empty.clone(),
            ops: Vec::new(),
            now: empty,
            pending: Vec::new(),
            term: 1,
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.random_range(0..100) < percent
    }

    fn open(&mut self) -> Log {
        let modes = [Fsync::Always, Fsync::Always, Fsync::EverySec, Fsync::Never];
        self.fsync = modes[self.rng.random_range(0..modes.len())];
        let mut options = by_hand();
        options.fsync = self.fsync;
        options.cache_bytes_max = [0, 2000, 1 << 20][self.rng.random_range(0..3)];
        options.spare_segments_max = self.rng.random_range(0..3);
        let (log, recovered) = try_open(&self.disk, options).unwrap();
        assert_eq!(recovered.entries, log.stats().entries);
        log
    }

    fn hand_in(&mut self, log: &Log) {
        let shard = self.rng.random_range(0..SHARDS);
        let answer = Answer::default();
        let mut safe = self.fsync == Fsync::Always;
        match self.rng.random_range(0..100) {
            0..60 => self.append(log, shard, &answer),
            60..70 => {
                let from = self.some_index(shard);
                self.push(Op::Truncate(shard, from));
                log.truncate(ShardId(shard), from, answer.done());
            }
            70..73 => {
                safe = true;
                self.push(Op::Forget(shard));
                log.forget(ShardId(shard), answer.done());
            }
            73..87 => {
                let upto = id(self.term, self.some_index(shard));
                self.push(Op::Purge(shard, upto));
                log.purge(ShardId(shard), upto, answer.done());
            }
            _ => {
                safe = true;
                let vote = self.rng.random::<u64>().to_le_bytes().to_vec();
                self.push(Op::Vote(shard, vote.clone()));
                log.save_vote_then(ShardId(shard), &vote, answer.done());
            }
        }
        self.pending.push(Pending { ops: self.ops.len(), answer, safe });
    }

    /// An index at or behind the last purged one, up to a few beyond the end.
    fn some_index(&mut self, shard: u16) -> u64 {
        let held = &self.now[&shard];
        let first = held.purged.map_or(1, |purged| purged.index + 1);
        let end = held.entries.last().map_or(first, |last| last.id.index + 1);
        self.rng.random_range(first..end + 3)
    }

    fn append(&mut self, log: &Log, shard: u16, answer: &Answer) {
        let held = &self.now[&shard];
        let first = held.purged.map_or(1, |purged| purged.index + 1);
        let end = held.entries.last().map_or(first, |last| last.id.index + 1);
        if self.chance(10) {
            self.term += 1;
        }
        let from = if self.chance(10) { self.rng.random_range(first..=end) } else { end };
        let count = self.rng.random_range(1..6);
        let records: Vec<Record> = (from..from + count)
            .map(|index| {
                let largest = if self.chance(3) { 9000 } else { 700 };
                let len = self.rng.random_range(0..largest);
                let fill = self.rng.random::<u8>();
                record(self.term, index, Bytes::from(vec![fill; len]))
            })
            .collect();
        for record in &records {
            self.push(Op::Append(shard, record.clone()));
        }
        log.append(ShardId(shard), records, answer.done());
    }

    fn push(&mut self, op: Op) {
        apply(&mut self.now, &op);
        self.ops.push(op);
    }

    /// Works for a while on a disk that may fail, and checks what is read meanwhile.
    fn live(&mut self, log: &Log) {
        let fault = self.rng.random_range(0..10);
        match fault {
            0..5 => self.disk.power_off_after(self.rng.random_range(0..60)),
            5 => self.disk.fail_nth(SimOp::Sync, self.rng.random_range(1..20), ErrorKind::Other),
            6 => self.disk.fail_nth(SimOp::Write, self.rng.random_range(1..20), ErrorKind::Other),
            7 => self.disk.fail_nth(SimOp::Name, self.rng.random_range(1..8), ErrorKind::Other),
            _ => {}
        }
        for _ in 0..self.rng.random_range(1..25) {
            self.hand_in(log);
            match self.rng.random_range(0..10) {
                0..3 => {}
                3 => drop(log.write_only()),
                4 => log.rest(),
                _ => drop(log.step()),
            }
            if log.failed().is_some() {
                break;
            }
            // Without power nothing can be read.
            if fault >= 5 && self.chance(20) {
                assert_eq!(contents(log), self.now, "what is read of a running log");
            }
        }
    }

    /// How many operations must be there after the loss of power.
    fn promised(&self, process_only: bool) -> usize {
        let kept = self.pending.iter().filter(|pending| {
            let written = process_only && self.fsync == Fsync::EverySec;
            pending.answer.is_ok() && (pending.safe || written)
        });
        kept.map(|pending| pending.ops).max().unwrap_or(0)
    }

    /// Opens the log again and looks for the operations that give what it holds.
    fn check(&mut self, promised: usize) {
        let log = self.open();
        let found = contents(&log);
        let mut state = self.base.clone();
        self.ops[..promised].iter().for_each(|op| apply(&mut state, op));
        let mut rest = self.ops[promised..].iter();
        while state != found {
            let Some(op) = rest.next() else {
                panic!("{promised} operations were promised; found {found:#?}");
            };
            apply(&mut state, op);
        }
        self.base = found.clone();
        self.now = found;
        self.ops.clear();
        self.pending.clear();
    }

    fn end_of_life(&mut self, log: Log) {
        if self.chance(10) {
            log.close();
        }
        // A failed sync leaves bytes that can be read and are not safe.
        let killed = self.chance(30);
        let promised = self.promised(killed);
        let seed = self.rng.random();
        if killed {
            self.disk.kill();
        } else {
            self.disk.power_loss(seed);
        }
        drop(log);
        self.check(promised);
    }

    fn tell(mut self) {
        for _ in 0..4 {
            let log = self.open();
            self.live(&log);
            self.end_of_life(log);
            // What was found once is safe from then on.
            let seed = self.rng.random();
            self.disk.power_loss(seed);
            self.check(0);
            assert!(self.ops.is_empty());
        }
    }
}

fn contents(log: &Log) -> State {
    (0..SHARDS).map(|shard| (shard, held(log, shard))).collect()
}

#[test]
fn what_was_promised_survives_the_loss_of_power_at_any_step() {
    let from: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let count: u64 = std::env::var("SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2000);
    for seed in from..from + count {
        let told = std::panic::catch_unwind(|| Story::new(seed).tell());
        assert!(told.is_ok(), "history with SEED={seed}");
    }
}
