//! Sets of numbers that are mostly small.

use std::collections::BTreeSet;

use smallvec::{SmallVec, smallvec};

/// Up to here a list is searched faster than a tree.
const FEW: usize = 16;

/// Some numbers, in order.
#[derive(Clone, Debug)]
pub(crate) enum Ids {
    Few(SmallVec<[u64; 2]>),
    Many(BTreeSet<u64>),
}

impl Ids {
    /// Only this one.
    pub fn of(id: u64) -> Self {
        Ids::Few(smallvec![id])
    }

    /// Adds one.
    pub fn insert(&mut self, id: u64) {
        match self {
            Ids::Few(few) if few.len() < FEW => {
                if let Err(at) = few.binary_search(&id) {
                    few.insert(at, id);
                }
            }
            Ids::Few(few) => {
                let mut many: BTreeSet<u64> = few.iter().copied().collect();
                many.insert(id);
                *self = Ids::Many(many);
            }
            Ids::Many(many) => {
                many.insert(id);
            }
        }
    }

    /// Takes one out.
    pub fn remove(&mut self, id: u64) {
        match self {
            Ids::Few(few) => {
                if let Ok(at) = few.binary_search(&id) {
                    few.remove(at);
                }
            }
            Ids::Many(many) => {
                many.remove(&id);
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Ids::Few(few) => few.len(),
            Ids::Many(many) => many.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, the smallest first.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        let (few, many) = match self {
            Ids::Few(few) => (Some(few.iter().copied()), None),
            Ids::Many(many) => (None, Some(many.iter().copied())),
        };
        few.into_iter().flatten().chain(many.into_iter().flatten())
    }
}

impl PartialEq for Ids {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}
