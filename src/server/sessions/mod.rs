//! Sessions as a node sees them: it draws their ids, knows where they were let in,
//! and tells the shards that know one when it has ended.

mod calls;
mod opened;
mod tell;
#[cfg(test)]
mod tests;

use lockstep_core::slot::Slot;
use lockstep_core::{Effect, ShardId};
use tokio::sync::Notify;

use crate::Node;
use opened::Opened;

pub use calls::{Call, carry_out};
pub use opened::ensure_open;
pub use tell::tell_of_ends;

/// What a node knows of sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    opened: Opened,
    /// Sessions ended in a shard that has a replica here, and others know them.
    bell: Notify,
}

impl Sessions {
    /// Whether a shard is known to let requests in a session's name in. One that has
    /// ended since is found out by the shard.
    pub fn is_open(&self, id: &[u8], shard: ShardId) -> bool {
        self.opened.has(id, shard)
    }

    /// A session has ended.
    pub fn forget(&self, id: &[u8]) {
        self.opened.remove(id);
    }

    /// Carries out effects: looks who has to be told, when sessions have ended.
    pub fn carry_out(&self, effects: &[Effect]) {
        if effects.contains(&Effect::Endings {}) {
            self.bell.notify_one();
        }
    }
}

/// The shard that a session is at home in.
pub fn home_of(node: &Node, id: &[u8]) -> ShardId {
    node.shards.of_slot(Slot::of(id))
}

/// An id that nobody else draws.
pub fn draw_id() -> String {
    let mut id = format!("s{:032x}", rand::random::<u128>());
    id.truncate(ID_BYTES);
    id
}

/// How long drawn ids are: an `s` and 31 random hexadecimal digits.
const ID_BYTES: usize = 32;
