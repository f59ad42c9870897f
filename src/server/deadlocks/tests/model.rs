//! Locks as they are granted: in the order of their lines, without anything else.

use std::collections::BTreeMap;

use lockstep_core::ShardId;
use lockstep_core::locks::Mode;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::oracle::gets_it;
use crate::deadlocks::judge::WaitId;
use crate::deadlocks::picture::{Lock, Party, Report, Waiter};

/// Shards with locks.
pub struct Model {
    pub locks: Vec<(ShardId, Lock)>,
    /// When each hold and wait began and ended.
    pub lives: BTreeMap<(ShardId, u64), (u64, Option<u64>)>,
    pub now_ms: u64,
    /// How many had to wait so far.
    pub waits_made: usize,
    next_id: u64,
}

/// How locks are wanted.
pub const MODES: [Mode; 5] =
    [Mode::Exclusive {}, Mode::Exclusive {}, Mode::Shared {}, Mode::Shared {}, Mode::Update {}];

/// How semaphores are wanted; a lock is one of these or the other.
pub const PERMITS: [Mode; 4] = [
    Mode::Permits { count: 1, limit: 3 },
    Mode::Permits { count: 1, limit: 3 },
    Mode::Permits { count: 2, limit: 3 },
    Mode::Permits { count: 1, limit: 2 },
];

/// A mode for a lock: every other is a semaphore, and now and then it is mistaken.
pub fn mode_for(lock: usize, random: &mut SmallRng) -> Mode {
    let other = random.random_ratio(1, 20);
    let modes = if (lock % 2 == 1) != other { &PERMITS[..] } else { &MODES };
    *modes.choose(random).unwrap()
}

impl Model {
    /// So many free locks, spread over so many shards.
    pub fn new(locks: usize, shards: u16) -> Self {
        let of = |number: usize| {
            let shard = ShardId(number as u16 % shards);
            (shard, Lock { name: format!("l{number}").into(), ..Lock::default() })
        };
        Model {
            locks: (0..locks).map(of).collect(),
            lives: BTreeMap::new(),
            now_ms: 1_000,
            waits_made: 0,
            next_id: 0,
        }
    }

    /// A state that a random history leads to, and who moved last.
    pub fn random(seed: u64) -> Model {
        let mut random = SmallRng::seed_from_u64(seed);
        let locks = random.random_range(1..=6);
        let mut model = Model::new(locks, random.random_range(1..=3));
        let owners = random.random_range(2..=8);
        // Mostly an owner that waits asks for nothing else.
        let one_wait = random.random_ratio(3, 4);
        for _ in 0..random.random_range(5..60) {
            model.now_ms += 1;
            let owner = random.random_range(0..owners);
            let lock = random.random_range(0..locks);
            let mode = mode_for(lock, &mut random);
            if random.random_ratio(1, 4) {
                model.release(&name(owner), lock);
            } else if !one_wait || !model.waits(&name(owner)) {
                model.acquire(&name(owner), lock, mode, random.random_range(0..3));
            }
        }
        model
    }

    /// An owner asks for a lock, unless it has it or waits for it.
    pub fn acquire(&mut self, owner: &[u8], number: usize, mode: Mode, prio: u8) {
        let birth_ms = self.birth_of(owner);
        let shard = self.locks[number].0;
        let lock = &self.locks[number].1;
        let there = lock.holders.iter().chain(lock.line.iter().map(|waiter| &waiter.party));
        if { there }.any(|party| party.owner == owner) {
            return;
        }
        self.next_id += 1;
        let party = Party { owner: owner.to_vec(), id: self.next_id, mode, birth_ms };
        self.lives.insert((shard, party.id), (self.now_ms, None));
        let since_ms = self.now_ms;
        let id = party.id;
        self.locks[number].1.line.push(Waiter { party, prio, since_ms });
        self.grant(number);
        let waits = |waiter: &Waiter| waiter.party.id == id;
        self.waits_made += usize::from(self.locks[number].1.line.iter().any(waits));
    }

    /// An owner gives a lock back.
    pub fn release(&mut self, owner: &[u8], number: usize) {
        let (shard, now_ms) = (self.locks[number].0, self.now_ms);
        let lives = &mut self.lives;
        self.locks[number].1.holders.retain(|holder| {
            let kept = holder.owner != owner;
            if !kept {
                lives.get_mut(&(shard, holder.id)).unwrap().1 = Some(now_ms);
            }
            kept
        });
        self.grant(number);
    }

    /// Ends a wait; whether it was still there.
    pub fn cancel(&mut self, (shard, id): WaitId) -> bool {
        for number in 0..self.locks.len() {
            let (of, lock) = &mut self.locks[number];
            let found = lock.line.iter().position(|waiter| waiter.party.id == id);
            if let Some(place) = found.filter(|_| *of == shard) {
                lock.line.remove(place);
                self.lives.get_mut(&(shard, id)).unwrap().1 = Some(self.now_ms);
                self.grant(number);
                return true;
            }
        }
        false
    }

    /// Whether an owner waits for anything.
    pub fn waits(&self, owner: &[u8]) -> bool {
        let mut lines = self.locks.iter().flat_map(|(_, lock)| &lock.line);
        lines.any(|waiter| waiter.party.owner == owner)
    }

    /// What the leader of a shard says.
    pub fn report(&self, shard: ShardId, number: u64) -> Report {
        let of = |(_, lock): &(ShardId, Lock)| lock.clone();
        let contended = |(at, lock): &&(ShardId, Lock)| *at == shard && !lock.line.is_empty();
        Report { term: 1, number, locks: self.locks.iter().filter(contended).map(of).collect() }
    }

    /// The contended locks.
    pub fn contended(&self) -> Vec<(ShardId, Lock)> {
        self.locks.iter().filter(|(_, lock)| !lock.line.is_empty()).cloned().collect()
    }

    fn grant(&mut self, number: usize) {
        let (shard, lock) = &mut self.locks[number];
        while lock.line.first().is_some_and(|first| gets_it(lock, &first.party)) {
            let mut party = lock.line.remove(0).party;
            self.lives.get_mut(&(*shard, party.id)).unwrap().1 = Some(self.now_ms);
            self.next_id += 1;
            party.id = self.next_id;
            self.lives.insert((*shard, party.id), (self.now_ms, None));
            lock.holders.push(party);
        }
    }

    fn birth_of(&self, owner: &[u8]) -> u64 {
        let holders = self.locks.iter().flat_map(|(_, lock)| &lock.holders);
        let lines = self.locks.iter().flat_map(|(_, lock)| &lock.line);
        let known = holders.chain(lines.map(|waiter| &waiter.party));
        let known = known.filter(|party| party.owner == owner).map(|party| party.birth_ms);
        known.min().unwrap_or(self.now_ms)
    }
}

/// The text of an owner.
pub fn name(owner: usize) -> Vec<u8> {
    format!("o{owner}").into_bytes()
}
