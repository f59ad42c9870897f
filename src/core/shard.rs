//! The state machine of one shard: its clock, its keys, its locks and its queues.

mod image;
mod names;
mod peek;
mod scripts;
mod sessions;
#[cfg(test)]
mod tests;
mod waits;

use crate::op::Watched;
use crate::wire::Wire;
use crate::{
    Effects, Fault, Op, Origin, Outcome, Recall, RequestId, Stamp, cluster, keys, locks, queues,
    requests, users,
};

pub use image::{Frozen, Restoring};

/// The newest behaviour this build knows ([`Stamp::version`]).
pub const VERSION: u32 = 1;

/// How much of what is due an operation ends besides its own work.
const DUE_PER_OP: usize = 64;

/// How much of what is due a tick ends of each kind: about a millisecond's work, so
/// that others hardly notice when very much is due at once.
const DUE_PER_TICK: usize = 256;

/// How many bytes the reads of one transaction give together; those behind it are
/// refused. All replicas carry them out, and what they gave is remembered.
const TRANSACTION_READ_BYTES_MAX: usize = 512 << 20;

/// What a read gave.
#[derive(Debug, PartialEq)]
pub enum Read {
    /// The result.
    Done(Outcome),
    /// Something met its end by the reader's clock but not yet by the shard's:
    /// propose a [`Op::Tick`] and read again.
    TickFirst,
}

/// The state of one shard.
#[derive(Debug)]
pub struct Shard {
    clock_ms: u64,
    seq: u64,
    version: u32,
    keys: keys::Keyspace,
    locks: locks::Table,
    queues: queues::Table,
    cluster: cluster::Map,
    requests: requests::Table,
    sessions: crate::sessions::Table,
    scripts: crate::scripts::Table,
    libraries: crate::scripts::functions::Libraries,
    users: users::Table,
    engine: scripts::Engines,
}

impl Shard {
    /// An empty shard. Every replica of it is given the same `seed`, a random
    /// number that clients do not know.
    pub fn new(seed: u64) -> Self {
        Shard {
            clock_ms: 0,
            seq: 0,
            version: VERSION,
            keys: keys::Keyspace::new(seed),
            locks: locks::Table::new(),
            queues: queues::Table::new(),
            cluster: cluster::Map::new(),
            requests: requests::Table::new(),
            sessions: crate::sessions::Table::new(),
            scripts: crate::scripts::Table::default(),
            libraries: crate::scripts::functions::Libraries::default(),
            users: users::Table::default(),
            engine: scripts::Engines::default(),
        }
    }

    /// Applies the next operation of the shard's history, proposed at `now_ms`.
    pub fn apply(&mut self, now_ms: u64, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        let effects_before = fx.len();
        self.keys.hear(fx.key_events());
        self.clock_ms = self.clock_ms.max(now_ms);
        let at = self.next_stamp();
        let budget = if matches!(op, Op::Tick {}) { DUE_PER_TICK } else { DUE_PER_OP };
        self.keys.expire(&at, budget);
        self.keys.expire_fills(&at, budget);
        self.expire_sessions(&at, budget, fx);
        self.locks.expire(&at, budget, fx);
        self.queues.expire(&at, budget, fx);
        self.keys.waits.expire(&at, budget, fx);
        let outcome = match op {
            Op::Transaction { watched, count, ops } => self.transact(watched, *count, ops, fx),
            op => self.apply_one(&at, op, fx),
        };
        self.requests.answered(fx.since(effects_before));
        // Behind that: who is served confirms it, also where its request is asked for again.
        self.serve_waits(fx);
        self.tell_of_keys(fx);
        outcome
    }

