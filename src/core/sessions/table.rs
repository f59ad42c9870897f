//! The sessions of a shard and their operations.

use smallvec::smallvec;

use super::ended::Ended;
use super::guests::Guest;
use super::index::Index;
use super::mutant::Mutant;
use super::roll::Roll;
use super::session::{Life, Session};
use super::{
    CONNECTIONS_MAX, DELAY_MS_MAX, GUESTS_MAX, ID_BYTES_MAX, ID_BYTES_MIN, NAME_BYTES_MAX, Op,
    Over, SESSIONS_MAX, Stats, TTL_MS_MAX, TTL_MS_MIN,
};
use crate::lives::Lives;
use crate::{Fault, Origin, Outcome, ShardId, Stamp};

/// The sessions whose home is a shard, and those it lets requests of in.
#[derive(Debug)]
pub struct Table {
    /// The sessions at home here.
    pub(super) sessions: Roll<Session>,
    /// Those with other homes.
    pub(super) guests: Roll<Guest>,
    /// Those that have ended here.
    pub(super) ended: Ended,
    pub(super) lives: Lives,
    pub(super) stats: Stats,
    pub(super) index: Index,
    pub(super) limits: Limits,
    #[cfg(test)]
    pub(super) mutant: Option<Mutant>,
}

/// What the table may grow to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub sessions: usize,
    pub guests: usize,
    pub connections: usize,
}

impl Table {
    /// A table without sessions.
    pub fn new() -> Self {
        let limits =
            Limits { sessions: SESSIONS_MAX, guests: GUESTS_MAX, connections: CONNECTIONS_MAX };
        Table {
            sessions: Roll::new(),
            guests: Roll::new(),
            ended: Ended::new(),
            lives: Lives::default(),
            stats: Stats::default(),
            index: Index::default(),
            limits,
            #[cfg(test)]
            mutant: None,
        }
    }

    /// Carries out an operation; what ends with it here is added to `over`. One that
    /// only reads changes nothing.
    pub fn apply(&mut self, at: &Stamp, op: &Op<'_>, over: &mut Vec<Over>) -> Outcome {
        if !op.is_write() {
            return self.look(at.now_ms, op);
        }
        if op.id().len() > ID_BYTES_MAX {
            return Fault::OutOfRange.into();
        }
        self.settle(at, op.id(), over);
        match *op {
            Op::Create { id, ttl_ms, name, delay_ms } => {
                self.create(at, id, name, (ttl_ms, delay_ms))
            }
            Op::Attach { id, origin } => self.attach(id, origin),
            Op::Detach { id, origin } => {
                let place = self.place_alive(id);
                let left = place.is_some_and(|place| self.detach(at, place, origin));
                Outcome::Int(left.into())
            }
            Op::KeepAlive { id } => self.keep_alive(at, id),
            Op::Destroy { id } => self.destroy(at, id, over),
            Op::Touch { id, shard } => self.touch(id, shard),
            Op::Settled { id, shard } => Outcome::Int(self.settled(id, shard).into()),
            Op::Open { id, birth_ms, delay_ms, floor } => {
                self.open(at, (id, floor), birth_ms, delay_ms)
            }
            Op::End { id, delay_ms } => self.end_guest(at, id, delay_ms, over),
            Op::Info { .. } | Op::List { .. } | Op::Stats {} => self.look(at.now_ms, op),
        }
    }

    fn create(
        &mut self,
        at: &Stamp,
        id: &[u8],
        name: &[u8],
        (ttl_ms, delay_ms): (u64, u64),
    ) -> Outcome {
        let in_bounds = (ID_BYTES_MIN..=ID_BYTES_MAX).contains(&id.len())
            && (TTL_MS_MIN..=TTL_MS_MAX).contains(&ttl_ms)
            && name.len() <= NAME_BYTES_MAX
            && delay_ms <= DELAY_MS_MAX;
        if !in_bounds {
            return Fault::OutOfRange.into();
        }
        if self.place_alive(id).is_some() {
            return Outcome::Ok;
        }
        if self.sessions.has(id) || self.ended.has(id) {
            return Fault::NoSession.into();
        }
        if self.sessions.len() >= self.limits.sessions {
            return Fault::Limit.into();
        }
        let session = Session {
            id: id.into(),
            name: name.into(),
            ttl_ms,
            delay_ms,
            birth_ms: at.now_ms,
            life: Life::Detached { deadline_ms: at.now_ms.saturating_add(ttl_ms) },
            touched: Vec::new(),
        };
        let place = self.sessions.add(at.seq, session);
        self.changed(place);
        self.stats.created += 1;
        Outcome::Ok
    }

