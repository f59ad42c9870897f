//! How sessions come to their end, and who is told.

use std::ops::Range;

use super::mutant::Mutant;
use super::session::Life;
use super::table::Table;
use crate::image::Name;
use crate::{Origin, ShardId, Stamp};

/// A session that is over in this shard: what was held and waited for in its name
/// ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// Its id.
    pub id: Name,
    /// For how long nobody else gets what it held.
    pub delay_ms: u64,
    /// Whether other shards have to be told.
    pub elsewhere: bool,
}

/// A shard that has to be told of an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The session.
    pub id: Name,
    /// The shard.
    pub shard: ShardId,
    /// For how long nobody else gets what it held.
    pub delay_ms: u64,
}

impl Table {
    /// Whether nothing is due, neither a session nor the memory of one that has ended.
    #[inline]
    pub fn is_calm(&self, now_ms: u64) -> bool {
        self.ended.is_young(now_ms) && self.index.first_due(now_ms).is_none()
    }

    /// Ends what is due, at most `budget` of it, and says how much that was.
    pub fn expire(&mut self, at: &Stamp, budget: usize, over: &mut Vec<Over>) -> usize {
        self.ended.age(at.now_ms, budget);
        let mut ended = 0;
        while ended < budget
            && let Some(place) = self.index.first_due(at.now_ms)
        {
            self.end_due(at, place, over);
            ended += 1;
        }
        ended
    }

    /// When the next session ends.
    pub fn next_deadline(&self) -> Option<u64> {
        self.index.next_deadline()
    }

    /// Ends one session if it is due. After a long pause more may be due than one
    /// step ends; the session that an operation is about must not be among what is
    /// left.
    pub fn settle(&mut self, at: &Stamp, id: &[u8], over: &mut Vec<Over>) {
        let Some(place) = self.place_alive(id) else { return };
        if self.sessions.at(place).is_some_and(|session| session.is_over(at.now_ms)) {
            self.end_due(at, place, over);
        }
    }

    /// A connection ended: the sessions it was attached to have their time to live
    /// left (`Op::Gone`).
    pub fn end_connection(&mut self, at: &Stamp, origin: Origin) {
        let after = Origin { conn: origin.conn.saturating_add(1), ..origin };
        self.end_connections(at, origin..after);
    }

    /// Connections of a node are over, those below `floor` by life and number: they
    /// attach to nothing any more (`Op::Boot`).
    pub fn end_lives(&mut self, at: &Stamp, floor: Origin) {
        self.lives.begin(floor);
        self.end_connections(at, Origin { boot: 0, conn: 0, ..floor }..floor);
    }

    fn end_connections(&mut self, at: &Stamp, origins: Range<Origin>) {
        if self.is_broken(Mutant::GoneStaysAttached) {
            return;
        }
        for (origin, place) in self.index.of_connections(origins) {
            self.detach(at, place, origin);
        }
    }

    fn end_due(&mut self, at: &Stamp, place: u64, over: &mut Vec<Over>) {
        self.stats.expired += 1;
        self.end(at, place, over);
    }

    /// Ends a session that lives.
    pub(super) fn end(&mut self, at: &Stamp, place: u64, over: &mut Vec<Over>) {
        let session = self.change(place);
        let elsewhere = !session.touched.is_empty();
        session.life = Life::Ending;
        let (id, delay_ms) = (session.id.clone(), session.delay_ms);
        if elsewhere {
            self.changed(place);
        } else {
            self.sessions.remove(place);
        }
        self.remember_end(at, &id);
        over.push(Over { id, delay_ms, elsewhere });
    }

    /// A shard was told of an end; whether that was new.
    pub(super) fn settled(&mut self, id: &[u8], shard: ShardId) -> bool {
        let one_for_all = self.is_broken(Mutant::OneIsToldForAll);
        let place = self.sessions.place(id).filter(|place| self.index.endings.contains(place));
        let Some(place) = place else { return false };
        let session = self.change(place);
        let found = session.touched.binary_search(&shard);
        if let Ok(at) = found {
            session.touched.remove(at);
        }
        if session.touched.is_empty() || one_for_all {
            self.sessions.remove(place);
        } else {
            self.changed(place);
        }
        found.is_ok()
    }

    /// Whether shards have to be told of ends.
    pub fn has_endings(&self) -> bool {
        !self.index.endings.is_empty()
    }

    /// The shards that have to be told of ends, the oldest sessions first.
    pub fn endings(&self) -> impl Iterator<Item = Ending> + '_ {
        let sessions = self.index.endings.iter().filter_map(|place| self.sessions.at(*place));
        sessions.flat_map(|session| {
            let (id, delay_ms) = (&session.id, session.delay_ms);
            session.touched.iter().map(move |shard| Ending {
                id: id.clone(),
                shard: *shard,
                delay_ms,
            })
        })
    }
}
