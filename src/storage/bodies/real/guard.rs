//! What sled says, and what it does instead, as errors.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use crate::StorageError;

const ADVICE: &str = "the node puts its data aside and fetches it anew when it is started with \
    --seeds; alone, restore the data directory from a backup";

/// Runs something that reads the database. sled panics where it finds what it did
/// not expect on disk.
pub(super) fn guarded<T>(
    doing: &'static str,
    path: &Path,
    work: impl FnOnce() -> sled::Result<T>,
) -> Result<T, StorageError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(done) => done.map_err(|why| error(doing, path, why)),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Err(damaged(path, format!("the database broke: {}", text.unwrap_or("no reason"))))
        }
    }
}

fn error(doing: &'static str, path: &Path, why: sled::Error) -> StorageError {
    match why {
        sled::Error::Io(source) if !is_odd(source.kind()) => StorageError::io(doing, path)(source),
        other => damaged(path, other.to_string()),
    }
}

/// Whether the system would not say so of files that are as they were.
fn is_odd(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::InvalidData
            | ErrorKind::InvalidInput
            | ErrorKind::UnexpectedEof
            | ErrorKind::NotFound
    )
}

/// What cannot be what was written.
pub(super) fn damaged(path: &Path, what: String) -> StorageError {
    StorageError::Damaged { path: path.to_path_buf(), offset: 0, what, advice: ADVICE }
}
