//! Streams: entries in the order of their ids, and groups of consumers.
//!
//! Entries stand in blocks of some kilobytes, the blocks in a tree by the id of their
//! first entry, so that a stream of any size is copied piece by piece as it is written.
//! How entries are spread over blocks is a part of what replicas agree on: trimming with
//! `~` goes by whole blocks.

mod block;
mod group;
mod listpack;
#[cfg(test)]
mod tests;
mod trim;
mod walk;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Garbage;
use super::pack::Entry as TreeEntry;
use super::tree::Tree;
use crate::keys::streams::Id;

pub(in crate::keys) use block::{Block, ENTRY_BYTES_MAX, Entry, Layout, Pair};
pub(in crate::keys) use group::{Consumer, ConsumerGroup, Pending};
pub(in crate::keys) use listpack::{Element, elements as listpack_elements};
pub(in crate::keys) use trim::Keep;

/// A stream of more blocks than these counts among the large values that are freed bit by bit.
const LARGE_BLOCKS: usize = 64;

/// What a block takes besides its bytes.
const BLOCK_BYTES: usize = 96;

/// What a stream takes besides its blocks and groups.
const STREAM_BYTES: usize = 240;

/// What a group takes besides its name and its trees.
const GROUP_BYTES: usize = 240;

/// A stream.
#[derive(Clone, Debug, Default)]
pub(in crate::keys) struct Stream {
    blocks: Tree,
    len: u64,
    /// The ids of the first and the last entry; both the least where there is none.
    edges: (Id, Id),
    /// The greatest id there ever was; what comes has a greater one.
    pub last_id: Id,
    /// The greatest id that was deleted by name.
    pub max_deleted: Id,
    /// How many entries there ever were.
    pub added: u64,
    groups: BTreeMap<Vec<u8>, Arc<ConsumerGroup>>,
    group_bytes: usize,
}

impl Stream {
    /// How many entries.
    pub(in crate::keys) fn len(&self) -> u64 {
        self.len
    }

    /// How many blocks.
    pub(in crate::keys) fn block_count(&self) -> usize {
        self.blocks.len()
    }

    /// The id of the first entry, or the least.
    pub(in crate::keys) fn first(&self) -> Id {
        self.edges.0
    }

    /// The id of the last entry, or the least.
    pub(in crate::keys) fn last(&self) -> Id {
        self.edges.1
    }

