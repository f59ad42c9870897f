//! Keys that somebody is about to fill: leases against many who miss a key at once.
//!
//! Who asks for a key that is not there is given a token, and is the only one who is to make
//! the value; others wait, or are told that somebody does. The value is taken with the token
//! only while that is good. Whatever writes or deletes the key in between ends it, also where
//! there was nothing to delete: what the value was made from may be out of date then. So does
//! its time, so that a filler that died is in nobody's way. Source: Nishtala et al., Scaling
//! Memcache at Facebook, 2013, section 3.2.1.
//!
//! Tokens are replicated state. A token is the number of the operation that gave it, so none
//! is ever given twice, and later ones are greater.

mod image;
mod voids;

use std::collections::{BTreeMap, BTreeSet};

use crate::image::{Name, Paged};
use crate::{Db, Fault, Outcome};

pub use image::Frozen;
pub(in crate::keys) use voids::Voided;

/// How many keys may be filled at once in a shard.
pub const FILLS_MAX: usize = 65_536;

/// How many bytes the names of all keys may have that are filled in a shard.
pub const FILLED_BYTES_MAX: usize = 16 * 1024 * 1024;

/// For how long a token may be given, in milliseconds: a day.
pub const FILL_MS_MAX: u64 = 86_400_000;

/// The keys of a shard that are filled.
#[derive(Debug, Default)]
pub struct Table {
    /// By token.
    fills: Paged<Fill>,
    /// The same by key, and built anew when a snapshot is read. Invariant: no map is empty.
    keys: BTreeMap<Db, BTreeMap<Name, u64>>,
    /// When tokens end.
    due: BTreeSet<(u64, u64)>,
    bytes: usize,
}

/// A key that is filled.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fill {
    db: Db,
    key: Name,
    /// When the token ends.
    ends_ms: u64,
}

impl Table {
    /// Whether nothing is filled.
    pub fn is_empty(&self) -> bool {
        self.fills.is_empty()
    }

    /// How many keys are filled.
    pub fn len(&self) -> usize {
        self.fills.len()
    }

    /// The token for a key, and when it ends.
    pub fn of(&self, db: Db, key: &[u8]) -> Option<(u64, u64)> {
        let token = *self.keys.get(&db)?.get(key)?;
        Some((token, self.fills.get(token)?.ends_ms))
    }

    /// When the next token ends.
    pub fn next_deadline(&self) -> Option<u64> {
        self.due.first().map(|(ends_ms, _)| *ends_ms)
    }

    /// Gives a token for a key that has none.
    ///
    /// # Errors
    /// Too many keys are filled.
    pub(super) fn give(
        &mut self,
        db: Db,
        key: &[u8],
        token: u64,
        ends_ms: u64,
    ) -> Result<(), Outcome> {
        if self.fills.len() >= FILLS_MAX || self.bytes + key.len() > FILLED_BYTES_MAX {
            let text = b"too many keys are being filled".to_vec();
            return Err(Outcome::Refused { fault: Fault::Limit, text });
        }
        self.enter(token, Fill { db, key: Name::from(key), ends_ms });
        Ok(())
    }

    /// The token for a key is good no more; whether there was one.
    pub(super) fn end(&mut self, db: Db, key: &[u8]) -> bool {
        self.of(db, key).is_some_and(|(token, _)| self.remove(token).is_some())
    }

    /// All tokens for keys of a database are good no more. The keys.
    pub(super) fn end_all(&mut self, db: Db) -> Vec<Name> {
        let tokens: Vec<u64> =
            self.keys.get(&db).into_iter().flat_map(BTreeMap::values).copied().collect();
        tokens.into_iter().filter_map(|token| self.remove(token)).map(|fill| fill.key).collect()
    }

    /// Ends the token that ended first, if its time is over. Its key.
    pub(super) fn end_due(&mut self, now_ms: u64) -> Option<(Db, Name)> {
        let (ends_ms, token) = *self.due.first()?;
        let fill = if ends_ms <= now_ms { self.remove(token)? } else { return None };
        Some((fill.db, fill.key))
    }

    fn enter(&mut self, token: u64, fill: Fill) {
        self.keys.entry(fill.db).or_default().insert(fill.key.clone(), token);
        self.due.insert((fill.ends_ms, token));
        self.bytes += fill.key.len();
        self.fills.insert(token, fill);
    }

    fn remove(&mut self, token: u64) -> Option<Fill> {
        let fill = self.fills.remove(token)?;
        self.due.remove(&(fill.ends_ms, token));
        self.bytes -= fill.key.len();
        if let Some(keys) = self.keys.get_mut(&fill.db) {
            keys.remove(&fill.key);
            if keys.is_empty() {
                self.keys.remove(&fill.db);
            }
        }
        Some(fill)
    }
}
