//! The threads of a log, or the hand that does their work.

use std::sync::Arc;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::options::{Driver, Fsync};
use super::shared::Shared;
use super::writer::{Writer, Written};

/// How often the log is synced in the mode [`Fsync::EverySec`], and how often a
/// segment is tried again that could not be made.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Owns the threads: when the last handle goes, the log is closed.
pub(super) struct Owner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    writer_thread: Option<ThreadId>,
    /// The writer of a log that is driven by hand.
    writer: Mutex<Option<Hand>>,
}

/// The writer of a log that is driven by hand, and what it has written and not
/// yet synced.
struct Hand {
    writer: Writer,
    written: Option<Written>,
}

impl Owner {
    pub(super) fn start(shared: Arc<Shared>, writer: Writer) -> std::io::Result<Owner> {
        let mut owner = Owner {
            shared,
            threads: Mutex::default(),
            writer_thread: None,
            writer: Mutex::new(None),
        };
        match owner.shared.options.driver {
            Driver::ByHand => *owner.writer.lock() = Some(Hand { writer, written: None }),
            Driver::Threads => owner.start_threads(writer)?,
        }
        Ok(owner)
    }

    fn start_threads(&mut self, mut writer: Writer) -> std::io::Result<()> {
        let shared = Arc::clone(&self.shared);
        let keeper = thread::Builder::new().name("log-keeper".into());
        self.threads.lock().push(keeper.spawn(move || keep(&shared))?);
        let shared = Arc::clone(&self.shared);
        let builder = thread::Builder::new().name("log-writer".into());
        let thread = builder.spawn(move || {
            writer.run(&shared);
            writer.finish(&shared);
        })?;
        self.writer_thread = Some(thread.thread().id());
        self.threads.lock().push(thread);
        Ok(())
    }

    /// Whether this is the writer's thread, which must not wait for itself.
    pub(super) fn is_writer(&self) -> bool {
        self.writer_thread == Some(thread::current().id())
    }

    /// Writes what waits, for [`Owner::step`] to sync and answer. False when there
    /// was nothing, or what was written before is not yet synced.
    pub(super) fn write(&self) -> bool {
        let mut hand = self.writer.lock();
        let Some(hand) = hand.as_mut().filter(|hand| hand.written.is_none()) else {
            return false;
        };
        let jobs = self.shared.queue.take_now();
        if jobs.is_empty() {
            return false;
        }
        hand.written = Some(hand.writer.write_jobs(&self.shared, jobs));
        true
    }

    /// Does the work that waits. False when there was none.
    pub(super) fn step(&self) -> bool {
        let mut hand = self.writer.lock();
        let Some(Hand { writer, written }) = hand.as_mut() else { return false };
        let mut answers = Vec::new();
        let mut worked = false;
        if let Some(written) = written.take() {
            worked = true;
            answers = writer.settle(&self.shared, written);
        }
        let jobs = self.shared.queue.take_now();
        if !jobs.is_empty() {
            worked = true;
            answers.extend(writer.round(&self.shared, jobs));
        }
        if let Err(error) = self.shared.keeper.round() {
            self.shared.fail(&error);
        }
        drop(hand);
        self.shared.answer(answers);
        worked
    }

    /// What the writer's thread does when nothing comes for a while.
    pub(super) fn rest(&self) {
        if let Some(hand) = self.writer.lock().as_mut() {
            hand.writer.write_mark(&self.shared);
        }
    }

    pub(super) fn close(&self) {
        let first = self.shared.queue.close();
        self.shared.keeper.hurry();
        if self.is_writer() {
            return;
        }
        if first && self.shared.options.driver == Driver::ByHand {
            while self.step() {}
            if let Some(mut hand) = self.writer.lock().take() {
                hand.writer.finish(&self.shared);
            }
        }
        // The keeper stops after the writer, which may still ask for a segment.
        let mut threads = self.threads.lock();
        while let Some(thread) = threads.pop() {
            if thread.join().is_err() {
                self.shared.fail(&std::io::Error::other("a thread of the log panicked"));
            }
            self.shared.keeper.stop();
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.close();
        self.shared.keeper.stop();
    }
}

/// The keeper's thread.
fn keep(shared: &Shared) {
    let mut synced = Instant::now();
    while !shared.keeper.stopped() {
        if let Err(error) = shared.keeper.round() {
            shared.fail(&error);
        }
        let due = shared.mode() == Fsync::EverySec && synced.elapsed() >= SYNC_EVERY;
        if due && shared.syncer.is_dirty() {
            // A failure is kept by the log itself.
            let _ = shared.sync();
            synced = Instant::now();
        }
        shared.keeper.wait(SYNC_EVERY);
    }
}
