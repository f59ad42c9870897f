//! What is kept of deadlocks, to be looked at later.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::image::Name;
use crate::locks::{Blocked, DEADLOCK_BYTES_MAX, DEADLOCK_LINKS_MAX, DEADLOCKS_MAX, Mode};

/// A deadlock that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::locks) struct Deadlock {
    pub time_ms: u64,
    /// Who waited for whom.
    pub cycle: Vec<Kept>,
    pub victim: Vec<u8>,
    pub rule: &'static str,
    pub found_ms: u64,
    pub text: Vec<u8>,
}

/// A wait, and an owner in its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::locks) struct Kept {
    pub owner: Vec<u8>,
    pub name: Name,
    pub mode: Mode,
    pub by: Vec<u8>,
}

impl Kept {
    /// The same as it stands in operations and records.
    pub fn as_blocked(&self) -> Blocked<'_> {
        let Kept { owner, name, mode, by } = self;
        Blocked::By { owner, name, mode: *mode, by }
    }
}

impl From<&Blocked<'_>> for Kept {
    fn from(Blocked::By { owner, name, mode, by }: &Blocked<'_>) -> Self {
        Kept { owner: owner.to_vec(), name: (*name).into(), mode: *mode, by: by.to_vec() }
    }
}

/// The first of these, as many and as large as are kept.
pub(super) fn bounded(links: impl Iterator<Item = Kept>) -> Vec<Kept> {
    let mut bytes = 0;
    let fits = |link: &Kept| {
        bytes += link.owner.len() + link.name.len() + link.by.len();
        bytes <= DEADLOCK_BYTES_MAX
    };
    links.take(DEADLOCK_LINKS_MAX).take_while(fits).collect()
}

/// The newest deadlocks, the oldest of them first.
#[derive(Clone, Debug, Default)]
pub(in crate::locks) struct Ring {
    list: VecDeque<Arc<Deadlock>>,
}

impl Ring {
    /// Adds one.
    pub fn push(&mut self, deadlock: Deadlock) {
        if self.list.len() >= DEADLOCKS_MAX {
            self.list.pop_front();
        }
        self.list.push_back(Arc::new(deadlock));
    }

    /// All, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Deadlock>> {
        self.list.iter()
    }
}
