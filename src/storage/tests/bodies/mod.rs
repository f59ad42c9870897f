//! Bodies of messages: what both stores promise, and what each does with damage.

mod both;
mod simulated;
mod sled_damage;
mod sled_disk;

use std::path::Path;
use std::sync::Arc;

use lockstep_core::ShardId;

use crate::{Bodies, BodyId, SimBodies, SimDisk, SledBodies};

const SHARD: ShardId = ShardId(3);

fn id(queue: u64, seq: u64) -> BodyId {
    BodyId { queue, seq }
}

/// A body that says whose it is, of so many bytes.
fn body(id: BodyId, bytes: usize) -> Arc<[u8]> {
    let mut number = (id.queue << 32 | id.seq).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let draw = || {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        number as u8
    };
    std::iter::repeat_with(draw).take(bytes).collect()
}

/// Bodies of one queue, of 500 bytes each.
fn row(queue: u64, seqs: impl IntoIterator<Item = u64>) -> Vec<(BodyId, Arc<[u8]>)> {
    let seqs = seqs.into_iter();
    seqs.map(|seq| (id(queue, seq), body(id(queue, seq), 500))).collect()
}

fn ids(queue: u64, seqs: impl IntoIterator<Item = u64>) -> Vec<BodyId> {
    seqs.into_iter().map(|seq| id(queue, seq)).collect()
}

fn get(store: &dyn Bodies, id: BodyId) -> Option<Arc<[u8]>> {
    store.get(SHARD, &[id]).unwrap().remove(0)
}

fn all(store: &dyn Bodies, shard: ShardId) -> Vec<BodyId> {
    let mut all: Vec<BodyId> = Vec::new();
    loop {
        let next = store.list(shard, all.last().copied(), 3).unwrap();
        if next.is_empty() {
            return all;
        }
        all.extend(next);
    }
}

fn sled(dir: &Path) -> SledBodies {
    SledBodies::open(dir).unwrap()
}

fn simulated(disk: &SimDisk) -> SimBodies {
    SimBodies::open(Arc::new(disk.boot()), Path::new("/data/bodies")).unwrap()
}

/// Runs a story with both stores.
fn with_both(story: impl Fn(&dyn Bodies)) {
    story(&simulated(&SimDisk::new()));
    let dir = tempfile::tempdir().unwrap();
    story(&sled(dir.path()));
}
