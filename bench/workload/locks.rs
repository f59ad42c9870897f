//! LOCK and UNLOCK, and whether a lock had two holders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use redis_protocol::resp2::types::OwnedFrame;

use super::{Command, Counters, Next, Step};
use crate::Flags;
use crate::wire::{push_request, value};

const LEASE_MS: &[u8] = b"30000";

/// What the generator knows of the locks, over all connections.
///
/// An operation stands here from its grant until just before its UNLOCK leaves,
/// which is within the time it truly holds the lock: two at once are an error of
/// the server, unless both share it.
#[derive(Debug)]
pub struct Table {
    locks: Vec<Lock>,
}

#[derive(Debug, Default)]
struct Lock {
    /// Who holds it alone.
    holder: AtomicU64,
    /// How many share it.
    sharers: AtomicU64,
    token: AtomicU64,
}

impl Table {
    /// With this many locks.
    pub fn new(locks: u64) -> Self {
        Self { locks: (0..locks).map(|_| Lock::default()).collect() }
    }

    fn granted(&self, lock: u32, holder: u64, token: u64, counters: &mut Counters) {
        let lock = &self.locks[lock as usize];
        counters.granted += 1;
        let alone = lock.holder.swap(holder, Ordering::SeqCst) == 0;
        if !alone || lock.sharers.load(Ordering::SeqCst) != 0 {
            counters.double_held += 1;
        }
        if lock.token.fetch_max(token, Ordering::SeqCst) >= token {
            counters.token_not_above += 1;
        }
    }

    fn granted_shared(&self, lock: u32, token: u64, counters: &mut Counters) {
        let lock = &self.locks[lock as usize];
        counters.granted += 1;
        lock.sharers.fetch_add(1, Ordering::SeqCst);
        if lock.holder.load(Ordering::SeqCst) != 0 {
            counters.double_held += 1;
        }
        // Those who share have the same one.
        if lock.token.fetch_max(token, Ordering::SeqCst) > token {
            counters.token_not_above += 1;
        }
    }

    fn releasing(&self, lock: u32, holder: u64) {
        let lock = &self.locks[lock as usize];
        // When it fails the double hold was counted by whoever overwrote it.
        let _ = lock.holder.compare_exchange(holder, 0, Ordering::SeqCst, Ordering::SeqCst);
    }

