//! Bodies in one file behind the [`Disk`] seam: for simulated nodes, whose disks
//! lose power.
//!
//! The file is a row of records, each with its length and checksum; what they say
//! is kept in memory, except for the bodies. Behind the first record that does not
//! match its checksum nothing counts: it was not synced, or it is damaged, and then
//! bodies are missing that should be there. Whoever opens the file does not know whether
//! a sync of it has failed before, and writes again what counts.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::ShardId;
use parking_lot::Mutex;

use super::{BODY_BYTES_MAX, Bodies, BodyId, is_worth_it};
use crate::disk::read_full;
use crate::{Disk, DiskFile, StorageError};

const FILE: &str = "bodies";
const HALF: &str = "bodies.tmp";
/// Length and checksum.
const HEAD_BYTES: usize = 8;
/// Kind, shard, queue, message.
const NAME_BYTES: usize = 19;
const PUT: u8 = 0;
const REMOVE: u8 = 1;
const ERASE: u8 = 2;
/// A smaller file is never written anew.
const SMALL_BYTES: u64 = 4 << 10;
/// So much is written again at once.
const PIECE_BYTES: u64 = 1 << 20;
const ADVICE: &str = "the node puts its data aside and fetches it anew";

/// Bodies in one file of a [`Disk`].
#[derive(Debug)]
pub struct SimBodies {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: Arc<dyn DiskFile>,
    end: u64,
    places: BTreeMap<(ShardId, BodyId), Place>,
}

/// Where the record of a body begins, and the length of the body.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: u64,
    bytes: usize,
}

impl SimBodies {
    /// Opens the store, which is made when missing.
    ///
    /// # Errors
    /// The disk fails.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path) -> Result<SimBodies, StorageError> {
        let opening = || StorageError::io("opening the bodies of messages", dir);
        let state = open(disk.as_ref(), dir).map_err(opening())?;
        Ok(SimBodies { disk, dir: dir.to_path_buf(), state: Mutex::new(state) })
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> StorageError {
        StorageError::io(doing, &self.dir)
    }

    fn damaged(&self, offset: u64) -> StorageError {
        let what = "a body does not match its checksum".into();
        StorageError::Damaged { path: self.dir.join(FILE), offset, what, advice: ADVICE }
    }

    fn read(&self, state: &State, name: (ShardId, BodyId)) -> Result<Arc<[u8]>, StorageError> {
        let place = state.places[&name];
        let mut record = vec![0; HEAD_BYTES + NAME_BYTES + place.bytes];
        let got = read_full(state.file.as_ref(), &mut record, place.at);
        let got = got.map_err(self.failed("reading the body of a message"))?;
        let (head, payload) = record.split_at(HEAD_BYTES);
        let right = got == record.len()
            && head == &head_of(payload)[..]
            && payload[..NAME_BYTES] == name_bytes(PUT, name.0, name.1);
        if right { Ok(payload[NAME_BYTES..].into()) } else { Err(self.damaged(place.at)) }
    }

    fn write_anew(&self, state: &mut State) -> Result<(), StorageError> {
        let doing = || self.failed("writing the bodies of messages anew");
        let half = self.dir.join(HALF);
        let file = self.disk.create(&half).map_err(doing())?;
        let mut fresh = State { file, end: 0, places: BTreeMap::new() };
        for name in state.places.keys().copied().collect::<Vec<_>>() {
            let body = self.read(state, name)?;
            fresh.put(name.0, name.1, &body).map_err(doing())?;
        }
        fresh.file.sync_data().map_err(doing())?;
        self.disk.rename(&half, &self.dir.join(FILE)).map_err(doing())?;
        self.disk.sync_dir(&self.dir).map_err(doing())?;
        *state = fresh;
        Ok(())
    }
}

impl State {
    fn append(&mut self, payload: &[u8]) -> io::Result<u64> {
        let mut record = head_of(payload).to_vec();
        record.extend_from_slice(payload);
        let at = self.end;
        self.file.write_at(&record, at)?;
        self.end += record.len() as u64;
        Ok(at)
    }

    fn put(&mut self, shard: ShardId, id: BodyId, body: &[u8]) -> io::Result<()> {
        let mut payload = name_bytes(PUT, shard, id).to_vec();
        payload.extend_from_slice(body);
        let at = self.append(&payload)?;
        self.places.insert((shard, id), Place { at, bytes: body.len() });
        Ok(())
    }

    /// Takes what a record says; false: it is none.
    fn replay(&mut self, at: u64, payload: &[u8]) -> bool {
        let Some((kind, shard, id)) = name_of(payload) else { return false };
        match kind {
            PUT => {
                let bytes = payload.len() - NAME_BYTES;
                self.places.insert((shard, id), Place { at, bytes });
            }
            REMOVE => drop(self.places.remove(&(shard, id))),
            ERASE => self.places.retain(|(of, _), _| *of != shard),
            _ => return false,
        }
        true
    }
}

