//! The state of a shard as chunks of bytes, and back.
//!
//! Every chunk starts with a byte that says whose it is: 0 the shard's own
//! numbers (always the first chunk), 1 the keys', 2 the locks', 3 the queues', 4
//! the map of the cluster, 5 the requests', 6 the sessions', 7 those of who waits for keys,
//! 8 those of keys that are filled, 9 the scripts', 133 the users', 136 the libraries' of
//! functions.

use crate::wire::{Malformed, Wire};
use crate::{Shard, cluster, keys, locks, queues, requests, scripts, sessions, users};

const NUMBERS: u8 = 0;
const KEYS: u8 = 1;
const LOCKS: u8 = 2;
const QUEUES: u8 = 3;
const CLUSTER: u8 = 4;
const REQUESTS: u8 = 5;
const SESSIONS: u8 = 6;
const WAITS: u8 = 7;
const FILLS: u8 = 8;
const SCRIPTS: u8 = 9;
const LIBRARIES: u8 = 136;
const USERS: u8 = 133;

/// A shard as it was at one moment.
#[derive(Debug)]
pub struct Frozen {
    numbers: Vec<u8>,
    keys: keys::Frozen,
    locks: locks::Frozen,
    queues: queues::Frozen,
    cluster: cluster::Map,
    requests: requests::Frozen,
    sessions: sessions::Frozen,
    waits: keys::waits::Frozen,
    fills: keys::fills::Frozen,
    scripts: scripts::Frozen,
    libraries: scripts::functions::Frozen,
    users: users::Table,
}

impl Frozen {
    pub(super) fn of(shard: &Shard) -> Self {
        let mut numbers = vec![NUMBERS];
        shard.clock_ms.put(&mut numbers);
        shard.seq.put(&mut numbers);
        shard.version.put(&mut numbers);
        Frozen {
            numbers,
            keys: shard.keys.freeze(),
            locks: shard.locks.freeze(),
            queues: shard.queues.freeze(),
            cluster: shard.cluster.clone(),
            requests: shard.requests.freeze(),
            sessions: shard.sessions.freeze(),
            waits: shard.keys.waits.freeze(),
            fills: shard.keys.fills.freeze(),
            scripts: shard.scripts.freeze(),
            libraries: shard.libraries.freeze(),
            users: shard.users.clone(),
        }
    }

    /// Whether bodies are named in it that are not in it.
    pub fn names_stored(&self) -> bool {
        self.queues.names_stored()
    }

    /// The chunks of the snapshot with all bodies in them, in order, for another node.
    /// `None` in place of one with a body that `read` does not give.
    pub fn whole(
        self,
        read: impl FnMut(&queues::BodyKey) -> Option<std::sync::Arc<[u8]>> + Send,
    ) -> impl Iterator<Item = Option<Vec<u8>>> + Send {
        std::iter::once(self.numbers)
            .chain(self.keys.chunks().map(|chunk| tagged(KEYS, chunk)))
            .chain(self.locks.chunks().map(|chunk| tagged(LOCKS, chunk)))
            .map(Some)
            .chain(self.queues.whole(read).map(|chunk| Some(tagged(QUEUES, chunk?))))
            .chain(map_chunk(&self.cluster).map(Some))
            .chain(self.requests.chunks().map(|chunk| Some(tagged(REQUESTS, chunk))))
            .chain(self.sessions.chunks().map(|chunk| Some(tagged(SESSIONS, chunk))))
            .chain(self.waits.chunks().map(|chunk| Some(tagged(WAITS, chunk))))
            .chain(self.fills.chunks().map(|chunk| Some(tagged(FILLS, chunk))))
            .chain(self.scripts.chunks().map(|chunk| Some(tagged(SCRIPTS, chunk))))
            .chain(self.libraries.chunks().map(|chunk| Some(tagged(LIBRARIES, chunk))))
            .chain(self.users.chunks().map(|chunk| Some(tagged(USERS, chunk))))
    }

