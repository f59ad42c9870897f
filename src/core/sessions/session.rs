//! One session at its home.

use std::sync::Arc;

use smallvec::SmallVec;

use super::roll::Entry;
use crate::image::Name;
use crate::{Origin, ShardId};

/// A session at its home.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Session {
    pub id: Name,
    /// What people call it.
    pub name: Arc<[u8]>,
    pub ttl_ms: u64,
    pub delay_ms: u64,
    pub birth_ms: u64,
    pub life: Life,
    /// The other shards that know it and have not been told of its end, in order.
    pub touched: Vec<ShardId>,
}

/// How a session stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Life {
    /// Connections are attached to it, at least one; in order.
    Attached(SmallVec<[Origin; 1]>),
    /// Nobody is.
    Detached {
        /// When it ends.
        deadline_ms: u64,
    },
    /// It has ended, and shards that know it have to be told.
    Ending,
}

impl Entry for Session {
    fn id(&self) -> &Name {
        &self.id
    }
}

impl Session {
    /// Whether it has ended, or has to.
    pub fn is_over(&self, now_ms: u64) -> bool {
        match self.life {
            Life::Attached(_) => false,
            Life::Detached { deadline_ms } => deadline_ms <= now_ms,
            Life::Ending => true,
        }
    }

    pub fn is_ending(&self) -> bool {
        self.life == Life::Ending
    }

    /// Those that are attached to it.
    pub fn connections(&self) -> &[Origin] {
        match &self.life {
            Life::Attached(connections) => connections,
            Life::Detached { .. } | Life::Ending => &[],
        }
    }

    pub fn deadline_ms(&self) -> Option<u64> {
        match self.life {
            Life::Detached { deadline_ms } => Some(deadline_ms),
            Life::Attached(_) | Life::Ending => None,
        }
    }
}
