//! Room for what other nodes send, and who watches what is written.

use std::any::Any;
use std::sync::Arc;

use lockstep_core::{NodeId, ShardId};

use super::{Host, Inner};
use crate::{Group, Mailbox, Ops, Room, RoomKeeper, Watcher};

impl Host {
    /// From now on `keeper` says what room there is where this node leads. The
    /// first one that is named stays.
    pub fn ask_for_room(&self, keeper: Arc<dyn RoomKeeper>) {
        let _ = self.inner.room.set(keeper);
    }

    /// From now on `watcher` has to agree before what was written to a shard that this
    /// node leads is shown. The first one that is named stays.
    pub fn watch_entries(&self, watcher: Arc<dyn Watcher>) {
        self.inner.watching.begin(watcher);
    }

    /// Where it is said that somebody wants to know which keys change.
    pub fn touches(&self) -> &crate::Touches {
        &self.inner.touches
    }

    /// The leader of a shard, as far as this node knows.
    pub fn leader(&self, shard: ShardId) -> Option<NodeId> {
        self.inner.leader_of(shard)
    }

    /// The leader of a shard, if that is another node; asks around if none is known.
    pub async fn find_leader_elsewhere(&self, shard: ShardId) -> Option<NodeId> {
        self.inner.leader_elsewhere(shard).await
    }
}

impl Inner {
    /// Sees that there is room for those operations of a share that nobody has
    /// looked for room for. Without any they are refused, each by itself. What is
    /// given is to be kept until the share was carried out.
    pub(super) fn make_room(&self, group: &Group, ops: &mut Ops) -> Option<Box<dyn Any + Send>> {
        if !ops.needs_room() || !group.leads() {
            return None;
        }
        match self.room.get()?.room(group, self.dice.next()) {
            Room::Enough => None,
            Room::Behind { ops: first, planned } => {
                // Should it be refused, the share that follows is refused as well.
                let _ = group.submit(first, &Arc::new(Mailbox::default()));
                Some(planned)
            }
            Room::None(fault) => {
                ops.refuse_for_room(fault);
                None
            }
        }
    }
}
