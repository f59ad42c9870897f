//! The bytes of one simulated file.

use std::collections::BTreeMap;

use super::{Draw, SECTOR_BYTES};

/// The bytes of a file, as seen and as synced.
#[derive(Clone, Default)]
pub(super) struct Inode {
    /// What a reader sees.
    pub(super) live: Vec<u8>,
    /// What is safe.
    synced: Vec<u8>,
    /// What came since the last sync, in order.
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Len(usize),
}

impl Inode {
    pub(super) fn synced(bytes: &[u8]) -> Inode {
        Inode { live: bytes.to_vec(), synced: bytes.to_vec(), unsynced: Vec::new() }
    }

    pub(super) fn write(&mut self, offset: usize, bytes: &[u8]) {
        put(&mut self.live, offset, bytes);
        self.unsynced.push(Change::Write { offset, bytes: bytes.to_vec() });
    }

    pub(super) fn set_len(&mut self, len: usize) {
        self.live.resize(len, 0);
        self.unsynced.push(Change::Len(len));
    }

    pub(super) fn sync(&mut self) {
        for change in std::mem::take(&mut self.unsynced) {
            match change {
                Change::Write { offset, bytes } => put(&mut self.synced, offset, &bytes),
                Change::Len(len) => self.synced.resize(len, 0),
            }
        }
    }

    /// Only the last write is safe; what came before is not.
    pub(super) fn sync_last(&mut self) {
        match self.unsynced.pop() {
            Some(Change::Write { offset, bytes }) => put(&mut self.synced, offset, &bytes),
            other => self.unsynced.extend(other),
        }
    }

    /// After a failed sync: the bytes stay visible, and no later sync saves them.
    pub(super) fn lose_unsynced(&mut self) {
        self.unsynced.clear();
    }

    pub(super) fn flip(&mut self, offset: usize, mask: u8) {
        for bytes in [&mut self.live, &mut self.synced] {
            if let Some(byte) = bytes.get_mut(offset) {
                *byte ^= mask;
            }
        }
    }

    pub(super) fn power_loss(&mut self, draw: &mut Draw) {
        match draw.below(4) {
            0 => self.unsynced.clear(),
            1 => self.sync(),
            _ => self.tear(draw),
        }
        self.live.clone_from(&self.synced);
    }

    /// Keeps of each sector one of the contents that it had since the last sync,
    /// and of the length one of those that the file had.
    fn tear(&mut self, draw: &mut Draw) {
        let mut versions: BTreeMap<usize, usize> = BTreeMap::new();
        let mut lens = vec![self.synced.len()];
        for change in &self.unsynced {
            let len = *lens.last().expect("starts with one");
            match change {
                Change::Write { offset, bytes } => {
                    for (sector, _) in sectors(*offset, bytes) {
                        *versions.entry(sector).or_default() += 1;
                    }
                    lens.push(len.max(offset + bytes.len()));
                }
                Change::Len(len) => lens.push(*len),
            }
        }
        for kept in versions.values_mut() {
            *kept = draw.below(*kept + 1);
        }
        for change in std::mem::take(&mut self.unsynced) {
            let Change::Write { offset, bytes } = change else { continue };
            for (sector, (at, part)) in sectors(offset, &bytes) {
                let left = versions.get_mut(&sector).expect("counted above");
                if *left > 0 {
                    *left -= 1;
                    put(&mut self.synced, at, part);
                }
            }
        }
        let len = lens[draw.below(lens.len())];
        self.synced.resize(len, 0);
    }
}

/// The parts of a write that fall into each sector, with their offsets.
fn sectors(offset: usize, bytes: &[u8]) -> impl Iterator<Item = (usize, (usize, &[u8]))> {
    let first = SECTOR_BYTES - offset % SECTOR_BYTES;
    let (head, rest) = bytes.split_at(first.min(bytes.len()));
    let parts = std::iter::once(head).chain(rest.chunks(SECTOR_BYTES));
    let mut at = offset;
    parts.map(move |part| {
        let start = at;
        at += part.len();
        (start / SECTOR_BYTES, (start, part))
    })
}

fn put(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}