    fn releasing_shared(&self, lock: u32) {
        self.locks[lock as usize].sharers.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What one connection asks for. Each operation is an owner of its own, so that
/// operations of one connection exclude each other too.
#[derive(Debug)]
pub struct Script {
    table: Arc<Table>,
    random: SmallRng,
    locks: u32,
    block_ms: Option<Vec<u8>>,
    work: u32,
    shared: f64,
    nested: f64,
    run: u64,
    next: u64,
}

impl Script {
    /// For connection number `index`.
    pub fn new(flags: &Flags, index: usize, table: Arc<Table>) -> Self {
        Self {
            table,
            random: SmallRng::seed_from_u64(flags.seed.wrapping_add(index as u64)),
            locks: u32::try_from(flags.keys).unwrap_or(u32::MAX),
            block_ms: flags.block_ms.map(|ms| ms.to_string().into_bytes()),
            work: flags.work,
            shared: flags.shared,
            nested: flags.nested,
            run: flags.run_id,
            next: ((index as u64) << 40) + 1,
        }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>) -> Step {
        let item = self.random.random_range(0..self.locks);
        let number = self.next;
        self.next += 1;
        self.lock(Step { command: Command::Lock, item, number, work: self.work, first: None }, out)
    }

    fn lock(&self, step: Step, out: &mut Vec<u8>) -> Step {
        let (lock, owner) = (name(step.item), self.owner(step.number));
        let mut words: Vec<&[u8]> = vec![b"LOCK", &lock];
        if self.shares(step) {
            words.push(b"SHARED");
        }
        words.extend([&b"OWNER"[..], &owner, b"PX", LEASE_MS]);
        if let Some(ms) = &self.block_ms {
            words.extend([&b"BLOCK"[..], ms]);
        }
        push_request(out, &words);
        step
    }

    /// Whether an operation shares a lock: the same answer whenever it is asked.
    fn shares(&self, step: Step) -> bool {
        self.chance(step, 1) < self.shared
    }

    fn nests(&self, step: Step) -> bool {
        step.first.is_none() && self.locks > 1 && self.chance(step, 2) < self.nested
    }

    fn chance(&self, step: Step, about: u64) -> f64 {
        let mixed = step.number ^ (u64::from(step.item) << 20) ^ (about << 60);
        SmallRng::seed_from_u64(mixed).random()
    }

    pub(super) fn reply(
        &mut self,
        step: Step,
        reply: &[u8],
        out: &mut Vec<u8>,
        counters: &mut Counters,
    ) -> Next {
        match (step.command, value(reply)) {
            (Command::Lock, Ok(OwnedFrame::Integer(token))) => {
                if self.shares(step) {
                    self.table.granted_shared(step.item, token as u64, counters);
                } else {
                    self.table.granted(step.item, step.number, token as u64, counters);
                }
                Next::Request(self.go_on(step, out))
            }
            (Command::Ping, Ok(OwnedFrame::SimpleString(_))) => {
                Next::Request(self.go_on(step, out))
            }
            (Command::Lock, Ok(OwnedFrame::Null)) => {
                counters.busy += 1;
                self.without_second(step, out).map_or(Next::Busy, Next::Request)
            }
            (Command::Unlock, Ok(OwnedFrame::Integer(held))) => {
                counters.lost_holds += u64::from(held != 1);
                self.without_second(step, out).map_or(Next::Done, Next::Request)
            }
            _ => {
                counters.odd_replies += 1;
                Next::Done
            }
        }
    }

    /// The victim of a deadlock gives back what it holds.
    pub(super) fn refused(
        &mut self,
        step: Step,
        reply: &[u8],
        out: &mut Vec<u8>,
        counters: &mut Counters,
    ) -> Option<Next> {
        if step.command != Command::Lock || !reply.starts_with(b"-DEADLOCK") {
            return None;
        }
        counters.deadlocks += 1;
        Some(self.without_second(step, out).map_or(Next::Busy, Next::Request))
    }

    /// The second lock is settled, or there was none: the UNLOCK of the first.
    fn without_second(&mut self, step: Step, out: &mut Vec<u8>) -> Option<Step> {
        let first = step.first?;
        Some(self.unlock(Step { item: first, first: None, ..step }, out))
    }

    /// The next PING, the second LOCK, or the UNLOCK when the work is done.
    fn go_on(&mut self, step: Step, out: &mut Vec<u8>) -> Step {
        if step.work > 0 {
            push_request(out, &[b"PING"]);
            return Step { command: Command::Ping, work: step.work - 1, ..step };
        }
        if self.nests(step) {
            let others = self.random.random_range(1..self.locks);
            let item = (step.item + others) % self.locks;
            let second = Step { command: Command::Lock, item, first: Some(step.item), ..step };
            return self.lock(second, out);
        }
        self.unlock(step, out)
    }

    fn unlock(&mut self, step: Step, out: &mut Vec<u8>) -> Step {
        if self.shares(step) {
            self.table.releasing_shared(step.item);
        } else {
            self.table.releasing(step.item, step.number);
        }
        let owner = self.owner(step.number);
        push_request(out, &[b"UNLOCK", &name(step.item), b"OWNER", &owner]);
        Step { command: Command::Unlock, ..step }
    }

    fn owner(&self, number: u64) -> Vec<u8> {
        format!("{:016x}{number:016x}", self.run).into_bytes()
    }
}

fn name(item: u32) -> Vec<u8> {
    format!("lock:{item:012}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_holders_at_once_are_seen() {
        let (table, mut counters) = (Table::new(1), Counters::default());
        table.granted(0, 1, 10, &mut counters);
        table.granted(0, 2, 11, &mut counters);
        assert_eq!((counters.double_held, counters.token_not_above), (1, 0));
    }

    #[test]
    fn one_after_the_other_is_right() {
        let (table, mut counters) = (Table::new(1), Counters::default());
        for number in 1..10 {
            table.granted(0, number, number, &mut counters);
            table.releasing(0, number);
        }
        assert_eq!(counters.broken_promises(), 0);
    }

    #[test]
    fn who_shares_has_company_that_shares_and_no_other() {
        let (table, mut counters) = (Table::new(1), Counters::default());
        table.granted_shared(0, 5, &mut counters);
        table.granted_shared(0, 5, &mut counters);
        assert_eq!(counters.broken_promises(), 0);
        table.granted(0, 1, 6, &mut counters);
        assert_eq!(counters.double_held, 1);
        table.releasing_shared(0);
        table.releasing_shared(0);
        table.granted_shared(0, 7, &mut counters);
        assert_eq!(counters.double_held, 2);
    }

    #[test]
    fn a_token_that_does_not_grow_is_seen() {
        let (table, mut counters) = (Table::new(1), Counters::default());
        for number in 1..=2 {
            table.granted(0, number, 7, &mut counters);
            table.releasing(0, number);
        }
        assert_eq!(counters.token_not_above, 1);
    }
}
