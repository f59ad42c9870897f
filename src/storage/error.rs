//! What can go wrong with the disk, and what the operator can do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the storage could not do what it was asked.
#[derive(Debug)]
pub enum StorageError {
    /// The system refused a disk operation.
    Io {
        /// What was being done, as in "writing the log".
        doing: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// Another process works on the data directory.
    Locked {
        /// The lock file.
        path: PathBuf,
        /// What the other process wrote into it: its process id.
        holder: String,
    },
    /// Bytes that were safely written are not what they were.
    Damaged {
        /// The damaged file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// What is wrong there.
        what: String,
        /// What the operator can do.
        advice: &'static str,
    },
    /// A file was written by a version with another format.
    Version {
        /// The file.
        path: PathBuf,
        /// The format it has.
        found: u32,
        /// The newest format this version reads.
        known: u32,
    },
    /// The data directory belongs to another node.
    Foreign {
        /// The identity file.
        path: PathBuf,
        /// The node that the directory belongs to.
        found: u64,
        /// The node that was started.
        expected: u64,
    },
    /// The data directory belongs to a node of another cluster.
    OtherCluster {
        /// The identity file.
        path: PathBuf,
        /// The cluster that the node belongs to.
        found: u64,
        /// The cluster that was named.
        asked: u64,
    },
    /// Data was put aside as damaged so often that the disk itself is in doubt.
    TooOften {
        /// The data directory.
        path: PathBuf,
        /// How often.
        times: usize,
    },
    /// The data directory is spread over another number of shards.
    OtherShards {
        /// The file that says so.
        path: PathBuf,
        /// The number it was founded with.
        founded: u64,
        /// The number that was asked for.
        asked: u64,
    },
    /// Something is larger than the storage takes.
    TooLarge {
        /// What it is.
        what: &'static str,
        /// Its size.
        bytes: u64,
        /// The bound.
        max: u64,
    },
}

impl StorageError {
    /// Whether bytes that were safe are not what they were: the data has to be put
    /// aside ([`quarantine`](crate::quarantine())) and fetched anew from the peers.
    pub fn is_damage(&self) -> bool {
        matches!(self, StorageError::Damaged { .. })
    }

    /// Wraps the system's answer: for `map_err`.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StorageError {
        move |source| StorageError::Io { doing, path: path.to_path_buf(), source }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageError::Io { doing, path, source } => {
                write!(f, "{doing} failed at {}: {source}", path.display())
            }
            StorageError::Locked { path, holder } => write!(
                f,
                "another process (pid {holder}) uses this data directory: {} is locked; \
                 stop it or choose another --dir",
                path.display()
            ),
            StorageError::Damaged { path, offset, what, advice } => {
                write!(f, "{} is damaged at byte {offset}: {what}; {advice}", path.display())
            }
            StorageError::Version { path, found, known } => write!(
                f,
                "{} has format {found}, this version reads up to {known}; \
                 start the version that wrote it",
                path.display()
            ),
            StorageError::Foreign { path, found, expected } => write!(
                f,
                "{} belongs to node {found}, not to node {expected}; check --dir",
                path.display()
            ),
            StorageError::OtherCluster { path, found, asked } => write!(
                f,
                "{} belongs to a node of cluster {found:016x}, not of {asked:016x}; \
                 check --dir and --seeds, or start with an empty directory",
                path.display()
            ),
            StorageError::TooOften { path, times } => write!(
                f,
                "{} holds data that was put aside as damaged {times} times; check the disk, \
                 then remove the directories quarantine-*",
                path.display()
            ),
            StorageError::OtherShards { path, founded, asked } => write!(
                f,
                "the data directory was founded with {founded} shards ({}), not {asked}; \
                 start with --shards {founded} or with another --dir",
                path.display()
            ),
            StorageError::TooLarge { what, bytes, max } => {
                write!(f, "{what} of {bytes} bytes is larger than the bound of {max} bytes")
            }
        }
    }
}

impl std::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StorageError::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<StorageError> for io::Error {
    fn from(error: StorageError) -> io::Error {
        let kind = match &error {
            StorageError::Io { source, .. } => source.kind(),
            StorageError::Locked { .. } => io::ErrorKind::ResourceBusy,
            StorageError::Damaged { .. } | StorageError::Version { .. } => {
                io::ErrorKind::InvalidData
            }
            StorageError::TooOften { .. } => io::ErrorKind::QuotaExceeded,
            StorageError::Foreign { .. }
            | StorageError::OtherCluster { .. }
            | StorageError::OtherShards { .. }
            | StorageError::TooLarge { .. } => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

/// Whether the cause of an error, however deeply it is wrapped, is damage.
pub fn is_damage(error: &(dyn std::error::Error + 'static)) -> bool {
    if let Some(error) = error.downcast_ref::<StorageError>() {
        return error.is_damage();
    }
    // An io error is not the source of what it carries, its source is.
    let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    if let Some(carried) = carried {
        return is_damage(carried);
    }
    error.source().is_some_and(is_damage)
}