impl Bodies for SimBodies {
    fn put(&self, shard: ShardId, bodies: &[(BodyId, Arc<[u8]>)]) -> Result<(), StorageError> {
        let mut state = self.state.lock();
        for (id, body) in bodies {
            let put = state.put(shard, *id, body);
            put.map_err(self.failed("writing the body of a message"))?;
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StorageError> {
        let file = self.state.lock().file.clone();
        file.sync_data().map_err(self.failed("syncing bodies of messages"))
    }

    fn get(&self, shard: ShardId, ids: &[BodyId]) -> Result<Vec<Option<Arc<[u8]>>>, StorageError> {
        let state = self.state.lock();
        let known = |id: &BodyId| state.places.contains_key(&(shard, *id));
        let read = |id: &BodyId| known(id).then(|| self.read(&state, (shard, *id))).transpose();
        ids.iter().map(read).collect()
    }

    fn remove(&self, shard: ShardId, ids: &[BodyId]) -> Result<(), StorageError> {
        let mut state = self.state.lock();
        for id in ids {
            if state.places.remove(&(shard, *id)).is_some() {
                let removed = state.append(&name_bytes(REMOVE, shard, *id));
                removed.map_err(self.failed("removing the body of a message"))?;
            }
        }
        Ok(())
    }

    fn list(
        &self,
        shard: ShardId,
        after: Option<BodyId>,
        count: usize,
    ) -> Result<Vec<BodyId>, StorageError> {
        let first = (shard, BodyId { queue: 0, seq: 0 });
        let from = after.map_or(Bound::Included(first), |id| Bound::Excluded((shard, id)));
        let state = self.state.lock();
        let behind = state.places.range((from, Bound::Unbounded)).map(|(name, _)| *name);
        let ours = behind.take_while(|(of, _)| *of == shard).take(count);
        Ok(ours.map(|(_, id)| id).collect())
    }

    fn erase(&self, shard: ShardId) -> Result<(), StorageError> {
        let mut state = self.state.lock();
        state.places.retain(|(of, _), _| *of != shard);
        let erased = state.append(&name_bytes(ERASE, shard, BodyId { queue: 0, seq: 0 }));
        erased.map_err(self.failed("removing the bodies of a shard"))?;
        state.file.sync_data().map_err(self.failed("syncing bodies of messages"))
    }

    fn disk_bytes(&self) -> u64 {
        self.state.lock().end
    }

    fn compact(&self, live_bytes: u64) -> Result<(), StorageError> {
        let mut state = self.state.lock();
        if !is_worth_it(state.end, live_bytes, SMALL_BYTES) {
            return Ok(());
        }
        self.write_anew(&mut state)
    }
}

fn open(disk: &dyn Disk, dir: &Path) -> io::Result<State> {
    disk.create_dir_all(dir)?;
    let path = dir.join(FILE);
    let file = match disk.open(&path) {
        Err(why) if why.kind() == ErrorKind::NotFound => disk.create(&path)?,
        opened => opened?,
    };
    disk.sync_dir(dir)?;
    let mut state = State { file, end: 0, places: BTreeMap::new() };
    while let Some(payload) = next(state.file.as_ref(), state.end)? {
        let at = state.end;
        if !state.replay(at, &payload) {
            break;
        }
        state.end += (HEAD_BYTES + payload.len()) as u64;
    }
    // What was torn must not look like the tail of what comes now.
    state.file.set_len(state.end)?;
    write_again(state.file.as_ref(), state.end)?;
    state.file.sync_data()?;
    Ok(state)
}

/// After a failed sync the system takes for written what is in memory only: nothing
/// but writing it again makes the sync that follows mean something.
fn write_again(file: &dyn DiskFile, end: u64) -> io::Result<()> {
    let mut at = 0;
    while at < end {
        let mut piece = vec![0; (end - at).min(PIECE_BYTES) as usize];
        let got = read_full(file, &mut piece, at)?;
        if got == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        file.write_at(&piece[..got], at)?;
        at += got as u64;
    }
    Ok(())
}

/// What the record there says; none at the end of what counts.
fn next(file: &dyn DiskFile, at: u64) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; HEAD_BYTES];
    if read_full(file, &mut head, at)? < HEAD_BYTES {
        return Ok(None);
    }
    let bytes = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    if !(NAME_BYTES..=NAME_BYTES + BODY_BYTES_MAX).contains(&bytes) {
        return Ok(None);
    }
    if at + (HEAD_BYTES + bytes) as u64 > file.len()? {
        return Ok(None);
    }
    let mut payload = vec![0; bytes];
    let got = read_full(file, &mut payload, at + HEAD_BYTES as u64)?;
    Ok((got == bytes && head == head_of(&payload)).then_some(payload))
}

fn head_of(payload: &[u8]) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[..4].copy_from_slice(&(payload.len() as u32).to_le_bytes());
    head[4..].copy_from_slice(&crc32c::crc32c(payload).to_le_bytes());
    head
}

fn name_bytes(kind: u8, shard: ShardId, id: BodyId) -> [u8; NAME_BYTES] {
    let mut bytes = [0; NAME_BYTES];
    bytes[0] = kind;
    bytes[1..3].copy_from_slice(&shard.0.to_le_bytes());
    bytes[3..11].copy_from_slice(&id.queue.to_le_bytes());
    bytes[11..].copy_from_slice(&id.seq.to_le_bytes());
    bytes
}

fn name_of(payload: &[u8]) -> Option<(u8, ShardId, BodyId)> {
    let shard = u16::from_le_bytes(*payload.get(1..)?.first_chunk()?);
    let queue = u64::from_le_bytes(*payload.get(3..)?.first_chunk()?);
    let seq = u64::from_le_bytes(*payload.get(11..)?.first_chunk()?);
    Some((*payload.first()?, ShardId(shard), BodyId { queue, seq }))
}
