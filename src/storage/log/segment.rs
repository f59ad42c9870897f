//! The files of the log and their names.
//!
//! `<number>-<salt>.log` holds records or waits to; `.free` is a file to be used
//! again; `.tmp` is one that is not yet filled with zeros. Numbers only grow and
//! are never used twice; number and salt give the log's secret when xored, so
//! that each segment has a salt of its own which no client can guess.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{Disk, DiskFile, StorageError};

/// A segment file.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) number: u32,
    pub(super) salt: u32,
    pub(super) path: PathBuf,
    pub(super) file: Arc<dyn DiskFile>,
    bytes: AtomicU64,
}

impl Segment {
    pub(super) fn new(name: Name, dir: &Path, file: Arc<dyn DiskFile>, bytes: u64) -> Segment {
        let path = dir.join(name.to_text());
        let bytes = AtomicU64::new(bytes);
        Segment { number: name.number, salt: name.salt, path, file, bytes }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn set_bytes(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Relaxed);
    }
}

/// What the name of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) number: u32,
    pub(super) salt: u32,
    pub(super) role: Role,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Role {
    Log,
    Free,
    Temporary,
}

impl Role {
    const ALL: [(Role, &'static str); 3] =
        [(Role::Log, ".log"), (Role::Free, ".free"), (Role::Temporary, ".tmp")];

    fn suffix(self) -> &'static str {
        let all = Role::ALL.iter();
        all.filter(|(role, _)| *role == self).map(|(_, suffix)| *suffix).next().expect("in ALL")
    }
}

impl Name {
    pub(super) fn new(number: u32, secret: u32, role: Role) -> Name {
        Name { number, salt: number ^ secret, role }
    }

    pub(super) fn secret(self) -> u32 {
        self.number ^ self.salt
    }

    pub(super) fn to_text(self) -> String {
        format!("{:08x}-{:08x}{}", self.number, self.salt, self.role.suffix())
    }

    pub(super) fn from_text(text: &str) -> Option<Name> {
        let (role, suffix) = Role::ALL.into_iter().find(|(_, suffix)| text.ends_with(suffix))?;
        let (number, salt) = text.strip_suffix(suffix)?.split_once('-')?;
        let name = Name {
            number: u32::from_str_radix(number, 16).ok()?,
            salt: u32::from_str_radix(salt, 16).ok()?,
            role,
        };
        (name.to_text() == text).then_some(name)
    }
}

/// The names of the log's files in a directory, in order.
pub(super) fn names(disk: &dyn Disk, dir: &Path) -> Result<Vec<Name>, StorageError> {
    let texts = disk.list(dir).map_err(StorageError::io("listing the log", dir))?;
    let mut names: Vec<Name> = texts.iter().filter_map(|text| Name::from_text(text)).collect();
    names.sort();
    Ok(names)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_and_gives_the_secret() {
        let name = Name::new(17, 0xdead_beef, Role::Free);
        let back = Name::from_text(&name.to_text()).unwrap();
        assert_eq!(back, name);
        assert_eq!(back.secret(), 0xdead_beef);
    }

    #[test]
    fn other_files_are_left_alone() {
        for text in ["LOCK", "x.log", "1-2.log", "0000000G-00000000.log", "00000001-00000002.old"] {
            assert_eq!(Name::from_text(text), None, "{text}");
        }
    }
}
