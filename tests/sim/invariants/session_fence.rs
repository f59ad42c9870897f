//! S22: what is held or waited for in the name of a session is there only while the
//! shard lets that in.

use lockstep_core::Shard;

use super::lock_view::{EVERY_MS, holders};
use super::{Invariant, Sight};

/// Looks now and then.
#[derive(Default)]
pub struct SessionFence {
    next_ms: u64,
}

impl Invariant for SessionFence {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if sight.now_ms < self.next_ms {
            return Ok(());
        }
        self.next_ms = sight.now_ms + EVERY_MS;
        for replica in sight.replicas.iter().filter(|replica| !replica.shard.is_meta()) {
            if let Some(what) = outlived(&replica.group.state()) {
                return Err(format!("n{}: {what}", replica.node));
            }
        }
        Ok(())
    }
}

/// A hold whose session is over.
fn outlived(shard: &Shard) -> Option<String> {
    let over = holders(shard).into_iter().find(|holder| {
        holder.session.as_ref().is_some_and(|id| shard.sessions().birth_of(id).is_none())
    })?;
    let session = over.session.unwrap_or_default();
    Some(format!("{} is held by {}, which is over", over.name, String::from_utf8_lossy(&session)))
}
