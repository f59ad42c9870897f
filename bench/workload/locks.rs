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
/// the server.
#[derive(Debug)]
pub struct Table {
    locks: Vec<Lock>,
}

#[derive(Debug, Default)]
struct Lock {
    holder: AtomicU64,
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
        if lock.holder.swap(holder, Ordering::SeqCst) != 0 {
            counters.double_held += 1;
        }
        if lock.token.fetch_max(token, Ordering::SeqCst) >= token {
            counters.token_not_above += 1;
        }
    }

    fn releasing(&self, lock: u32, holder: u64) {
        let lock = &self.locks[lock as usize];
        // When it fails the double hold was counted by whoever overwrote it.
        let _ = lock.holder.compare_exchange(holder, 0, Ordering::SeqCst, Ordering::SeqCst);
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
            run: flags.run_id,
            next: ((index as u64) << 40) + 1,
        }
    }

    pub(super) fn begin(&mut self, out: &mut Vec<u8>) -> Step {
        let item = self.random.random_range(0..self.locks);
        let number = self.next;
        self.next += 1;
        let (lock, owner) = (name(item), self.owner(number));
        match &self.block_ms {
            Some(ms) => push_request(
                out,
                &[b"LOCK", &lock, b"OWNER", &owner, b"PX", LEASE_MS, b"BLOCK", ms],
            ),
            None => push_request(out, &[b"LOCK", &lock, b"OWNER", &owner, b"PX", LEASE_MS]),
        }
        Step { command: Command::Lock, item, number, work: self.work }
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
                self.table.granted(step.item, step.number, token as u64, counters);
                Next::Request(self.go_on(step, out))
            }
            (Command::Ping, Ok(OwnedFrame::SimpleString(_))) => {
                Next::Request(self.go_on(step, out))
            }
            (Command::Lock, Ok(OwnedFrame::Null)) => {
                counters.busy += 1;
                Next::Busy
            }
            (Command::Unlock, Ok(OwnedFrame::Integer(held))) => {
                counters.lost_holds += u64::from(held != 1);
                Next::Done
            }
            _ => {
                counters.odd_replies += 1;
                Next::Done
            }
        }
    }

    /// The next PING, or the UNLOCK when the work is done.
    fn go_on(&mut self, step: Step, out: &mut Vec<u8>) -> Step {
        if step.work > 0 {
            push_request(out, &[b"PING"]);
            return Step { command: Command::Ping, work: step.work - 1, ..step };
        }
        self.table.releasing(step.item, step.number);
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
    fn a_token_that_does_not_grow_is_seen() {
        let (table, mut counters) = (Table::new(1), Counters::default());
        for number in 1..=2 {
            table.granted(0, number, 7, &mut counters);
            table.releasing(0, number);
        }
        assert_eq!(counters.token_not_above, 1);
    }
}
