//! What is told of sessions.

use super::session::{Life, Session};
use super::table::{Table, number};
use super::{LIST_MAX, Op};
use crate::{Origin, Outcome, Read};

/// What happened to the sessions of a shard so far, and how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Sessions that were created.
    pub created: u64,
    /// Sessions that were destroyed.
    pub destroyed: u64,
    /// Sessions that ended because their time ran out.
    pub expired: u64,
}

impl Stats {
    /// The names of the numbers of [`Op::Stats`].
    pub const NAMES: [&'static str; 6] =
        ["sessions", "ending", "guests", "created", "destroyed", "expired"];
}

impl Table {
    /// Answers an operation that only reads, at `now_ms` by the reader's clock and
    /// `clock_ms` by the shard's.
    pub fn read(&self, now_ms: u64, clock_ms: u64, op: &Op<'_>) -> Read {
        let now_ms = now_ms.max(clock_ms);
        let session = self.sessions.get(op.id());
        if session.is_some_and(|session| !session.is_ending() && session.is_over(now_ms)) {
            return Read::TickFirst;
        }
        Read::Done(self.look(now_ms, op))
    }

    /// Answers an operation that only reads: what is due counts as over.
    pub fn look(&self, now_ms: u64, op: &Op<'_>) -> Outcome {
        match *op {
            Op::Info { id } => {
                let session = self.sessions.get(id);
                session.map_or(Outcome::Nil, |session| info(session, now_ms))
            }
            Op::List { cursor, count } => self.list(now_ms, cursor, count),
            _ => Outcome::List(self.numbers().map(number).into()),
        }
    }

    /// How many sessions are at home here, those counted of whose end others have
    /// to be told.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether none is at home here.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many sessions with other homes have requests let in.
    pub fn guests(&self) -> usize {
        self.guests.len()
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    fn numbers(&self) -> [u64; Stats::NAMES.len()] {
        let ending = self.index.endings.len();
        let sessions = self.len() - ending;
        let Stats { created, destroyed, expired } = self.stats;
        let counts = [sessions, ending, self.guests()].map(|count| count as u64);
        [counts[0], counts[1], counts[2], created, destroyed, expired]
    }

    fn list(&self, now_ms: u64, cursor: u64, count: u64) -> Outcome {
        let count = usize::try_from(count.clamp(1, LIST_MAX)).unwrap_or(1);
        let mut rest = self.sessions.from(cursor);
        let (mut ids, mut next) = (Vec::new(), 0);
        for (place, session) in rest.by_ref().take(count) {
            next = place + 1;
            if !session.is_over(now_ms) {
                ids.push(Outcome::Bytes(session.id.to_vec()));
            }
        }
        if rest.next().is_none() {
            next = 0;
        }
        Outcome::List(vec![number(next), Outcome::List(ids)])
    }
}

fn info(session: &Session, now_ms: u64) -> Outcome {
    let (state, left_ms) = match session.life {
        _ if session.is_over(now_ms) => ("ending", Outcome::Int(0)),
        Life::Attached(_) => ("attached", Outcome::Int(-1)),
        Life::Detached { deadline_ms } => ("detached", number(deadline_ms - now_ms)),
        Life::Ending => ("ending", Outcome::Int(0)),
    };
    let connections = session.connections().iter().map(|origin| Outcome::Bytes(text(origin)));
    let shards = session.touched.iter().map(|shard| Outcome::Int(shard.0.into()));
    Outcome::List(vec![
        Outcome::Bytes(session.name.to_vec()),
        Outcome::Bytes(state.into()),
        number(session.ttl_ms),
        left_ms,
        number(session.delay_ms),
        number(session.birth_ms),
        Outcome::List(connections.collect()),
        Outcome::List(shards.collect()),
    ])
}

fn text(origin: &Origin) -> Vec<u8> {
    let Origin { node, boot, conn } = origin;
    format!("{}-{boot}-{conn}", node.0).into_bytes()
}