    /// Answers an operation that only reads, at `now_ms` by the reader's clock.
    ///
    /// # Panics
    /// When the operation writes.
    pub fn read(&self, now_ms: u64, op: &Op<'_>) -> Read {
        let now_ms = now_ms.max(self.clock_ms);
        match op {
            Op::Key { op } => self.read_key(now_ms, op),
            Op::Lock { op } => self.locks.read(now_ms, self.clock_ms, op),
            Op::Queue { op } if self.is_key(now_ms, op) => Read::Done(Fault::WrongType.into()),
            Op::Queue { op } => self.queues.read(now_ms, self.clock_ms, op),
            Op::Session { op } => self.sessions.read(now_ms, self.clock_ms, op),
            Op::Script { op } if !op.is_write() => self.read_script(now_ms, op),
            Op::Tick {}
            | Op::Transaction { .. }
            | Op::Script { .. }
            | Op::Boot { .. }
            | Op::Gone { .. }
            | Op::Cluster { .. }
            | Op::User { .. }
            | Op::Request { .. }
            | Op::Refused { .. } => {
                panic!("asked to read what only the log may carry")
            }
        }
    }

    /// The keys that a read of keys does not find at `now_ms` by the reader's clock; for
    /// whoever listens to that. Of anything else none.
    pub fn missed(&self, now_ms: u64, op: &Op<'_>) -> Vec<keys::Happened> {
        let Op::Key { op } = op else { return Vec::new() };
        if op.is_write() || self.is_about_queues(op) {
            return Vec::new();
        }
        let (db, event) = (op.db(), keys::Event::KeyMiss {});
        let missed = self.keys.missed(now_ms.max(self.clock_ms), op);
        missed.into_iter().map(|key| keys::Happened { db, key, event }).collect()
    }

