//! What the table should do, said as simply as possible.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::sessions::ENDED_MS;

#[derive(Clone, Debug)]
struct Session {
    ttl_ms: u64,
    /// When the last thing happened that keeps it alive without a connection.
    kept_ms: u64,
    attached: BTreeSet<Origin>,
    touched: BTreeSet<u16>,
    ended: bool,
}

/// All sessions of one shard.
#[derive(Debug, Default)]
pub(super) struct Model {
    sessions: BTreeMap<Vec<u8>, Session>,
    guests: BTreeSet<Vec<u8>>,
    /// Id, number of the operation and time of each end that is remembered.
    ends: Vec<(Vec<u8>, u64, u64)>,
    forgotten_seq: u64,
    /// Below which life and number the connections of each of a few nodes are over.
    floors: [(u64, u64); 4],
    pub ends_max: usize,
    /// Those that ended in the last step.
    pub over: BTreeSet<Vec<u8>>,
}

impl Model {
    pub(super) fn step(&mut self, at: &Stamp) {
        self.over.clear();
        while self.ends.first().is_some_and(|(_, _, at_ms)| at_ms + ENDED_MS <= at.now_ms) {
            self.forget();
        }
        let due = |session: &Session| {
            session.attached.is_empty() && session.kept_ms + session.ttl_ms <= at.now_ms
        };
        let due = self.sessions.iter().filter(|(_, session)| !session.ended && due(session));
        // Those of one moment end in the order of their creation, which is that of
        // their ids here.
        let mut due: Vec<_> = due.map(|(id, s)| (s.kept_ms + s.ttl_ms, id.clone())).collect();
        due.sort();
        due.into_iter().for_each(|(_, id)| self.end(at, &id));
    }

    pub(super) fn run(&mut self, at: &Stamp, op: &Op<'_>) -> Outcome {
        let id = op.id().to_vec();
        let lives = self.sessions.get(&id).is_some_and(|session| !session.ended);
        let none = Outcome::Fault(Fault::NoSession);
        match *op {
            Op::Create { .. } if lives => Outcome::Ok,
            Op::Create { .. } if self.has_ended(&id) => none,
            Op::Create { ttl_ms, .. } => {
                let (attached, touched) = Default::default();
                let session =
                    Session { ttl_ms, kept_ms: at.now_ms, attached, touched, ended: false };
                self.sessions.insert(id, session);
                Outcome::Ok
            }
            Op::Attach { origin, .. } if self.is_over(&origin) => Outcome::Nil,
            Op::Detach { .. } if !lives => Outcome::Int(0),
            Op::Destroy { .. } if !lives => Outcome::Nil,
            Op::Attach { .. } | Op::KeepAlive { .. } | Op::Touch { .. } if !lives => none,
            Op::Attach { origin, .. } => {
                let session = self.session(&id);
                session.attached.insert(origin);
                Outcome::Int(session.ttl_ms as i64)
            }
            Op::Detach { origin, .. } => {
                let session = self.session(&id);
                let left = session.attached.remove(&origin);
                if left {
                    session.kept_ms = at.now_ms;
                }
                Outcome::Int(left.into())
            }
            Op::KeepAlive { .. } => {
                self.session(&id).kept_ms = at.now_ms;
                Outcome::Int(1)
            }
            Op::Destroy { .. } => {
                let touched: Vec<u16> = self.session(&id).touched.iter().copied().collect();
                self.end(at, &id);
                Outcome::List(touched.into_iter().map(|shard| Outcome::Int(shard.into())).collect())
            }
            Op::Touch { shard, .. } => {
                self.session(&id).touched.insert(shard.0);
                Outcome::Nil
            }
            Op::Settled { shard, .. } => {
                let Some(session) = self.sessions.get_mut(&id).filter(|session| session.ended)
                else {
                    return Outcome::Int(0);
                };
                let told = session.touched.remove(&shard.0);
                if session.touched.is_empty() {
                    self.sessions.remove(&id);
                }
                Outcome::Int(told.into())
            }
            Op::Open { .. } if lives || self.guests.contains(&id) => Outcome::Ok,
            Op::Open { .. } if self.has_ended(&id) => none,
            Op::Open { floor, .. } if floor < self.forgotten_seq => Outcome::Int(at.seq as i64),
            Op::Open { .. } => {
                self.guests.insert(id);
                Outcome::Ok
            }
            Op::End { .. } => {
                self.guests.remove(&id);
                if !self.sessions.contains_key(&id) {
                    self.remember(at, &id);
                    self.over.insert(id);
                }
                Outcome::Ok
            }
            Op::Info { .. } | Op::List { .. } | Op::Stats {} => Outcome::Nil,
        }
    }

    pub(super) fn gone(&mut self, at: &Stamp, is_gone: impl Fn(&Origin) -> bool) {
        for session in self.sessions.values_mut() {
            let before = session.attached.len();
            session.attached.retain(|origin| !is_gone(origin));
            if session.attached.len() < before {
                session.kept_ms = at.now_ms;
            }
        }
    }

    pub(super) fn end_lives(&mut self, at: &Stamp, floor: Origin) {
        let known = &mut self.floors[floor.node.0 as usize];
        *known = (floor.boot, floor.conn).max(*known);
        let floors = self.floors;
        self.gone(at, |origin| is_over(&floors, origin));
    }

    fn is_over(&self, origin: &Origin) -> bool {
        is_over(&self.floors, origin)
    }

    pub(super) fn lives(&self, id: &[u8]) -> bool {
        self.guests.contains(id) || self.sessions.get(id).is_some_and(|session| !session.ended)
    }

    pub(super) fn next_deadline(&self) -> Option<u64> {
        let waiting = |session: &&Session| !session.ended && session.attached.is_empty();
        let waiting = self.sessions.values().filter(waiting);
        waiting.map(|session| session.kept_ms + session.ttl_ms).min()
    }

    pub(super) fn endings(&self) -> BTreeSet<(Vec<u8>, u16)> {
        let ended = self.sessions.iter().filter(|(_, session)| session.ended);
        let told = |(id, session): (&Vec<u8>, &Session)| {
            let id = id.clone();
            session.touched.clone().into_iter().map(move |shard| (id.clone(), shard))
        };
        ended.flat_map(told).collect()
    }

    /// What is attached to a session that lives.
    pub(super) fn attached(&self, id: &[u8]) -> Option<Vec<Origin>> {
        let session = self.sessions.get(id).filter(|session| !session.ended)?;
        Some(session.attached.iter().copied().collect())
    }

    fn session(&mut self, id: &[u8]) -> &mut Session {
        self.sessions.get_mut(id).unwrap()
    }

    fn has_ended(&self, id: &[u8]) -> bool {
        self.sessions.contains_key(id) || self.ends.iter().any(|(ended, ..)| ended == id)
    }

    fn end(&mut self, at: &Stamp, id: &[u8]) {
        let session = self.session(id);
        session.ended = true;
        session.attached.clear();
        if session.touched.is_empty() {
            self.sessions.remove(id);
        }
        self.remember(at, id);
        self.over.insert(id.to_vec());
    }

    fn remember(&mut self, at: &Stamp, id: &[u8]) {
        if !self.ends.iter().any(|(ended, ..)| ended == id) {
            self.ends.push((id.to_vec(), at.seq, at.now_ms));
        }
        while self.ends.len() > self.ends_max {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.forgotten_seq = self.ends.remove(0).1.max(self.forgotten_seq);
    }
}

fn is_over(floors: &[(u64, u64)], origin: &Origin) -> bool {
    (origin.boot, origin.conn) < floors[origin.node.0 as usize]
}
