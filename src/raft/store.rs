//! The log of one shard, as openraft wants to see it.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use futures_util::{Stream, stream};
use lockstep_core::ShardId;
use lockstep_storage::Log;
use openraft::OptionalSend;
use openraft::storage::{IOFlushed, LogState, RaftLogReader, RaftLogStorage};
use parking_lot::Mutex;

use crate::codec;
use crate::machine::Progress;
use crate::types::{Entry, LogId, Types, Vote};

/// How many bytes of applied entries stay in memory for followers that lag.
const RECENT_BYTES_MAX: usize = 8 << 20;
/// How many bytes of entries are read from the log at a time.
const READ_BYTES_MAX: usize = 4 << 20;
/// How many bytes of entries are sent to a follower at a time, unless one alone is
/// larger.
const SEND_BYTES_MAX: usize = 1 << 20;

/// The log of one shard. Entries are kept in memory at least until they are
/// applied, with the reads that ride along; older ones come from the disk.
#[derive(Clone)]
pub(crate) struct Store {
    shard: ShardId,
    log: Log,
    recent: Arc<Mutex<Recent>>,
    progress: Arc<Progress>,
}

#[derive(Default)]
struct Recent {
    /// Consecutive, oldest first.
    entries: VecDeque<Entry>,
    bytes: usize,
}

fn size(entry: &Entry) -> usize {
    match &entry.payload {
        openraft::EntryPayload::Normal(batch) => batch.payload().len() + 64,
        _ => 64,
    }
}

impl Recent {
    fn push(&mut self, entry: Entry) {
        if self.entries.back().is_some_and(|last| last.log_id.index() + 1 != entry.log_id.index()) {
            self.entries.clear();
            self.bytes = 0;
        }
        self.bytes += size(&entry);
        self.entries.push_back(entry);
    }

    /// Lets go of what is applied and too much.
    fn trim(&mut self, applied: u64) {
        while self.bytes > RECENT_BYTES_MAX
            && self.entries.front().is_some_and(|entry| entry.log_id.index() <= applied)
        {
            let gone = self.entries.pop_front().expect("looked at just now");
            self.bytes -= size(&gone);
        }
    }

    fn truncate(&mut self, from: u64) {
        while self.entries.back().is_some_and(|entry| entry.log_id.index() >= from) {
            let gone = self.entries.pop_back().expect("looked at just now");
            self.bytes -= size(&gone);
        }
    }

    fn purge(&mut self, upto: u64) {
        while self.entries.front().is_some_and(|entry| entry.log_id.index() <= upto) {
            let gone = self.entries.pop_front().expect("looked at just now");
            self.bytes -= size(&gone);
        }
    }

    /// The entries from `from` up to (not with) `end`, if the first is here; no more
    /// than so many bytes, but one at least.
    fn get(&self, from: u64, end: u64, bytes_max: usize) -> Option<Vec<Entry>> {
        let first = self.entries.front()?.log_id.index();
        let skip = usize::try_from(from.checked_sub(first)?).ok()?;
        if skip >= self.entries.len() {
            return None;
        }
        let count = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let fits = self.entries.iter().skip(skip).take(count).take_while(|entry| {
            let first = bytes == 0;
            bytes += size(entry);
            first || bytes <= bytes_max
        });
        Some(fits.cloned().collect())
    }
}

impl Store {
    pub(crate) fn new(shard: ShardId, log: Log, progress: Arc<Progress>) -> Self {
        Store { shard, log, recent: Arc::default(), progress }
    }

    fn entries(&self, from: u64, end: u64, bytes_max: usize) -> io::Result<Vec<Entry>> {
        if let Some(entries) = self.recent.lock().get(from, end, bytes_max) {
            return Ok(entries);
        }
        // Behind the memory: only while catching up after a start or for a
        // follower that lags.
        let records = self.log.read_up_to(self.shard, from, end, bytes_max)?;
        records
            .into_iter()
            .map(|record| {
                let index = record.id.index;
                codec::entry(record).map_err(|_| {
                    io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("entry {index} of shard {} cannot be read", self.shard.0),
                    )
                })
            })
            .collect()
    }
}

