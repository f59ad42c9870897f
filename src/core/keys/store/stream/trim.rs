//! Taking away the oldest entries.

use super::{Block, Id, Stream};

/// What is to stay.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) enum Keep {
    /// So many entries.
    Count(u64),
    /// Those from an id on.
    From(Id),
}

impl Stream {
    /// Takes away the oldest entries but those to keep, and says how many. With `blocks`
    /// only whole blocks, and at most `limit` entries (0: any number).
    pub(in crate::keys) fn trim(&mut self, keep: Keep, blocks: bool, limit: u64) -> u64 {
        let mut removed = 0;
        while let Some(block) = self.blocks_from(0).next() {
            let live = block.head().map_or(0, |head| head.live);
            if matches!(keep, Keep::Count(max) if self.len <= max) {
                break;
            }
            if limit > 0 && removed + live > limit {
                break;
            }
            if !self.is_to_go(block, live, keep) {
                removed += if blocks { 0 } else { self.trim_first(keep) };
                break;
            }
            self.blocks.remove_range(0, 1);
            self.len -= live;
            removed += live;
        }
        if removed > 0 {
            self.find_edges();
        }
        removed
    }

    fn is_to_go(&self, block: Block<'_>, live: u64, keep: Keep) -> bool {
        match keep {
            Keep::Count(max) => self.len - live >= max,
            // A deleted entry at the end counts, too, as in Redis.
            Keep::From(id) => block.entries().last().is_none_or(|last| last.id < id),
        }
    }

    /// Takes entries out of the first block, and says how many.
    fn trim_first(&mut self, keep: Keep) -> u64 {
        let Some(block) = self.blocks_from(0).next() else { return 0 };
        let (key, mut len) = (block.id, self.len);
        let trimmed = block.without(|entry| {
            let gone = match keep {
                Keep::Count(max) => len > max,
                Keep::From(id) => entry.id < id,
            };
            len -= u64::from(gone && !entry.deleted);
            gone.then_some(true)
        });
        let Some((bytes, removed @ 1..)) = trimmed else { return 0 };
        self.len -= removed;
        self.replace_block(0, key, &bytes);
        removed
    }
}
