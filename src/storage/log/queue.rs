//! What was handed in and waits to be written.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::ShardId;
use parking_lot::{Condvar, Mutex};

use super::record::Header;
use super::{Done, EntryId};

/// How long work that nobody waits for may gather before it is written
/// ([`Fsync::Never`](super::Fsync::Never)): a wake-up of the writer costs as much
/// as writing dozens of small entries.
const GATHER: Duration = Duration::from_millis(1);
/// ... and how many bytes of it.
const GATHER_BYTES_MAX: usize = 256 << 10;

/// One hand-over.
pub(super) struct Job {
    pub(super) work: Work,
    /// Who is told; nobody when the caller was told at once.
    pub(super) done: Option<Done>,
    /// Whether the answer waits for the sync.
    pub(super) safe: bool,
    /// What it counts for the bound on bytes in flight.
    pub(super) bytes: usize,
}

/// What there is to do.
pub(super) enum Work {
    Append { shard: ShardId, serial: u64, entries: Vec<(Header, Bytes)> },
    Truncate { shard: ShardId, from: u64 },
    Purge { shard: ShardId, upto: EntryId, needed_from: u32 },
    Vote { shard: ShardId, vote: Vec<u8> },
    Forget { shard: ShardId, needed_from: u32 },
    Sync,
}

/// What the writer finds.
pub(super) enum Taken {
    Jobs(Vec<Job>),
    /// Nothing came for a while.
    Idle,
    /// Nothing will come any more.
    Closed,
}

/// The queue in front of the writer.
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
    room: Condvar,
    bytes_max: usize,
}

#[derive(Default)]
struct State {
    jobs: Vec<Job>,
    bytes: usize,
    /// Hand-overs that wait for their answer.
    unanswered: usize,
    writer_sleeps: bool,
    /// Somebody waits for what is queued, or it is much.
    hurry: bool,
    /// Bytes of the jobs that are queued.
    queued_bytes: usize,
    callers_sleep: usize,
    closing: bool,
    /// Nobody is held up any more: the log has failed or closes.
    open_gate: bool,
}

impl State {
    fn take(&mut self) -> Vec<Job> {
        self.hurry = false;
        self.queued_bytes = 0;
        std::mem::take(&mut self.jobs)
    }
}

impl Queue {
    pub(super) fn new(bytes_max: usize) -> Queue {
        Queue { state: Mutex::default(), work: Condvar::new(), room: Condvar::new(), bytes_max }
    }

    /// Waits until there is room for `bytes` and takes it.
    pub(super) fn reserve(&self, bytes: usize) {
        let mut state = self.state.lock();
        while state.bytes > 0 && state.bytes + bytes > self.bytes_max && !state.open_gate {
            state.callers_sleep += 1;
            self.room.wait(&mut state);
            state.callers_sleep -= 1;
        }
        state.bytes += bytes;
    }

    /// Takes room without waiting: for the writer itself.
    pub(super) fn reserve_now(&self, bytes: usize) {
        self.state.lock().bytes += bytes;
    }

    /// Gives room back.
    pub(super) fn release(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.bytes -= bytes;
        if state.callers_sleep > 0 {
            self.room.notify_all();
        }
    }

    /// Puts a job into the queue. With `at_once` the caller is answered now, unless
    /// earlier answers are still due: gives back whom to answer.
    pub(super) fn push(&self, mut job: Job, at_once: bool) -> Result<Option<Done>, Job> {
        let mut state = self.state.lock();
        if state.closing {
            return Err(job);
        }
        let now = if at_once && state.unanswered == 0 { job.done.take() } else { None };
        state.unanswered += usize::from(job.done.is_some());
        state.queued_bytes += job.bytes;
        state.hurry |= job.done.is_some() || state.queued_bytes > GATHER_BYTES_MAX;
        state.jobs.push(job);
        if state.writer_sleeps && (state.hurry || state.jobs.len() == 1) {
            state.writer_sleeps = false;
            self.work.notify_one();
        }
        Ok(now)
    }

    /// Takes all that waits; waits itself up to `idle` for something to come.
    pub(super) fn take(&self, idle: Option<Duration>) -> Taken {
        let mut state = self.state.lock();
        let mut gathered = false;
        loop {
            if !state.jobs.is_empty() {
                if gathered || state.hurry || state.closing {
                    return Taken::Jobs(state.take());
                }
                gathered = true;
                state.writer_sleeps = true;
                self.work.wait_for(&mut state, GATHER);
                state.writer_sleeps = false;
                continue;
            }
            if state.closing {
                return Taken::Closed;
            }
            state.writer_sleeps = true;
            let timed_out = match idle {
                Some(idle) => self.work.wait_for(&mut state, idle).timed_out(),
                None => {
                    self.work.wait(&mut state);
                    false
                }
            };
            state.writer_sleeps = false;
            if timed_out && state.jobs.is_empty() && !state.closing {
                return Taken::Idle;
            }
        }
    }

    /// Takes all that waits, or nothing.
    pub(super) fn take_now(&self) -> Vec<Job> {
        self.state.lock().take()
    }

    /// That many were answered.
    pub(super) fn answered(&self, count: usize) {
        self.state.lock().unanswered -= count;
    }

    /// Bytes that wait to be written, and callers that are held up by them.
    pub(super) fn load(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.bytes, state.callers_sleep)
    }

    /// Lets nobody wait for room any more.
    pub(super) fn open_gate(&self) {
        self.state.lock().open_gate = true;
        self.room.notify_all();
    }

    /// Takes no more jobs. False when it was closed before.
    pub(super) fn close(&self) -> bool {
        let mut state = self.state.lock();
        let first = !state.closing;
        state.closing = true;
        state.open_gate = true;
        self.work.notify_all();
        self.room.notify_all();
        first
    }
}

/// The answer to calls on a log that was closed.
pub(super) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the log is closed")
}
