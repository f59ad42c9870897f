//! The name of a key: its database and its bytes.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use bytes::Bytes;
use lockstep_core::Db;
use lockstep_core::wire::{Malformed, Wire};

/// A key of the key space, with its database.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Its database.
    pub db: Db,
    /// Its bytes.
    pub key: Bytes,
}

impl Name {
    /// A name of its own, of bytes that belong to somebody else.
    pub fn of(db: Db, key: &[u8]) -> Self {
        Name { db, key: Bytes::copy_from_slice(key) }
    }
}

/// A name that is looked for, and need not be copied for that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct At<'a> {
    /// The database.
    pub db: Db,
    /// The bytes of the key.
    pub key: &'a [u8],
}

/// Whatever says where a key is: by this a map of names is asked without a copy of
/// the bytes.
pub trait Named {
    /// The database and the bytes.
    fn at(&self) -> At<'_>;
}

impl Named for Name {
    fn at(&self) -> At<'_> {
        At { db: self.db, key: &self.key }
    }
}

impl Named for At<'_> {
    fn at(&self) -> At<'_> {
        *self
    }
}

impl Hash for dyn Named + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let At { db, key } = self.at();
        state.write_u8(db.0);
        state.write(key);
    }
}

impl PartialEq for dyn Named + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.at() == other.at()
    }
}

impl Eq for dyn Named + '_ {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self as &dyn Named).hash(state);
    }
}

impl<'a> Borrow<dyn Named + 'a> for Name {
    fn borrow(&self) -> &(dyn Named + 'a) {
        self
    }
}

impl<'a> Wire<'a> for Name {
    fn put(&self, out: &mut Vec<u8>) {
        self.db.put(out);
        (&self.key[..]).put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Name::of(Db::take(input)?, <&[u8]>::take(input)?))
    }
}