    /// The chunks of the snapshot, in order, about 64 KiB each.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        std::iter::once(self.numbers)
            .chain(self.keys.chunks().map(|chunk| tagged(KEYS, chunk)))
            .chain(self.locks.chunks().map(|chunk| tagged(LOCKS, chunk)))
            .chain(self.queues.chunks().map(|chunk| tagged(QUEUES, chunk)))
            .chain(map_chunk(&self.cluster))
            .chain(self.requests.chunks().map(|chunk| tagged(REQUESTS, chunk)))
            .chain(self.sessions.chunks().map(|chunk| tagged(SESSIONS, chunk)))
            .chain(self.waits.chunks().map(|chunk| tagged(WAITS, chunk)))
            .chain(self.fills.chunks().map(|chunk| tagged(FILLS, chunk)))
            .chain(self.scripts.chunks().map(|chunk| tagged(SCRIPTS, chunk)))
            .chain(self.libraries.chunks().map(|chunk| tagged(LIBRARIES, chunk)))
            .chain(self.users.chunks().map(|chunk| tagged(USERS, chunk)))
    }
}

/// A map is small: one chunk, and none for that of no cluster.
fn map_chunk(map: &cluster::Map) -> Option<Vec<u8>> {
    map.id()?;
    let mut chunk = vec![CLUSTER];
    map.put(&mut chunk);
    Some(chunk)
}

fn tagged(tag: u8, chunk: Vec<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(chunk.len() + 1);
    out.push(tag);
    out.extend_from_slice(&chunk);
    out
}

/// A shard that is being read back from the chunks of a snapshot.
#[derive(Debug, Default)]
pub struct Restoring {
    shard: Shard,
    begun: bool,
}

impl Restoring {
    /// Before the first chunk.
    pub fn new() -> Self {
        Restoring::default()
    }

    /// Adds the next chunk.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn add(&mut self, chunk: &[u8]) -> Result<(), Malformed> {
        let (tag, rest) = chunk.split_first().ok_or(Malformed)?;
        match (*tag, self.begun) {
            (NUMBERS, false) => self.begin(rest),
            (KEYS, true) => self.shard.keys.restore(rest),
            (LOCKS, true) => self.shard.locks.restore(rest),
            (QUEUES, true) => self.shard.queues.restore(rest),
            (REQUESTS, true) => self.shard.requests.restore(rest),
            (SESSIONS, true) => self.shard.sessions.restore(rest),
            (WAITS, true) => self.shard.keys.waits.restore(rest),
            (FILLS, true) => self.shard.keys.fills.restore(rest),
            (SCRIPTS, true) => self.shard.scripts.restore(rest),
            (LIBRARIES, true) => self.shard.libraries.restore(rest),
            (USERS, true) => self.shard.users.restore(rest),
            (CLUSTER, true) if self.shard.cluster.id().is_none() => self.restore_map(rest),
            _ => Err(Malformed),
        }
    }

    /// The queues as far as they are here, to say where bodies are.
    pub fn queues_mut_local(&mut self) -> &mut queues::Table {
        &mut self.shard.queues
    }

    /// The shard, when all chunks were added.
    ///
    /// # Errors
    /// There was not even the first one.
    pub fn finish(self) -> Result<Shard, Malformed> {
        if self.begun { Ok(self.shard) } else { Err(Malformed) }
    }

    fn restore_map(&mut self, mut chunk: &[u8]) -> Result<(), Malformed> {
        self.shard.cluster = cluster::Map::take(&mut chunk)?;
        if chunk.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    fn begin(&mut self, mut numbers: &[u8]) -> Result<(), Malformed> {
        self.begun = true;
        self.shard.clock_ms = u64::take(&mut numbers)?;
        self.shard.seq = u64::take(&mut numbers)?;
        self.shard.version = u32::take(&mut numbers)?;
        if numbers.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

impl Shard {
    /// Reads a shard back from the chunks of a snapshot.
    ///
    /// # Errors
    /// The bytes are not what [`Frozen::chunks`] gave.
    pub fn restore<C: AsRef<[u8]>>(chunks: impl IntoIterator<Item = C>) -> Result<Self, Malformed> {
        let mut restoring = Restoring::new();
        for chunk in chunks {
            restoring.add(chunk.as_ref())?;
        }
        restoring.finish()
    }
}