    /// What is to be written ahead of an operation that only reads, at `now_ms` by the
    /// reader's clock: the count that PFCOUNT of one key makes is kept in the value, as in
    /// Redis, where an old one stands. Without it the read is as right.
    pub fn ahead_of<'op>(&self, now_ms: u64, op: &Op<'op>) -> Option<Op<'op>> {
        let Op::Key { op } = op else { return None };
        // Asked for every read: most are of another kind.
        if !matches!(op, keys::Op::DistinctCount { .. }) || self.is_about_queues(op) {
            return None;
        }
        let ahead = self.keys.ahead_of(now_ms.max(self.clock_ms), self.clock_ms, op);
        ahead.map(|op| Op::Key { op })
    }

    /// Answers a read of keys for a reader that has no clock which could say what is over:
    /// one beside a replica that does not lead. None: the answer depends on a clock, or on
    /// more than the keys that it names, or something is to be written ahead of it
    /// ([`Shard::ahead_of`]).
    pub fn read_lasting(&self, op: &keys::Op<'_>) -> Option<Outcome> {
        let clock_ms = self.clock_ms;
        if !op.is_lasting() || self.is_about_queues(op) {
            return None;
        }
        if self.keys.ahead_of(clock_ms, clock_ms, op).is_some() {
            return None;
        }
        self.keys.read_lasting(clock_ms, op)
    }

    /// Answers an operation that only reads, by the shard's own clock: what is
    /// due by it counts as over, ended or not.
    ///
    /// # Panics
    /// When the operation writes.
    pub fn look(&self, op: &Op<'_>) -> Outcome {
        let clock_ms = self.clock_ms;
        match op {
            Op::Lock { op } if !op.is_write() => self.locks.look(clock_ms, op),
            Op::Queue { op } if !op.is_write() => self.queues.look(clock_ms, op),
            Op::Session { op } if !op.is_write() => self.sessions.look(clock_ms, op),
            op => match self.read(clock_ms, op) {
                Read::Done(outcome) => outcome,
                Read::TickFirst => unreachable!("no key is due later than by the shard's clock"),
            },
        }
    }

    /// When the next thing is due, in milliseconds since the Unix epoch.
    pub fn next_deadline(&self) -> Option<u64> {
        let due = [
            self.keys.next_deadline(),
            self.keys.waits.next_deadline(),
            self.keys.fills().next_deadline(),
            self.locks.next_deadline(),
            self.queues.next_deadline(),
            self.sessions.next_deadline(),
        ];
        due.into_iter().flatten().min()
    }

    /// The replicated clock.
    pub fn clock_ms(&self) -> u64 {
        self.clock_ms
    }

    /// How many operations there were, those within transactions counted.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The behaviour version in force.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The key space.
    pub fn keys(&self) -> &keys::Keyspace {
        &self.keys
    }

    /// Notes the names of keys that change from now on, or no longer
    /// ([`Shard::take_touched`]).
    pub fn note_touched(&mut self, on: bool) {
        self.keys.note_touched(on);
    }

    /// The names of keys that changed since this was last asked for; none: none did.
    pub fn take_touched(&mut self) -> Option<keys::Touched> {
        self.keys.take_touched()
    }

    /// The same by database; see [`keys::Keyspace::take_touched_in`].
    pub fn take_touched_in(&mut self) -> Vec<(crate::Db, keys::Touched)> {
        self.keys.take_touched_in()
    }

    /// The lock table.
    pub fn locks(&self) -> &locks::Table {
        &self.locks
    }

    /// The queues.
    pub fn queues(&self) -> &queues::Table {
        &self.queues
    }

    /// The body of a message by its key, as far as it is here; none when the message is
    /// gone.
    pub fn body(&self, key: &queues::BodyKey) -> Option<queues::Body> {
        self.queues.body(key)
    }

    /// The queues, to say where bodies are. Nothing of the replicated state changes by
    /// that.
    pub fn queues_mut_local(&mut self) -> &mut queues::Table {
        &mut self.queues
    }

    /// The sessions.
    pub fn sessions(&self) -> &crate::sessions::Table {
        &self.sessions
    }

    /// The map of the cluster; only that of the meta group is ever filled.
    pub fn cluster(&self) -> &cluster::Map {
        &self.cluster
    }

    /// The users; only those of the meta group are ever any.
    pub fn users(&self) -> &users::Table {
        &self.users
    }

    /// From now on the rules of locks are looked at after every operation, as they are
    /// in debug builds.
    #[doc(hidden)]
    pub fn check_always(&mut self) {
        self.locks.check_always();
        self.queues.check_always();
    }

    /// Forgets all requests: for tests of what they are remembered for.
    #[doc(hidden)]
    pub fn forget_requests(&mut self) {
        self.requests = requests::Table::new();
    }

    /// The requests that are remembered.
    pub fn requests(&self) -> &requests::Table {
        &self.requests
    }

    /// What is remembered of the request that an [`Op::Request`] names. To be
    /// asked when that operation was applied, before those that it names are.
    pub fn recall(&self, id: &RequestId, floor: u64, retry: bool) -> Recall {
        self.requests.recall(id, floor, retry)
    }

    /// Remembers what the operations of a request gave, all of them applied.
    pub fn remember(&mut self, id: &RequestId, outcomes: &[Outcome]) {
        self.requests.remember(self.seq, id, outcomes);
    }

    /// A digest of all that replicas must agree on: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        let parts = [
            self.clock_ms,
            self.seq,
            u64::from(self.version),
            self.keys.state_digest(),
            self.locks.state_digest(),
            self.queues.state_digest(),
            self.cluster.state_digest(),
            self.requests.state_digest(),
            self.sessions.state_digest(),
            self.keys.waits.state_digest(),
            self.keys.fills().state_digest(),
            self.scripts.state_digest(),
            self.libraries.state_digest(),
            self.users.state_digest(),
        ];
        parts.into_iter().fold(0, |digest: u64, part| {
            (digest.rotate_left(5) ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        })
    }

    /// The whole state as it is now, for a snapshot. Cheap: what is not changed
    /// afterwards is shared.
    pub fn freeze(&self) -> Frozen {
        Frozen::of(self)
    }

    /// Hands on what happened to keys, while somebody listens.
    fn tell_of_keys(&mut self, fx: &mut Effects) {
        for happened in self.keys.take_happened() {
            fx.push_key_event(happened);
        }
    }

    fn next_stamp(&mut self) -> Stamp {
        self.seq += 1;
        Stamp { now_ms: self.clock_ms, seq: self.seq, version: self.version }
    }

    fn apply_one(&mut self, at: &Stamp, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        match op {
            Op::Tick {} | Op::Request { .. } => Outcome::Ok,
            Op::Key { op } => self.apply_waiting(at, op, fx),
            Op::Lock { op } => self.apply_lock(at, op, fx),
            Op::Queue { op } if self.is_key(at.now_ms, op) => Fault::WrongType.into(),
            Op::Queue { op } => self.apply_queue(at, op, fx),
            Op::Session { op } => self.apply_session(at, op, fx),
            Op::Boot { origin } => self.end_lives(at, *origin, fx),
            Op::Gone { origin } => self.end_connection(at, *origin, fx),
            Op::Cluster { op } => self.cluster.apply(at, op),
            Op::Script { op } => self.apply_script(op, fx),
            Op::User { op } => self.users.apply(at, op),
            Op::Refused { fault } => (*fault).into(),
            Op::Transaction { .. } => Fault::Nested.into(),
        }
    }

    /// MULTI/EXEC. Each operation gets a stamp of its own, so that each has its
    /// own version and its own random choices.
    fn transact(
        &mut self,
        watched: &[Watched<'_>],
        count: u32,
        mut ops: &[u8],
        fx: &mut Effects,
    ) -> Outcome {
        if watched.iter().any(|watched| self.changed(watched)) {
            return Outcome::Nil;
        }
        let mut decoded = Vec::new();
        for _ in 0..count {
            // The bytes were written by an encoder; should they be cut short
            // all the same, every replica stops at the same place.
            let Ok(op) = Op::take(&mut ops) else { break };
            decoded.push(op.without_wait());
        }
        if let Some(refused) = decoded.iter().find_map(|op| self.fenced_off(op)) {
            return refused;
        }
        Outcome::List(self.apply_all(&decoded, TRANSACTION_READ_BYTES_MAX, fx))
    }

    /// Carries out all writes, and reads until they have given so many bytes.
    fn apply_all(&mut self, ops: &[Op<'_>], read_bytes: usize, fx: &mut Effects) -> Vec<Outcome> {
        let mut left = read_bytes;
        let mut outcomes = Vec::with_capacity(ops.len());
        for op in ops {
            let at = self.next_stamp();
            outcomes.push(match op.is_write() {
                true => self.apply_one(&at, op, fx),
                false if left == 0 => Fault::AnswerTooBig.into(),
                false => {
                    let outcome = self.apply_one(&at, op, fx);
                    left = left.saturating_sub(outcome.memory());
                    outcome
                }
            });
        }
        outcomes
    }

    /// Why a transaction with this operation must change nothing: it says that a lock
    /// is held, and it is not (any more).
    fn fenced_off(&self, op: &Op<'_>) -> Option<Outcome> {
        let Op::Lock { op: locks::Op::Assert { name, token, owner } } = op else { return None };
        let outcome = self.locks.assert_held(self.clock_ms, name, *token, owner.as_ref());
        matches!(outcome, Outcome::Refused { .. }).then_some(outcome)
    }

    fn changed(&self, watched: &Watched<'_>) -> bool {
        let Watched::Key { db, key, version } = watched;
        self.keys.version_of(*db, key, self.clock_ms) != *version
    }

    fn end_lives(&mut self, at: &Stamp, floor: Origin, fx: &mut Effects) -> Outcome {
        self.locks.end_lives(at, floor, fx);
        self.queues.end_lives(at, floor, fx);
        let unconfirmed = self.keys.waits.end_lives(floor);
        self.give_back(unconfirmed, fx);
        self.sessions.end_lives(at, floor);
        self.requests.end_lives(floor);
        Outcome::Ok
    }

    fn end_connection(&mut self, at: &Stamp, origin: Origin, fx: &mut Effects) -> Outcome {
        self.locks.end_connection(at, origin, fx);
        self.queues.end_connection(at, origin, fx);
        let unconfirmed = self.keys.waits.end_connections(origin..=origin);
        self.give_back(unconfirmed, fx);
        self.sessions.end_connection(at, origin);
        self.requests.end_connection(origin);
        Outcome::Ok
    }
}

impl Default for Shard {
    fn default() -> Self {
        Shard::new(0)
    }
}