    fn attach(&mut self, id: &[u8], origin: Origin) -> Outcome {
        if self.lives.is_over(origin) && !self.is_broken(Mutant::DeadMayAttach) {
            return Outcome::Nil;
        }
        let Some(place) = self.place_alive(id) else { return Fault::NoSession.into() };
        let max = self.limits.connections;
        let session = self.change(place);
        let mut full = false;
        match &mut session.life {
            Life::Attached(connections) => match connections.binary_search(&origin) {
                Ok(_) => {}
                Err(_) if connections.len() >= max => full = true,
                Err(at) => connections.insert(at, origin),
            },
            life => *life = Life::Attached(smallvec![origin]),
        }
        let ttl_ms = session.ttl_ms;
        self.changed(place);
        if full { Fault::Limit.into() } else { number(ttl_ms) }
    }

    /// Takes a connection away from a session that lives; whether it was attached.
    pub(super) fn detach(&mut self, at: &Stamp, place: u64, origin: Origin) -> bool {
        let all_go = self.is_broken(Mutant::OneGoneAllGone);
        let from_birth = self.is_broken(Mutant::TtlFromBirth);
        let session = self.change(place);
        let Session { life, ttl_ms, birth_ms, .. } = session;
        let mut left = false;
        if let Life::Attached(connections) = life
            && let Ok(at_index) = connections.binary_search(&origin)
        {
            connections.remove(at_index);
            left = true;
            if connections.is_empty() || all_go {
                let since_ms = if from_birth { *birth_ms } else { at.now_ms };
                *life = Life::Detached { deadline_ms: since_ms.saturating_add(*ttl_ms) };
            }
        }
        self.changed(place);
        left
    }

    fn keep_alive(&mut self, at: &Stamp, id: &[u8]) -> Outcome {
        let Some(place) = self.place_alive(id) else { return Fault::NoSession.into() };
        let shortens = self.is_broken(Mutant::RenewalShortens);
        let session = self.change(place);
        if let Life::Detached { deadline_ms } = &mut session.life {
            let full_ms = at.now_ms.saturating_add(session.ttl_ms);
            *deadline_ms = if shortens { at.now_ms + 1 } else { full_ms };
        }
        self.changed(place);
        Outcome::Int(1)
    }

    fn destroy(&mut self, at: &Stamp, id: &[u8], over: &mut Vec<Over>) -> Outcome {
        let Some(place) = self.place_alive(id) else { return Outcome::Nil };
        let session = self.change(place);
        // Whoever ends it in good order is done with what it holds.
        session.delay_ms = 0;
        let shards = session.touched.iter().map(|shard| Outcome::Int(shard.0.into())).collect();
        self.changed(place);
        self.end(at, place, over);
        self.stats.destroyed += 1;
        Outcome::List(shards)
    }

    fn touch(&mut self, id: &[u8], shard: ShardId) -> Outcome {
        let noted = !self.is_broken(Mutant::TouchNotNoted);
        let session = self.place_alive(id).and_then(|place| self.sessions.at_mut(place));
        let Some(session) = session else { return Fault::NoSession.into() };
        if noted && let Err(at) = session.touched.binary_search(&shard) {
            session.touched.insert(at, shard);
        }
        Outcome::List(vec![number(session.birth_ms), number(session.delay_ms)])
    }

    /// The place of a session that has not ended.
    pub(super) fn place_alive(&self, id: &[u8]) -> Option<u64> {
        let place = self.sessions.place(id)?;
        let alive = self.sessions.at(place).is_some_and(|session| !session.is_ending());
        alive.then_some(place)
    }

    /// A session that is about to stand in another way; [`Table::changed`] has to
    /// follow.
    pub(super) fn change(&mut self, place: u64) -> &mut Session {
        let session = self.sessions.at_mut(place).expect("the caller found it");
        self.index.remove(place, session);
        session
    }

    pub(super) fn changed(&mut self, place: u64) {
        let session = self.sessions.at(place).expect("it was just changed");
        self.index.add(place, session);
    }
}

impl Default for Table {
    fn default() -> Self {
        Table::new()
    }
}

pub(super) fn number(value: u64) -> Outcome {
    Outcome::Int(i64::try_from(value).unwrap_or(i64::MAX))
}
