//! The newest messages of the home that a node has seen.

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

use crate::{Name, Named};

/// For each group of keys the highest number of a message about one of them. Keys of
/// one group are taken for each other: some copies are not kept then, and nothing
/// worse.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Marks(Vec<u64>);

impl Marks {
    /// None seen, for so many groups.
    pub(crate) fn new(groups: usize) -> Self {
        Marks(vec![0; groups.max(1)])
    }

    /// Whether a message is newer than all that were seen about the key.
    pub(crate) fn is_news(&self, name: &Name, q: u64) -> bool {
        q > self.0[self.group(name)]
    }

    /// A message about a key was seen.
    pub(crate) fn raise(&mut self, name: &Name, q: u64) {
        let group = self.group(name);
        self.0[group] = self.0[group].max(q);
    }

    /// A message about all keys was seen.
    pub(crate) fn raise_all(&mut self, q: u64) {
        self.0.iter_mut().for_each(|mark| *mark = q.max(*mark));
    }

    /// A new session begins.
    pub(crate) fn clear(&mut self) {
        self.0.fill(0);
    }

    fn group(&self, name: &Name) -> usize {
        group(name, self.0.len())
    }
}

/// Which of so many groups a key belongs to.
pub(crate) fn group(name: &dyn Named, groups: usize) -> usize {
    let mut hasher = SipHasher13::new();
    name.hash(&mut hasher);
    (hasher.finish() % groups as u64) as usize
}
