//! The threads of a log, or the hand that does their work.

use std::sync::Arc;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::options::{Driver, Fsync};
use super::shared::Shared;
use super::writer::Writer;

/// How often the log is synced in the mode [`Fsync::EverySec`], and how often a
/// segment is tried again that could not be made.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Owns the threads: when the last handle goes, the log is closed.
pub(super) struct Owner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    writer_thread: Option<ThreadId>,
    /// The writer of a log that is driven by hand.
    writer: Mutex<Option<Writer>>,
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
            Driver::ByHand => *owner.writer.lock() = Some(writer),
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

    /// Does the work that waits. False when there was none.
    pub(super) fn step(&self) -> bool {
        let mut writer = self.writer.lock();
        let Some(at_work) = writer.as_mut() else { return false };
        let jobs = self.shared.queue.take_now();
        let worked = !jobs.is_empty();
        let answers = if worked { at_work.round(&self.shared, jobs) } else { Vec::new() };
        if let Err(error) = self.shared.keeper.round() {
            self.shared.fail(&error);
        }
        drop(writer);
        self.shared.answer(answers);
        worked
    }

    pub(super) fn close(&self) {
        let first = self.shared.queue.close();
        self.shared.keeper.hurry();
        if self.is_writer() {
            return;
        }
        if first && self.shared.options.driver == Driver::ByHand {
            while self.step() {}
            if let Some(mut writer) = self.writer.lock().take() {
                writer.finish(&self.shared);
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