    /// Adds an entry; its id is greater than the last one.
    pub(in crate::keys) fn add(&mut self, id: Id, fields: &[Pair<'_>], layout: Layout) {
        let open = self.last_block().filter(|block| block.has_room(fields, layout));
        if let Some(more) = open.and_then(|block| block.more(id, fields)) {
            let last = self.blocks.len() - 1;
            self.blocks.grow_at(last, more.size(), |bytes| more.write(bytes));
        } else {
            let whole = open.and_then(|block| Some((block.id, block.with(id, fields)?)));
            let (block, bytes) = whole.unwrap_or_else(|| (id, block::begin(fields)));
            self.put_block(block, &bytes);
        }
        self.len += 1;
        self.added = self.added.wrapping_add(1);
        self.last_id = id;
        self.edges = (if self.len == 1 { id } else { self.edges.0 }, id);
    }

    /// Removes an entry; whether it was there.
    pub(in crate::keys) fn delete(&mut self, id: Id) -> bool {
        let Some(at) = self.place_of(id) else { return false };
        let Some(block) = self.blocks_from(at).next() else { return false };
        let key = block.id;
        let Some((bytes, 1)) = block.without(|entry| Some(entry.id == id)) else { return false };
        self.len -= 1;
        self.replace_block(at, key, &bytes);
        if self.edges.0 == id || self.edges.1 == id {
            self.find_edges();
        }
        true
    }

    /// Adds a block behind all others. Whether it is one and its entries come behind those
    /// that are there; one without living entries is left out.
    pub(in crate::keys) fn push_block(&mut self, block: Block<'_>) -> bool {
        let Some(edges) = block.checked() else { return false };
        let Some((first, last)) = edges else { return true };
        let behind = self.len == 0 || self.last() < block.id;
        if !behind || first == Id::MIN {
            return false;
        }
        self.put_block(block.id, block.bytes);
        self.edges = (if self.len == 0 { first } else { self.edges.0 }, last);
        self.len += block.head().map_or(0, |head| head.live);
        true
    }

    /// The groups in the order of their names.
    pub(in crate::keys) fn groups(&self) -> impl ExactSizeIterator<Item = (&[u8], &ConsumerGroup)> {
        self.groups.iter().map(|(name, group)| (&name[..], &**group))
    }

    pub(in crate::keys) fn group(&self, name: &[u8]) -> Option<&ConsumerGroup> {
        self.groups.get(name).map(|group| &**group)
    }

    /// Adds a group; whether there was none of this name.
    pub(in crate::keys) fn add_group(&mut self, name: &[u8], group: ConsumerGroup) -> bool {
        if self.groups.contains_key(name) {
            return false;
        }
        self.group_bytes += group_memory(name, &group);
        self.groups.insert(name.to_vec(), Arc::new(group));
        true
    }

    /// Removes a group; whether it was there.
    pub(in crate::keys) fn remove_group(&mut self, name: &[u8]) -> bool {
        let Some(group) = self.groups.remove(name) else { return false };
        self.group_bytes -= group_memory(name, &group);
        true
    }

    /// Changes a group, if it is there.
    pub(in crate::keys) fn edit_group<T>(
        &mut self,
        name: &[u8],
        change: impl FnOnce(&mut ConsumerGroup) -> T,
    ) -> Option<T> {
        let group = self.groups.get_mut(name)?;
        self.group_bytes -= group_memory(name, group);
        let result = change(Arc::make_mut(group));
        self.group_bytes += group_memory(name, group);
        Some(result)
    }

    /// Changes a group, if it is there, in view of the entries.
    pub(in crate::keys) fn with_group<T>(
        &mut self,
        name: &[u8],
        change: impl FnOnce(&Stream, &mut ConsumerGroup) -> T,
    ) -> Option<T> {
        let (name, mut group) = self.groups.remove_entry(name)?;
        self.group_bytes -= group_memory(&name, &group);
        let result = change(self, Arc::make_mut(&mut group));
        self.group_bytes += group_memory(&name, &group);
        self.groups.insert(name, group);
        Some(result)
    }

    /// Changes the last of the groups, if there is one.
    pub(in crate::keys) fn edit_last_group<T>(
        &mut self,
        change: impl FnOnce(&mut ConsumerGroup) -> T,
    ) -> Option<T> {
        let name = self.groups.last_key_value()?.0.clone();
        self.edit_group(&name, change)
    }

    /// Bytes of memory, estimated from what does not depend on the history.
    pub(in crate::keys) fn memory(&self) -> usize {
        STREAM_BYTES + self.blocks.size() + self.blocks.len() * BLOCK_BYTES + self.group_bytes
    }

    /// What is to be freed bit by bit.
    pub(in crate::keys) fn into_nodes(self, garbage: &mut Garbage) {
        if self.blocks.len() > LARGE_BLOCKS {
            garbage.note_value();
        }
        garbage.put_node(self.blocks.into_node());
        for group in self.groups.into_values().filter_map(Arc::into_inner) {
            group.into_nodes(garbage);
        }
    }

    fn last_block(&self) -> Option<Block<'_>> {
        let last = self.blocks.nth(self.blocks.len().checked_sub(1)?)?;
        Some(Block { id: Id::of_key(last.key)?, bytes: last.value })
    }

    /// The number of the block in which an entry of this id is, if it is anywhere.
    fn place_of(&self, id: Id) -> Option<usize> {
        let (rank, begins) = self.blocks.rank(&id.key());
        if begins { Some(rank) } else { rank.checked_sub(1) }
    }

    /// Gives a block other bytes; one without living entries is gone.
    fn replace_block(&mut self, at: usize, id: Id, bytes: &[u8]) {
        if (Block { id, bytes }).head().is_some_and(|head| head.live > 0) {
            self.put_block(id, bytes);
        } else {
            self.blocks.remove_range(at, 1);
        }
    }

    fn put_block(&mut self, id: Id, bytes: &[u8]) {
        self.blocks.put(TreeEntry { key: &id.key(), value: bytes });
    }

    fn find_edges(&mut self) {
        let first = self.entries(Id::MIN).next().map(|entry| entry.id);
        let last = self.last_entry(Id::MAX).map(|entry| entry.id);
        self.edges = (first.unwrap_or_default(), last.unwrap_or_default());
    }
}

fn group_memory(name: &[u8], group: &ConsumerGroup) -> usize {
    GROUP_BYTES + name.len() + group.memory()
}
