//! How the table finds sessions: by deadline, by connection, by what is left to do.
//!
//! All of this follows from the sessions themselves. It is no part of a snapshot
//! and is built anew when one is read.

use std::collections::BTreeSet;
use std::ops::Range;

use super::session::Session;
use crate::Origin;

/// The ways to sessions, which are named by their places.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// Those without a connection, in the order they end.
    due: BTreeSet<(u64, u64)>,
    /// Those each connection is attached to.
    connections: BTreeSet<(Origin, u64)>,
    /// Those that have ended and of which shards have to be told.
    pub endings: BTreeSet<u64>,
}

impl Index {
    /// The session stands so from now on.
    pub fn add(&mut self, place: u64, session: &Session) {
        self.due.extend(session.deadline_ms().map(|deadline_ms| (deadline_ms, place)));
        self.connections.extend(session.connections().iter().map(|origin| (*origin, place)));
        if session.is_ending() {
            self.endings.insert(place);
        }
    }

    /// The session is about to stand in another way.
    pub fn remove(&mut self, place: u64, session: &Session) {
        if let Some(deadline_ms) = session.deadline_ms() {
            self.due.remove(&(deadline_ms, place));
        }
        for origin in session.connections() {
            self.connections.remove(&(*origin, place));
        }
        if session.is_ending() {
            self.endings.remove(&place);
        }
    }

    /// When the next session ends.
    pub fn next_deadline(&self) -> Option<u64> {
        self.due.first().map(|(deadline_ms, _)| *deadline_ms)
    }

    /// The first that has to end.
    pub fn first_due(&self, now_ms: u64) -> Option<u64> {
        let (deadline_ms, place) = self.due.first()?;
        (*deadline_ms <= now_ms).then_some(*place)
    }

    /// What some connections are attached to.
    pub fn of_connections(&self, origins: Range<Origin>) -> Vec<(Origin, u64)> {
        self.connections.range((origins.start, 0)..(origins.end, 0)).copied().collect()
    }
}
