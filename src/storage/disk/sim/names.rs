//! The names of the simulated files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Draw;

/// Which file has which name, as seen and as synced.
#[derive(Clone, Default)]
pub(super) struct Names {
    live: BTreeMap<PathBuf, u64>,
    synced: BTreeMap<PathBuf, u64>,
    /// What came since the last sync, in order.
    unsynced: Vec<Change>,
}

#[derive(Clone)]
enum Change {
    Link(PathBuf, u64),
    Rename(PathBuf, u64),
    Unlink(PathBuf),
}

impl Names {
    pub(super) fn get(&self, path: &Path) -> Option<u64> {
        self.live.get(path).copied()
    }

    pub(super) fn create(&mut self, path: &Path, inode: u64) {
        self.change(Change::Link(path.to_path_buf(), inode));
    }

    pub(super) fn rename(&mut self, to: &Path, inode: u64) {
        self.change(Change::Rename(to.to_path_buf(), inode));
    }

    pub(super) fn remove(&mut self, path: &Path) {
        self.change(Change::Unlink(path.to_path_buf()));
    }

    /// A name that is there and safe at once.
    pub(super) fn put(&mut self, path: &Path, inode: u64) {
        self.live.insert(path.to_path_buf(), inode);
        self.synced.insert(path.to_path_buf(), inode);
    }

    pub(super) fn sync(&mut self, dir: &Path) {
        for change in std::mem::take(&mut self.unsynced) {
            if change.is_in(dir) {
                change.apply(&mut self.synced);
            } else {
                self.unsynced.push(change);
            }
        }
    }

    pub(super) fn in_dir(&self, dir: &Path) -> Vec<String> {
        let inside = self.live.keys().filter(|path| path.parent() == Some(dir));
        inside.filter_map(|path| path.file_name()?.to_str().map(String::from)).collect()
    }

    pub(super) fn paths(&self) -> Vec<PathBuf> {
        self.live.keys().cloned().collect()
    }

    pub(super) fn inodes(&self) -> impl Iterator<Item = u64> {
        self.live.values().copied()
    }

    /// Keeps the first changes, as a journal does, or an arbitrary part of them.
    pub(super) fn power_loss(&mut self, draw: &mut Draw) {
        let changes = std::mem::take(&mut self.unsynced);
        let in_order = draw.below(2) == 0;
        let first = draw.below(changes.len() + 1);
        for (at, change) in changes.into_iter().enumerate() {
            let kept = if in_order { at < first } else { draw.below(2) == 0 };
            if kept {
                change.apply(&mut self.synced);
            }
        }
        self.live.clone_from(&self.synced);
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.live);
        self.unsynced.push(change);
    }
}

impl Change {
    fn is_in(&self, dir: &Path) -> bool {
        let path = match self {
            Change::Link(path, _) | Change::Rename(path, _) | Change::Unlink(path) => path,
        };
        path.parent() == Some(dir)
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Change::Link(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            Change::Rename(to, inode) => {
                // Whatever name the file had before goes: it never has two.
                names.retain(|_, other| other != inode);
                names.insert(to.clone(), *inode);
            }
            Change::Unlink(path) => {
                names.remove(path);
            }
        }
    }
}
