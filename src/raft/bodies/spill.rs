//! Reads and writes whole snapshots without having all bodies in memory.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use lockstep_core::queues::{BodyKey, Table};
use lockstep_core::shard::Restoring;
use lockstep_storage::BodyId;

use super::{Hold, Shelf, fetch};

/// So much is written at once.
const PUT_BYTES: usize = 8 << 20;
/// So many messages are read at once, those beside the one that is asked for.
const NEIGHBOURS: u64 = 64;
/// So many bodies are looked for at once.
const LOOKED_FOR: usize = 16;

/// Brings to disk what is too much of a shard that is being read back, of which some
/// part is there. Waits for the disk.
///
/// # Errors
/// The disk does not take it.
pub(crate) fn spill(shelf: &Shelf, restoring: &mut Restoring) -> io::Result<()> {
    let queues = restoring.queues_mut_local();
    let part = shelf.part_beside(queues.known_bytes()) / 2;
    while queues.resident_bytes() > part {
        let batch = queues.to_store(PUT_BYTES, u64::MAX, None);
        let keys: Vec<BodyKey> = batch.iter().map(|(key, _)| *key).collect();
        if !batch.is_empty() {
            let bodies: Vec<_> =
                batch.into_iter().map(|(key, body)| (fetch::id(&key), body)).collect();
            let put = shelf.store.disk.put(shelf.shard, &bodies).map_err(io::Error::from);
            put.inspect_err(|why| shelf.store.did_not_take(why))?;
            let synced = shelf.store.disk.sync().map_err(io::Error::from);
            synced.inspect_err(|why| shelf.store.has_failed(why))?;
            queues.stored(&keys);
        }
        let before = queues.resident_bytes();
        if queues.release(before.saturating_sub(part / 2)) == 0 && keys.is_empty() {
            // The rest stays whatever it is.
            return Ok(());
        }
    }
    Ok(())
}

/// Brings to disk what is too much of the state that a node begins with.
///
/// It has to begin also while its disk is full: only a node that runs hands messages
/// out, and so makes room. What the disk does not take had room in memory before.
pub(crate) struct Loading<'a> {
    shelf: &'a Shelf,
    /// So much may be in memory before the disk is asked once more.
    kept: usize,
}

impl Loading<'_> {
    pub(crate) fn new(shelf: &Shelf) -> Loading<'_> {
        Loading { shelf, kept: 0 }
    }

    /// Some more of the state is there. Waits for the disk.
    ///
    /// # Errors
    /// The disk fails in another way than by being full.
    pub(crate) fn spill(&mut self, restoring: &mut Restoring) -> io::Result<()> {
        if restoring.queues_mut_local().resident_bytes() <= self.kept {
            return Ok(());
        }
        let spilled = spill(self.shelf, restoring);
        let Err(why) = spilled else { return Ok(()) };
        if why.kind() != io::ErrorKind::StorageFull {
            return Err(why);
        }
        let Shelf { shard, store, .. } = self.shelf;
        tracing::error!(shard = shard.0, %why, id = "LS-2015", "bodies of messages cannot be kept on disk");
        store.takes_nothing(&why);
        let queues = restoring.queues_mut_local();
        let_go(self.shelf, queues)?;
        // Twice as much: what is on disk is not looked for over and over.
        self.kept = queues.resident_bytes().saturating_mul(2);
        Ok(())
    }
}

/// Lets go of bodies that are on disk already: a state that came from another node has
/// all of them in it.
fn let_go(shelf: &Shelf, queues: &mut Table) -> io::Result<()> {
    let all = queues.to_store(usize::MAX, u64::MAX, None);
    let keys: Vec<BodyKey> = all.into_iter().map(|(key, _)| key).collect();
    let mut there = Vec::new();
    for some in keys.chunks(LOOKED_FOR) {
        let ids: Vec<BodyId> = some.iter().map(fetch::id).collect();
        let bodies = shelf.store.disk.get(shelf.shard, &ids).map_err(io::Error::from);
        let bodies = bodies.inspect_err(|why| shelf.store.note(why))?;
        let fits = |(key, body): &(&BodyKey, Option<Arc<[u8]>>)| {
            body.as_ref().is_some_and(|body| key.fits(body))
        };
        there.extend(some.iter().zip(bodies).filter(fits).map(|(key, _)| *key));
    }
    if there.is_empty() {
        return Ok(());
    }
    // Whether whoever wrote them came so far is not known.
    let synced = shelf.store.disk.sync().map_err(io::Error::from);
    synced.inspect_err(|why| shelf.store.has_failed(why))?;
    queues.stored(&there);
    let part = shelf.part_beside(queues.known_bytes()) / 2;
    queues.release(queues.resident_bytes().saturating_sub(part / 2));
    Ok(())
}

/// Reads the bodies that a snapshot on its way to another node names.
pub(crate) struct Reading {
    shelf: Arc<Shelf>,
    _hold: Hold,
    /// Read and not asked for yet.
    ahead: BTreeMap<BodyId, Arc<[u8]>>,
    pub(crate) failed: Option<io::Error>,
}

impl Reading {
    /// Nothing that is named now is removed as long as this lives.
    pub(crate) fn new(shelf: &Arc<Shelf>) -> Reading {
        let hold = shelf.hold();
        Reading { shelf: shelf.clone(), _hold: hold, ahead: BTreeMap::new(), failed: None }
    }

    /// The body with this key. Waits for the disk.
    pub(crate) fn read(&mut self, key: &BodyKey) -> Option<Arc<[u8]>> {
        let id = fetch::id(key);
        if !self.ahead.contains_key(&id) {
            self.read_from(id);
        }
        let body = self.ahead.remove(&id).filter(|body| key.fits(body));
        if body.is_none() && self.failed.is_none() {
            let what = super::scan::missing(self.shelf.shard, key);
            self.failed = Some(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        body
    }

    fn read_from(&mut self, id: BodyId) {
        self.ahead.clear();
        let last = id.seq.saturating_add(NEIGHBOURS - 1);
        let ids: Vec<_> = (id.seq..=last).map(|seq| BodyId { seq, ..id }).collect();
        match self.shelf.store.disk.get(self.shelf.shard, &ids) {
            Ok(bodies) => {
                let there = ids.into_iter().zip(bodies);
                self.ahead.extend(there.filter_map(|(id, body)| Some((id, body?))));
            }
            Err(why) => {
                let why = io::Error::from(why);
                self.shelf.store.note(&why);
                self.failed = Some(why);
            }
        }
    }
}
