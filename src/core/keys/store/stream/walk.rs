//! Walking over a stream.

use super::block::{Entries, Entry};
use super::{Block, Id, Stream};
use crate::keys::store::tree::{Backward, Range};

/// Blocks from one on.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Blocks<'a>(Range<'a>);

/// Entries from an id on.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Forward<'a> {
    blocks: Blocks<'a>,
    entries: Option<Entries<'a>>,
    from: Id,
}

/// Blocks before one, the last one first.
pub(super) struct BlocksBack<'a>(Backward<'a>);

impl<'a> Iterator for Blocks<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let entry = self.0.next()?;
        Some(Block { id: Id::of_key(entry.key)?, bytes: entry.value })
    }
}

impl<'a> Iterator for BlocksBack<'a> {
    type Item = Block<'a>;

    fn next(&mut self) -> Option<Block<'a>> {
        let entry = self.0.next()?;
        Some(Block { id: Id::of_key(entry.key)?, bytes: entry.value })
    }
}

impl<'a> Iterator for Forward<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let Some(entries) = &mut self.entries {
                let from = self.from;
                if let Some(entry) = entries.find(|entry| !entry.deleted && entry.id >= from) {
                    return Some(entry);
                }
            }
            self.entries = Some(self.blocks.next()?.entries());
        }
    }
}

impl Stream {
    /// The blocks from the one with this number on.
    pub(in crate::keys) fn blocks_from(&self, at: usize) -> Blocks<'_> {
        Blocks(self.blocks.from(at))
    }

    pub(super) fn blocks_back(&self, before: usize) -> BlocksBack<'_> {
        BlocksBack(self.blocks.back_from(before))
    }

    /// The entries from an id on.
    pub(in crate::keys) fn entries(&self, from: Id) -> Forward<'_> {
        let at = self.place_of(from).unwrap_or(0);
        Forward { blocks: self.blocks_from(at), entries: None, from }
    }

    /// The entries up to an id, the last one first.
    pub(in crate::keys) fn entries_back(&self, to: Id) -> impl Iterator<Item = Entry<'_>> {
        let before = self.place_of(to).map_or(0, |at| at + 1);
        self.blocks_back(before).flat_map(move |block| {
            let fits = |entry: &Entry<'_>| !entry.deleted && entry.id <= to;
            let entries: Vec<Entry<'_>> = block.entries().filter(fits).collect();
            entries.into_iter().rev()
        })
    }

    /// The entry with this id.
    pub(in crate::keys) fn entry(&self, id: Id) -> Option<Entry<'_>> {
        self.entries(id).next().filter(|entry| entry.id == id)
    }

    /// The last entry up to an id.
    pub(in crate::keys) fn last_entry(&self, to: Id) -> Option<Entry<'_>> {
        self.entries_back(to).next()
    }
}
