//! The scripts that a shard remembers.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::sha1::{Sha, sha1};
use crate::image;
use crate::wire::{Malformed, Wire};

/// How many bytes a script counts for besides its text.
const RECORD_BYTES: u64 = 64;

/// The scripts that a shard remembers.
#[derive(Clone, Debug, Default)]
pub struct Table {
    bodies: BTreeMap<Sha, Arc<[u8]>>,
    bytes: u64,
}

impl Table {
    /// The script of this name.
    pub fn get(&self, sha: &Sha) -> Option<Arc<[u8]>> {
        self.bodies.get(sha).cloned()
    }

    /// Whether there is a script of this name.
    pub fn has(&self, sha: &Sha) -> bool {
        self.bodies.contains_key(sha)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.bodies.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bodies.is_empty()
    }

    /// Bytes of memory, about.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Remembers a script, if all have no more than so many bytes then; whether it is
    /// remembered.
    pub(crate) fn add(&mut self, sha: Sha, body: &[u8], bytes_max: u64) -> bool {
        if self.has(&sha) {
            return true;
        }
        let bytes = body.len() as u64 + RECORD_BYTES;
        if self.bytes + bytes > bytes_max {
            return false;
        }
        self.bytes += bytes;
        self.bodies.insert(sha, body.into());
        true
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        *self = Table::default();
    }

    pub(crate) fn state_digest(&self) -> u64 {
        image::digest(self.bodies.keys().map(|sha| sha.0.to_vec()))
    }

    pub(crate) fn freeze(&self) -> Frozen {
        Frozen(self.clone())
    }

    /// Adds those of a chunk of a snapshot.
    pub(crate) fn restore(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        while !chunk.is_empty() {
            let body = <&[u8]>::take(&mut chunk)?;
            self.add(sha1(body), body, u64::MAX);
        }
        Ok(())
    }
}

/// The scripts as they were at one moment.
#[derive(Debug)]
pub struct Frozen(Table);

impl Frozen {
    /// The chunks of a snapshot.
    pub(crate) fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        image::pack(self.0.bodies.into_values().map(|body| {
            let mut record = Vec::with_capacity(body.len() + 10);
            (&body[..]).put(&mut record);
            record
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_so_behind_a_snapshot() {
        let mut table = Table::default();
        for number in 0..100_u32 {
            let body = vec![b'x'; number as usize * 100];
            assert!(table.add(sha1(&body), &body, u64::MAX));
        }
        let mut again = Table::default();
        for chunk in table.freeze().chunks() {
            again.restore(&chunk).expect("a chunk");
        }
        assert_eq!(again.state_digest(), table.state_digest());
        assert_eq!((again.len(), again.bytes()), (100, table.bytes()));
        assert_eq!(again.get(&sha1(b"")).as_deref(), Some(&b""[..]));
    }

    #[test]
    fn more_than_the_limit_is_not_remembered() {
        let mut table = Table::default();
        assert!(table.add(sha1(b"a"), b"a", 100));
        assert!(!table.add(sha1(b"b"), b"b", 100));
        assert!(table.add(sha1(b"a"), b"a", 0), "it is there");
        table.clear();
        assert!(table.is_empty() && table.add(sha1(b"b"), b"b", 100));
    }
}
