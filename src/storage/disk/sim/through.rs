//! Writes of the simulated disk that are safe when they return.

use std::io;

use super::Inode;
use super::file::SimFile;
use crate::disk::{DiskFile, PAGE_BYTES, Through};

/// A write and its sync are two steps: the power may go between them.
#[derive(Debug)]
pub(super) struct SimThrough(pub(super) SimFile);

impl Through for SimThrough {
    fn write(&mut self, pages: &[u8], offset: u64) -> io::Result<bool> {
        if !(pages.len() as u64 | offset).is_multiple_of(PAGE_BYTES) {
            return Ok(false);
        }
        self.0.write_at(pages, offset)?;
        self.0.sync_with(Inode::sync_last)?;
        Ok(true)
    }
}
