//! The lock table as one would write it down first: a list of locks, a list of
//! requests for each, no index, everything looked for from the front.

use super::*;
use crate::locks::DEFAULT_LEASE_MS;

#[derive(Default)]
pub(super) struct Model {
    pub locks: Vec<Held>,
    pub last_token: u64,
    pub newest_boot: u64,
}

pub(super) struct Held {
    pub name: Vec<u8>,
    pub owner: Who,
    pub token: u64,
    pub deadline_ms: Option<u64>,
    pub line: Vec<Asked>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Who {
    Connection(Origin),
    Named(Vec<u8>),
}

#[derive(Clone)]
pub(super) struct Asked {
    pub owner: Who,
    pub lease_ms: Option<u64>,
    pub origin: Origin,
    pub request: u64,
    pub deadline_ms: Option<u64>,
}

pub(super) type Answers = Vec<(Origin, u64, Outcome)>;

fn who(owner: &Owner<'_>) -> Who {
    match owner {
        Owner::Connection { origin } => Who::Connection(*origin),
        Owner::Named { name } => Who::Named(name.to_vec()),
    }
}

fn is_due(deadline_ms: Option<u64>, now_ms: u64) -> bool {
    deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms)
}

fn later(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    if a.is_none() || b.is_none() { None } else { a.max(b) }
}

impl Model {
    pub(super) fn apply(&mut self, now_ms: u64, op: &Op<'_>, answers: &mut Answers) -> Outcome {
        let lock = self.find(op.name()).map(|at| &self.locks[at]);
        if op.is_write() && lock.is_some_and(|lock| is_due(lock.deadline_ms, now_ms)) {
            self.free(now_ms, op.name(), answers);
        }
        match *op {
            Op::Acquire { name, ref owner, lease_ms, wait, .. } => {
                let named = matches!(owner, Owner::Named { .. });
                let lease_ms = if named { lease_ms.or(Some(DEFAULT_LEASE_MS)) } else { lease_ms };
                self.acquire(now_ms, name, who(owner), lease_ms, wait)
            }
            Op::Release { name, ref owner, token, strict } => {
                let held = self.is_held(name, &who(owner), token);
                if held {
                    self.free(now_ms, name, answers);
                }
                if strict && !held { Fault::NotHeld.into() } else { Outcome::Int(held.into()) }
            }
            Op::Renew { name, ref owner, token, lease_ms } => {
                let held = self.is_held(name, &who(owner), token);
                if held {
                    let at = self.find(name).unwrap();
                    self.locks[at].deadline_ms = Some(now_ms + lease_ms);
                }
                Outcome::Int(held.into())
            }
            Op::CancelWait { name, origin, request, error } => {
                let outcome = if error { Fault::Unblocked.into() } else { Outcome::Nil };
                let found = self.cancel(name, origin, request);
                if found {
                    answers.push((origin, request, outcome));
                }
                Outcome::Int(found.into())
            }
            Op::Check { name, token, ref owner } => {
                let held = self.find(name).map(|at| &self.locks[at]);
                let held = held.filter(|held| {
                    held.token == token.0
                        && !is_due(held.deadline_ms, now_ms)
                        && owner.as_ref().is_none_or(|owner| who(owner) == held.owner)
                });
                Outcome::Int(held.map_or(-1, |held| match held.deadline_ms {
                    Some(deadline_ms) => (deadline_ms - now_ms) as i64,
                    None => (1 << 53) - 1,
                }))
            }
            _ => unreachable!("not part of the histories"),
        }
    }

