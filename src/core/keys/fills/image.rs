//! Keys that are filled, as bytes: images and digests.

use super::{Fill, Table};
use crate::image::{Name, Paged, digest, pack};
use crate::wire::{Malformed, Wire};
use crate::{Db, wire_enum};

wire_enum! {
    /// A piece of an image.
    pub enum Record<'a> {
        /// A key that is filled.
        1 => Fill {
            /// With which token.
            token: u64,
            /// The database.
            db: Db,
            /// The key.
            key: &'a [u8],
            /// When the token ends.
            ends_ms: u64,
        },
    }
}

/// The keys that were filled at one moment.
#[derive(Clone, Debug)]
pub struct Frozen(Paged<Fill>);

impl Table {
    /// The keys that are filled now, for an image. Cheap: what is not changed afterwards is
    /// shared.
    pub fn freeze(&self) -> Frozen {
        Frozen(self.fills.clone())
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
            let Record::Fill { token, db, key, ends_ms } = Record::take(&mut chunk)?;
            if self.fills.get(token).is_some() || self.of(db, key).is_some() {
                return Err(Malformed);
            }
            self.enter(token, Fill { db, key: Name::from(key), ends_ms });
        }
        Ok(())
    }
}

impl Frozen {
    /// The chunks of the image, in order; none when nothing is filled.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        pack(self.records())
    }

    fn records(self) -> impl Iterator<Item = Vec<u8>> + Send {
        self.0.into_pages().flat_map(|(base, page)| {
            page.iter().map(|(slot, fill)| record(base + slot, fill)).collect::<Vec<_>>()
        })
    }
}

fn record(token: u64, fill: &Fill) -> Vec<u8> {
    let mut bytes = Vec::new();
    Record::Fill { token, db: fill.db, key: &fill.key, ends_ms: fill.ends_ms }.put(&mut bytes);
    bytes
}
