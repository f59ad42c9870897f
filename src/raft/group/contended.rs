//! Whether anybody waits for a lock of a shard.

use super::Group;

impl Group {
    /// How many requests wait for a lock of the shard, as of the last entry.
    pub fn waiting_for_locks(&self) -> usize {
        self.inner.progress.waiting()
    }

    /// Waits until a request waits for a lock of the shard.
    pub async fn contended(&self) {
        self.inner.progress.contended().await;
    }
}