    fn acquire(
        &mut self,
        now_ms: u64,
        name: &[u8],
        owner: Who,
        lease_ms: Option<u64>,
        wait: Option<Wait>,
    ) -> Outcome {
        let over = |origin: Origin| origin.boot < self.newest_boot;
        let dead_owner = matches!(owner, Who::Connection(origin) if over(origin));
        let dead_waiter = wait.is_some_and(|Wait::For { origin, .. }| over(origin));
        if dead_owner || dead_waiter {
            return Outcome::Nil;
        }
        let end = |ms: Option<u64>| ms.map(|ms| now_ms + ms);
        let Some(at) = self.find(name) else {
            self.last_token += 1;
            let (token, deadline_ms) = (self.last_token, end(lease_ms));
            let name = name.to_vec();
            self.locks.push(Held { name, owner, token, deadline_ms, line: vec![] });
            return Outcome::Int(token as i64);
        };
        let lock = &mut self.locks[at];
        if lock.owner == owner {
            lock.deadline_ms = later(lock.deadline_ms, end(lease_ms));
            return Outcome::Int(lock.token as i64);
        }
        let Some(Wait::For { origin, request, block_ms }) = wait else { return Outcome::Nil };
        if lock.line.iter().any(|asked| (asked.origin, asked.request) == (origin, request)) {
            return Outcome::Waits;
        }
        let deadline_ms = (block_ms > 0).then(|| now_ms + block_ms);
        let mut asked = Asked { owner, lease_ms, origin, request, deadline_ms };
        let behind = lock.line.iter().rposition(|other| other.owner == asked.owner);
        if let Some(behind) = behind {
            let longest = later(lock.line[behind].lease_ms, asked.lease_ms);
            asked.lease_ms = longest;
            let same = lock.line.iter_mut().filter(|other| other.owner == asked.owner);
            same.for_each(|other| other.lease_ms = longest);
        }
        let place = behind.map_or(lock.line.len(), |behind| behind + 1);
        lock.line.insert(place, asked);
        Outcome::Waits
    }

    pub(super) fn expire(&mut self, now_ms: u64, budget: usize, answers: &mut Answers) -> usize {
        for ended in 0..budget {
            let holds = self.locks.iter().map(|lock| (lock.deadline_ms, lock.name.clone(), None));
            let waits = self.locks.iter().flat_map(|lock| {
                lock.line.iter().map(|asked| {
                    let id = (asked.origin, asked.request);
                    (asked.deadline_ms, lock.name.clone(), Some(id))
                })
            });
            let due = holds.chain(waits).filter(|(deadline_ms, ..)| is_due(*deadline_ms, now_ms));
            match due.min() {
                None => return ended,
                Some((_, name, None)) => self.free(now_ms, &name, answers),
                Some((_, name, Some((origin, request)))) => {
                    self.cancel(&name, origin, request);
                    answers.push((origin, request, Outcome::Nil));
                }
            }
        }
        budget
    }

    pub(super) fn end_connections(
        &mut self,
        now_ms: u64,
        ends: impl Fn(Origin) -> bool,
        answers: &mut Answers,
    ) {
        for lock in &mut self.locks {
            lock.line.retain(|asked| !ends(asked.origin));
        }
        let held = self.locks.iter().filter_map(|lock| match lock.owner {
            Who::Connection(origin) if ends(origin) => Some((origin, lock.name.clone())),
            _ => None,
        });
        let mut held: Vec<_> = held.collect();
        held.sort();
        for (_, name) in held {
            self.free(now_ms, &name, answers);
        }
    }

    /// Ends a hold; the first whose time is not up gets the lock, together with
    /// the other requests of that owner.
    fn free(&mut self, now_ms: u64, name: &[u8], answers: &mut Answers) {
        let mut lock = self.locks.swap_remove(self.find(name).unwrap());
        while let Some(first) = lock.line.first().cloned() {
            let all = std::mem::take(&mut lock.line);
            let (same, rest) = all.into_iter().partition(|asked| asked.owner == first.owner);
            lock.line = rest;
            let same: Vec<Asked> = same;
            let (late, live): (Vec<Asked>, Vec<Asked>) =
                same.into_iter().partition(|asked| is_due(asked.deadline_ms, now_ms));
            answers.extend(late.iter().map(|asked| (asked.origin, asked.request, Outcome::Nil)));
            if live.is_empty() {
                continue;
            }
            self.last_token += 1;
            let token = Outcome::Int(self.last_token as i64);
            answers.extend(live.iter().map(|it| (it.origin, it.request, token.clone())));
            lock.owner = first.owner;
            lock.token = self.last_token;
            lock.deadline_ms = first.lease_ms.map(|ms| now_ms + ms);
            self.locks.push(lock);
            return;
        }
    }

    fn cancel(&mut self, name: &[u8], origin: Origin, request: u64) -> bool {
        let Some(at) = self.find(name) else { return false };
        let line = &mut self.locks[at].line;
        let before = line.len();
        line.retain(|asked| (asked.origin, asked.request) != (origin, request));
        line.len() < before
    }

    fn is_held(&self, name: &[u8], owner: &Who, token: Option<Token>) -> bool {
        self.find(name).is_some_and(|at| {
            let lock = &self.locks[at];
            lock.owner == *owner && token.is_none_or(|token| token.0 == lock.token)
        })
    }

    fn find(&self, name: &[u8]) -> Option<usize> {
        self.locks.iter().position(|lock| lock.name == name)
    }
}
