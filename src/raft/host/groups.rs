//! The groups that run on this node, by shard.

use lockstep_core::ShardId;
use parking_lot::RwLock;

use crate::Group;

/// The groups that run on this node, by shard.
#[derive(Debug, Default)]
pub(super) struct Groups {
    table: RwLock<Table>,
}

#[derive(Debug, Default)]
struct Table {
    meta: Option<Group>,
    /// By the number of the shard.
    data: Vec<Option<Group>>,
}

impl Table {
    fn get(&self, shard: ShardId) -> Option<&Group> {
        if shard.is_meta() {
            return self.meta.as_ref();
        }
        self.data.get(usize::from(shard.0))?.as_ref()
    }

    fn slot(&mut self, shard: ShardId) -> &mut Option<Group> {
        if shard.is_meta() {
            return &mut self.meta;
        }
        let at = usize::from(shard.0);
        if self.data.len() <= at {
            self.data.resize(at + 1, None);
        }
        &mut self.data[at]
    }
}

impl Groups {
    /// The group of a shard, if it runs here.
    pub(super) fn get(&self, shard: ShardId) -> Option<Group> {
        self.table.read().get(shard).cloned()
    }

    /// What `look` says of the group of a shard, if that runs here.
    pub(super) fn with<T>(&self, shard: ShardId, look: impl FnOnce(&Group) -> T) -> Option<T> {
        self.table.read().get(shard).map(look)
    }

    /// All of them, that of the map first, then in the order of the shards.
    pub(super) fn all(&self) -> Vec<Group> {
        let table = self.table.read();
        table.meta.iter().chain(table.data.iter().flatten()).cloned().collect()
    }

    /// Those of data shards, in the order of the shards.
    pub(super) fn data(&self) -> Vec<Group> {
        self.table.read().data.iter().flatten().cloned().collect()
    }

    /// Adds one.
    pub(super) fn add(&self, group: Group) {
        let shard = group.id();
        *self.table.write().slot(shard) = Some(group);
    }

    /// Takes one out.
    pub(super) fn remove(&self, shard: ShardId) -> Option<Group> {
        self.table.write().slot(shard).take()
    }
}