fn bounds(range: impl RangeBounds<u64>) -> (u64, u64) {
    let from = match range.start_bound() {
        Bound::Included(&from) => from,
        Bound::Excluded(&from) => from + 1,
        Bound::Unbounded => 0,
    };
    let end = match range.end_bound() {
        Bound::Included(&end) => end + 1,
        Bound::Excluded(&end) => end,
        Bound::Unbounded => u64::MAX,
    };
    (from, end)
}

impl RaftLogReader<Types> for Store {
    async fn try_get_log_entries<RB>(&mut self, range: RB) -> Result<Vec<Entry>, io::Error>
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (mut from, end) = bounds(range);
        let mut all = Vec::new();
        while from < end {
            let entries = self.entries(from, end, READ_BYTES_MAX)?;
            let Some(last) = entries.last() else { break };
            from = last.log_id.index() + 1;
            all.extend(entries);
        }
        Ok(all)
    }

    async fn limited_get_log_entries(
        &mut self,
        start: u64,
        end: u64,
    ) -> Result<Vec<Entry>, io::Error> {
        self.entries(start, end, SEND_BYTES_MAX)
    }

    async fn entries_stream<RB>(
        &mut self,
        range: RB,
    ) -> impl Stream<Item = Result<Entry, io::Error>> + OptionalSend
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        // Piece by piece, so that a long replay never stands in memory at once.
        let (mut from, end) = bounds(range);
        let store = self.clone();
        let mut ready = VecDeque::new();
        stream::iter(std::iter::from_fn(move || {
            if ready.is_empty() && from < end {
                match store.entries(from, end, READ_BYTES_MAX) {
                    Ok(entries) => ready.extend(entries),
                    Err(error) => {
                        from = end;
                        return Some(Err(error));
                    }
                }
            }
            let entry: Entry = ready.pop_front()?;
            from = entry.log_id.index() + 1;
            Some(Ok(entry))
        }))
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        self.log
            .vote(self.shard)
            .map(|bytes| {
                codec::vote(&bytes).map_err(|_| {
                    io::Error::new(
                        io::ErrorKind::InvalidData,
                        format!("the vote of shard {} cannot be read", self.shard.0),
                    )
                })
            })
            .transpose()
    }
}

impl RaftLogStorage<Types> for Store {
    type LogReader = Store;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, io::Error> {
        let (purged, last) = self.log.first_last(self.shard);
        let purged = purged.map(codec::log_id);
        Ok(LogState { last_purged_log_id: purged, last_log_id: last.map(codec::log_id).or(purged) })
    }

    async fn get_log_reader(&mut self) -> Store {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let (send, done) = tokio::sync::oneshot::channel();
        let bytes = codec::vote_bytes(vote);
        self.log.save_vote_then(
            self.shard,
            &bytes,
            Box::new(move |result| drop(send.send(result))),
        );
        done.await.map_err(|_| stopped())?
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut records = Vec::new();
        {
            let mut recent = self.recent.lock();
            for entry in entries {
                records.push(codec::record(&entry));
                recent.push(entry);
            }
            recent.trim(self.progress.applied());
        }
        self.log.append(self.shard, records, Box::new(move |done| callback.io_completed(done)));
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> Result<(), io::Error> {
        let from = last.map_or(0, |id| id.index() + 1);
        self.recent.lock().truncate(from);
        let (send, done) = tokio::sync::oneshot::channel();
        self.log.truncate(self.shard, from, Box::new(move |result| drop(send.send(result))));
        done.await.map_err(|_| stopped())?
    }

    async fn purge(&mut self, upto: LogId) -> Result<(), io::Error> {
        self.recent.lock().purge(upto.index());
        let (send, done) = tokio::sync::oneshot::channel();
        let upto = codec::entry_id(&upto);
        self.log.purge(self.shard, upto, Box::new(move |result| drop(send.send(result))));
        done.await.map_err(|_| stopped())?
    }
}

fn stopped() -> io::Error {
    io::Error::other("the log has stopped")
}

/// Runs something that waits for the disk where it may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    if crate::runtime::is_simulated() {
        // A thread of its own would be done whenever it likes.
        return work();
    }
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
