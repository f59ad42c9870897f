//! Writes that go past the kernel's page cache and are safe when they return.
//!
//! One call instead of a write and a sync: nothing is copied into the cache, looked
//! up there again and waited for twice.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{PAGE_BYTES, Through};

const PAGE: usize = PAGE_BYTES as usize;

/// A buffer that was larger for once gives its memory back.
const KEPT_BYTES_MAX: usize = 1 << 20;

/// A file that is written to directly.
#[derive(Debug)]
pub(super) struct Direct {
    file: File,
    /// What is written has to begin where a page of memory does: somewhere in here.
    buf: Vec<u8>,
}

impl Direct {
    /// `None` where the file system offers no such writes.
    pub(super) fn open(path: &Path) -> Option<Direct> {
        Some(Direct { file: open(path)?, buf: Vec::new() })
    }

    /// Copies the bytes to aligned memory; says where that begins.
    fn align(&mut self, bytes: &[u8]) -> usize {
        let needed = bytes.len() + PAGE;
        if self.buf.len() < needed || self.buf.len() > needed.max(KEPT_BYTES_MAX) {
            self.buf = vec![0; needed];
        }
        let start = self.buf.as_ptr().align_offset(PAGE);
        self.buf[start..start + bytes.len()].copy_from_slice(bytes);
        start
    }
}

impl Through for Direct {
    fn write(&mut self, pages: &[u8], offset: u64) -> io::Result<bool> {
        if !pages.len().is_multiple_of(PAGE) || !offset.is_multiple_of(PAGE_BYTES) {
            return Ok(false);
        }
        let start = self.align(pages);
        let mut done = 0;
        while done < pages.len() {
            let rest = &self.buf[start + done..start + pages.len()];
            match self.file.write_at(rest, offset + done as u64) {
                // It begins anew where a page does.
                Ok(written) if written >= PAGE => done += written - written % PAGE,
                Ok(_) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::InvalidInput => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

#[cfg(target_os = "linux")]
fn open(path: &Path) -> Option<File> {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    let flags = i32::try_from((OFlags::DIRECT | OFlags::DSYNC).bits()).ok()?;
    File::options().read(true).write(true).custom_flags(flags).open(path).ok()
}

#[cfg(not(target_os = "linux"))]
fn open(_: &Path) -> Option<File> {
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{Disk, RealDisk};

    #[test]
    fn what_was_written_directly_is_read_in_the_usual_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let file = RealDisk.create(&path).unwrap();
        file.write_at(&[1; 3 * PAGE], 0).unwrap();
        let mut direct = RealDisk.open_through(&path).unwrap();
        if !direct.write(&[2; 2 * PAGE], PAGE_BYTES).unwrap() {
            return; // Not on this file system.
        }
        file.write_at(&[3; 10], 2 * PAGE_BYTES + 5).unwrap();
        let mut wanted = vec![1; PAGE];
        wanted.resize(3 * PAGE, 2);
        wanted[2 * PAGE + 5..][..10].fill(3);
        assert_eq!(std::fs::read(&path).unwrap(), wanted);
    }

    #[test]
    fn parts_of_pages_are_left_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, [1; 2 * PAGE]).unwrap();
        let mut direct = RealDisk.open_through(&path).unwrap();
        assert!(!direct.write(&[2; 100], 0).unwrap());
        assert!(!direct.write(&[2; PAGE], 100).unwrap());
        assert_eq!(std::fs::read(&path).unwrap(), vec![1; 2 * PAGE]);
    }
}
