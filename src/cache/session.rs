//! Who may use lines of a shard, and since when.

use lockstep_core::wire::{Malformed, Wire};

/// One time that one node was the home of a shard: its term as a leader, and which of
/// its lives that was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch {
    /// The term.
    pub term: u64,
    /// A home that comes back within a term has forgotten who shares what: it counts
    /// as another one.
    pub incarnation: u64,
}

/// The right of a node to use lines of a shard, as its home numbers it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session {
    /// Given by which home.
    pub epoch: Epoch,
    /// Grows with every session of that home.
    pub number: u64,
}

/// The number of a request for a session: no node uses one twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce {
    /// Which life of the node.
    pub boot: u64,
    /// Grows with every request.
    pub count: u64,
}

impl<'a> Wire<'a> for Epoch {
    fn put(&self, out: &mut Vec<u8>) {
        self.term.put(out);
        self.incarnation.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Epoch { term: u64::take(input)?, incarnation: u64::take(input)? })
    }
}

impl<'a> Wire<'a> for Session {
    fn put(&self, out: &mut Vec<u8>) {
        self.epoch.put(out);
        self.number.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Session { epoch: Epoch::take(input)?, number: u64::take(input)? })
    }
}

impl<'a> Wire<'a> for Nonce {
    fn put(&self, out: &mut Vec<u8>) {
        self.boot.put(out);
        self.count.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Nonce { boot: u64::take(input)?, count: u64::take(input)? })
    }
}
