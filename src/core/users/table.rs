//! The users as a shard keeps them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Op;
use crate::wire::{Malformed, Wire};
use crate::{Fault, Outcome, Stamp, image};

/// All users. A clone costs one counter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    inner: Arc<Inner>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Inner {
    users: BTreeMap<Box<[u8]>, User>,
    epoch: u64,
}

/// One user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The number of the operation that made it so; never 0.
    pub version: u64,
    /// What it is.
    pub bytes: Arc<[u8]>,
}

impl Table {
    /// Grows with every change; 0: there was none yet.
    pub fn epoch(&self) -> u64 {
        self.inner.epoch
    }

    /// A user by its name.
    pub fn get(&self, name: &[u8]) -> Option<&User> {
        self.inner.users.get(name)
    }

    /// All users in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &User)> {
        self.inner.users.iter().map(|(name, user)| (&name[..], user))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.inner.users.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.inner.users.is_empty()
    }

    pub(crate) fn apply(&mut self, at: &Stamp, op: &Op<'_>) -> Outcome {
        match op {
            Op::Put { name, bytes, expected, users_max } => {
                self.put(at, name, bytes, *expected, *users_max)
            }
            Op::Delete { names } => self.delete(at, names),
        }
    }

    fn put(
        &mut self,
        at: &Stamp,
        name: &[u8],
        bytes: &[u8],
        expected: u64,
        users_max: u64,
    ) -> Outcome {
        let known = self.get(name);
        match known {
            Some(known) if known.version != expected => {
                return Outcome::List(vec![
                    Outcome::Int(known.version as i64),
                    Outcome::Bytes(known.bytes.to_vec()),
                ]);
            }
            None if expected != 0 => return Outcome::List(vec![Outcome::Int(0)]),
            None if self.len() as u64 >= users_max => return Fault::Limit.into(),
            _ => {}
        }
        let inner = Arc::make_mut(&mut self.inner);
        inner.epoch = at.seq;
        inner.users.insert(name.into(), User { version: at.seq, bytes: bytes.into() });
        Outcome::Int(inner.epoch as i64)
    }

    fn delete(&mut self, at: &Stamp, names: &[&[u8]]) -> Outcome {
        let mut count = 0;
        if names.iter().any(|name| self.get(name).is_some()) {
            let inner = Arc::make_mut(&mut self.inner);
            inner.epoch = at.seq;
            count = names.iter().filter(|name| inner.users.remove(**name).is_some()).count();
        }
        Outcome::List(vec![Outcome::Int(count as i64), Outcome::Int(self.epoch() as i64)])
    }

    pub(crate) fn state_digest(&self) -> u64 {
        image::digest(self.clone().chunks())
    }

    /// The chunks of a snapshot: none before the first change.
    pub(crate) fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let epoch = (self.epoch() > 0).then(|| record(b"", self.epoch(), b""));
        let users: Vec<Vec<u8>> =
            self.iter().map(|(name, user)| record(name, user.version, &user.bytes)).collect();
        image::pack(epoch.into_iter().chain(users))
    }

    /// Adds what stands in a chunk of a snapshot. A record without bytes is the epoch.
    pub(crate) fn restore(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        let inner = Arc::make_mut(&mut self.inner);
        while !chunk.is_empty() {
            let name = <&[u8]>::take(&mut chunk)?;
            let version = u64::take(&mut chunk)?;
            let bytes = <&[u8]>::take(&mut chunk)?;
            if bytes.is_empty() {
                inner.epoch = version;
            } else {
                inner.users.insert(name.into(), User { version, bytes: bytes.into() });
            }
        }
        Ok(())
    }
}

fn record(name: &[u8], version: u64, bytes: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(name.len() + bytes.len() + 16);
    name.put(&mut record);
    version.put(&mut record);
    bytes.put(&mut record);
    record
}
