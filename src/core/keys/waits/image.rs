//! Who waits, as bytes: images and digests.

use std::sync::Arc;

use super::{Kept, Table, Waiter, Want};
use crate::image::{Name, Paged, digest, pack};
use crate::lives::Lives;
use crate::wire::{Malformed, Wire};
use crate::{Db, Origin, Outcome, wire_enum};

wire_enum! {
    /// A piece of an image.
    pub enum Record<'a> {
        /// What there is once; always the first.
        1 => Head {
            /// The newest place.
            last_place: u64,
            /// The newest life of each node.
            lives: Vec<Origin>,
        },
        /// Who waits.
        2 => Place {
            /// The place in line.
            place: u64,
            /// The connection.
            origin: Origin,
            /// Which of its requests.
            request: u64,
            /// When it gives up.
            deadline_ms: Option<u64>,
            /// The database.
            db: Db,
            /// The keys.
            keys: Vec<&'a [u8]>,
            /// What is wanted.
            want: Want<'a>,
            /// Whether what it is served is kept.
            keep: bool,
        },
        /// How the last wait of a connection ended.
        3 => End {
            /// Its place.
            place: u64,
            /// The connection.
            origin: Origin,
            /// Which of its requests.
            request: u64,
            /// The database.
            db: Db,
            /// The keys that it waited for.
            keys: Vec<&'a [u8]>,
            /// What was wanted.
            want: Want<'a>,
            /// The byte form of the answer; none: the node has it.
            answer: Option<&'a [u8]>,
        },
    }
}

/// Those who waited at one moment.
#[derive(Clone, Debug)]
pub struct Frozen {
    waiters: Paged<Waiter>,
    kept: Paged<Kept>,
    last_place: u64,
    lives: Lives,
}

impl Table {
    /// Those who wait now, for an image. Cheap: what is not changed afterwards is shared.
    pub fn freeze(&self) -> Frozen {
        Frozen {
            waiters: self.waiters.clone(),
            kept: self.kept.clone(),
            last_place: self.last_place,
            lives: self.lives.clone(),
        }
    }

    /// A digest of the state: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        digest(self.freeze().records())
    }

    /// Adds what a chunk of an image holds.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn restore(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        while !chunk.is_empty() {
            self.add(Record::take(&mut chunk)?)?;
        }
        Ok(())
    }

    fn add(&mut self, record: Record<'_>) -> Result<(), Malformed> {
        match record {
            Record::Head { last_place, lives } => {
                self.last_place = last_place;
                lives.into_iter().for_each(|floor| self.lives.begin(floor));
            }
            Record::Place { place, origin, request, deadline_ms, db, keys, want, keep } => {
                if place > self.last_place || self.waiters.get(place).is_some() {
                    return Err(Malformed);
                }
                let keys: Arc<[Name]> = keys.into_iter().map(Name::from).collect();
                let want = bytes(&want).into();
                self.enter(place, Waiter { origin, request, deadline_ms, db, keys, want, keep });
            }
            Record::End { place, origin, request, db, keys, want, answer } => {
                let known = self.index.kept.contains_key(&origin);
                if place > self.last_place || known || self.kept.get(place).is_some() {
                    return Err(Malformed);
                }
                if let Some(mut answer) = answer {
                    Outcome::take(&mut answer)?;
                }
                let keys = keys.into_iter().map(Name::from).collect();
                let (want, answer) = (bytes(&want).into(), answer.map(Arc::from));
                self.insert_kept(place, Kept { origin, request, db, keys, want, answer });
            }
        }
        Ok(())
    }
}

impl Frozen {
    /// The chunks of the image, in order; none when nobody ever waited.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        pack(self.records())
    }

    fn records(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let Frozen { waiters, kept, last_place, lives } = self;
        let head = bytes(&Record::Head { last_place, lives: lives.list() });
        let places = waiters.into_pages().flat_map(|(base, page)| {
            page.iter().map(|(slot, waiter)| place(base + slot, waiter)).collect::<Vec<_>>()
        });
        let ends = kept.into_pages().flat_map(|(base, page)| {
            page.iter().map(|(slot, kept)| end(base + slot, kept)).collect::<Vec<_>>()
        });
        std::iter::once(head).chain(places).chain(ends)
    }
}

fn place(place: u64, waiter: &Waiter) -> Vec<u8> {
    let Waiter { origin, request, deadline_ms, db, keep, .. } = *waiter;
    let (keys, want) = (waiter.keys.iter().map(|key| &key[..]).collect(), waiter.want());
    bytes(&Record::Place { place, origin, request, deadline_ms, db, keys, want, keep })
}

fn end(place: u64, kept: &Kept) -> Vec<u8> {
    let Kept { origin, request, db, .. } = *kept;
    let (want, answer) = (super::want::read(&kept.want), kept.answer.as_deref());
    let keys = kept.keys.iter().map(|key| &key[..]).collect();
    bytes(&Record::End { place, origin, request, db, keys, want, answer })
}

fn bytes<'a>(value: &impl Wire<'a>) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.put(&mut bytes);
    bytes
}
