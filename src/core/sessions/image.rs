//! The table as bytes: snapshots and digests.

use smallvec::SmallVec;

use super::ended::Tombstone;
use super::guests::Guest;
use super::mutant::Mutant;
use super::session::{Life, Session};
use super::table::Table;
use super::{ID_BYTES_MAX, Stats};
use crate::image::{Paged, digest, pack};
use crate::lives::Lives;
use crate::wire::{Malformed, Wire};
use crate::{Origin, ShardId, wire_enum};

wire_enum! {
    /// A piece of the table.
    pub enum Piece<'a> {
        /// What there is once; always the first.
        1 => Head {
            /// The highest number of an operation that ended a session of which that
            /// is not known any more.
            forgotten_seq: u64,
            /// The numbers of [`Stats`], in the order of its fields.
            stats: Vec<u64>,
            /// The newest life of each node.
            lives: Vec<Origin>,
        },
        /// A session.
        2 => Session {
            /// Its place in the order of creation.
            place: u64,
            /// Its id.
            id: &'a [u8],
            /// Its name.
            name: &'a [u8],
            /// Its time to live.
            ttl_ms: u64,
            /// For how long nobody else gets what it held.
            delay_ms: u64,
            /// When it was created.
            birth_ms: u64,
            /// The connections that are attached, in order.
            connections: Vec<Origin>,
            /// When it ends, if none is; none: it has ended.
            deadline_ms: Option<u64>,
            /// The shards that know it, in order.
            touched: Vec<ShardId>,
        },
        /// A session with another home.
        3 => Guest {
            /// Its place in the order of opening.
            place: u64,
            /// Its id.
            id: &'a [u8],
            /// When it was created.
            birth_ms: u64,
            /// For how long nobody else gets what it held.
            delay_ms: u64,
        },
        /// A session that has ended.
        4 => Ended {
            /// Its place in the order of ends.
            place: u64,
            /// Its id.
            id: &'a [u8],
            /// The number of the operation that ended it.
            seq: u64,
            /// When that was.
            at_ms: u64,
        },
    }
}

/// The table as it was at one moment.
#[derive(Debug)]
pub struct Frozen {
    sessions: Paged<Session>,
    guests: Paged<Guest>,
    ended: Paged<Tombstone>,
    forgotten_seq: u64,
    lives: Lives,
    stats: Stats,
    without_endings: bool,
}

impl Table {
    /// The table as it is now, for a snapshot. Cheap: what is not changed afterwards
    /// is shared.
    pub fn freeze(&self) -> Frozen {
        Frozen {
            sessions: self.sessions.image(),
            guests: self.guests.image(),
            ended: self.ended.roll.image(),
            forgotten_seq: self.ended.forgotten_seq,
            lives: self.lives.clone(),
            stats: self.stats,
            without_endings: self.is_broken(Mutant::EndingsNotInImage),
        }
    }

    /// A digest of the state: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        digest(self.freeze().pieces())
    }

    /// Adds what a chunk of a snapshot holds. The chunks come in order, into a new
    /// table.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn restore(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        while !chunk.is_empty() {
            self.restore_piece(Piece::take(&mut chunk)?)?;
        }
        Ok(())
    }

    fn restore_piece(&mut self, piece: Piece<'_>) -> Result<(), Malformed> {
        match piece {
            Piece::Head { forgotten_seq, stats, lives } => {
                self.ended.forgotten_seq = forgotten_seq;
                self.restore_head(&stats, lives)
            }
            Piece::Session {
                place,
                id,
                name,
                ttl_ms,
                delay_ms,
                birth_ms,
                connections,
                deadline_ms,
                touched,
            } => {
                let life = life(connections, deadline_ms)?;
                let (id, name) = (checked(id)?.into(), name.into());
                self.restore_session(
                    place,
                    Session { id, name, ttl_ms, delay_ms, birth_ms, life, touched },
                )
            }
            Piece::Guest { place, id, birth_ms, delay_ms } => {
                let id = checked(id)?.into();
                self.guests.restore(place, Guest { id, birth_ms, delay_ms })
            }
            Piece::Ended { place, id, seq, at_ms } => {
                let id = checked(id)?.into();
                self.ended.roll.restore(place, Tombstone { id, seq, at_ms })
            }
        }
    }

    fn restore_head(&mut self, stats: &[u64], lives: Vec<Origin>) -> Result<(), Malformed> {
        let [created, destroyed, expired] = *stats else { return Err(Malformed) };
        self.stats = Stats { created, destroyed, expired };
        lives.into_iter().for_each(|floor| self.lives.begin(floor));
        Ok(())
    }

    fn restore_session(&mut self, place: u64, session: Session) -> Result<(), Malformed> {
        let sorted = session.touched.is_sorted_by(|one, next| one < next);
        let forgotten = session.is_ending() && session.touched.is_empty();
        if !sorted || forgotten {
            return Err(Malformed);
        }
        self.sessions.restore(place, session)?;
        self.changed(place);
        Ok(())
    }
}

fn life(connections: Vec<Origin>, deadline_ms: Option<u64>) -> Result<Life, Malformed> {
    match deadline_ms {
        Some(deadline_ms) if connections.is_empty() => Ok(Life::Detached { deadline_ms }),
        None if connections.is_empty() => Ok(Life::Ending),
        None if connections.is_sorted_by(|one, next| one < next) => {
            Ok(Life::Attached(SmallVec::from_vec(connections)))
        }
        _ => Err(Malformed),
    }
}

fn checked(id: &[u8]) -> Result<&[u8], Malformed> {
    if id.len() <= ID_BYTES_MAX { Ok(id) } else { Err(Malformed) }
}

impl Frozen {
    /// The chunks of the snapshot, in order.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        pack(self.pieces())
    }

    fn pieces(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let Stats { created, destroyed, expired } = self.stats;
        let head = Piece::Head {
            forgotten_seq: self.forgotten_seq,
            stats: vec![created, destroyed, expired],
            lives: self.lives.list(),
        };
        let left_out = self.without_endings;
        let kept = move |session: &Session| !(left_out && session.is_ending());
        std::iter::once(bytes(&head))
            .chain(records(self.sessions, move |place, session| {
                kept(session).then(|| bytes(&piece_of(place, session)))
            }))
            .chain(records(self.guests, |place, Guest { id, birth_ms, delay_ms }| {
                let (birth_ms, delay_ms) = (*birth_ms, *delay_ms);
                Some(bytes(&Piece::Guest { place, id, birth_ms, delay_ms }))
            }))
            .chain(records(self.ended, |place, Tombstone { id, seq, at_ms }| {
                Some(bytes(&Piece::Ended { place, id, seq: *seq, at_ms: *at_ms }))
            }))
    }
}

/// The records of what stands on a roll, page by page.
fn records<T: Clone + Send + Sync + 'static>(
    list: Paged<T>,
    record: impl Fn(u64, &T) -> Option<Vec<u8>> + Send,
) -> impl Iterator<Item = Vec<u8>> + Send {
    list.into_pages().flat_map(move |(base, page)| {
        page.iter().filter_map(|(slot, entry)| record(base + slot, entry)).collect::<Vec<_>>()
    })
}

fn piece_of(place: u64, session: &Session) -> Piece<'_> {
    Piece::Session {
        place,
        id: &session.id,
        name: &session.name,
        ttl_ms: session.ttl_ms,
        delay_ms: session.delay_ms,
        birth_ms: session.birth_ms,
        connections: session.connections().to_vec(),
        deadline_ms: session.deadline_ms(),
        touched: session.touched.clone(),
    }
}

fn bytes(piece: &Piece<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    piece.put(&mut out);
    out
}
