//! Which bodies of a table are in memory, which on disk.

use std::sync::Arc;

use super::body::{Body, BodyKey};
use super::image::Frozen;
use super::table::Table;

impl Table {
    /// Bytes of the bodies in memory.
    pub fn resident_bytes(&self) -> usize {
        self.messages().1
    }

    /// Bodies that are not on disk yet, the oldest first: at most so many bytes (one
    /// body at least), and, if an age is given, only those that were pushed so long
    /// before `now_ms`.
    pub fn to_store(
        &self,
        bytes_max: usize,
        now_ms: u64,
        older_than_ms: Option<u64>,
    ) -> Vec<(BodyKey, Arc<[u8]>)> {
        let _ = (bytes_max, now_ms, older_than_ms);
        Vec::new()
    }

    /// These bodies are on disk, synced.
    pub fn stored(&mut self, keys: &[BodyKey]) {
        let _ = keys;
    }

    /// Lets go of bodies that are on disk: of so many bytes, those first that are
    /// delivered last. How many bytes it were.
    pub fn release(&mut self, bytes: usize) -> usize {
        let _ = bytes;
        0
    }

    /// Bodies that will be asked for soon and are not in memory, of at most so many
    /// bytes.
    pub fn wanted(&self, bytes_max: usize) -> Vec<BodyKey> {
        let _ = bytes_max;
        Vec::new()
    }

    /// A body was read back. Ignored when its message is gone.
    pub fn arrived(&mut self, key: &BodyKey, body: Arc<[u8]>) {
        let _ = (key, body);
    }

    /// Bodies on disk whose messages left since the last call.
    pub fn take_gone(&mut self) -> Vec<BodyKey> {
        Vec::new()
    }

    /// All bodies on disk whose messages are there.
    pub fn stored_keys(&self) -> impl Iterator<Item = BodyKey> + '_ {
        std::iter::empty()
    }

    /// A body by its key, if its message is there.
    pub fn body(&self, key: &BodyKey) -> Option<Body> {
        let _ = key;
        None
    }
}

impl Frozen {
    /// Whether a body is named in it that is not in it.
    pub fn names_stored(&self) -> bool {
        false
    }

    /// As [`Frozen::chunks`], with every body in full, also those that are not in
    /// memory: `read` gives them. `None` in place of a chunk with one that it does not
    /// give.
    pub fn whole(
        self,
        read: impl FnMut(&BodyKey) -> Option<Arc<[u8]>> + Send,
    ) -> impl Iterator<Item = Option<Vec<u8>>> + Send {
        drop(read);
        self.chunks().map(Some)
    }
}
