//! The threads of a log.

use std::sync::Arc;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::engine;
use super::options::Fsync;
use super::queue::{Job, Work};
use super::shared::Shared;
use super::writer::Writer;

/// How often the log is synced in the mode [`Fsync::EverySec`].
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Owns the threads: when the last handle goes, the log is closed.
pub(super) struct Owner {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    writer_thread: ThreadId,
}

/// What the keeper's thread is asked.
#[derive(Default)]
pub(super) struct Keeper {
    asked: Mutex<Asked>,
    wake: Condvar,
}

#[derive(Default)]
struct Asked {
    free: bool,
    stop: bool,
}

impl Owner {
    pub(super) fn start(shared: Arc<Shared>, mut writer: Writer) -> std::io::Result<Owner> {
        let for_keeper = Arc::clone(&shared);
        let keeper = thread::Builder::new().name("log-keeper".into());
        let keeper = keeper.spawn(move || keep(&for_keeper))?;
        let for_writer = Arc::clone(&shared);
        let thread = thread::Builder::new().name("log-writer".into()).spawn(move || {
            let _end = NoticePanic(&for_writer);
            writer.run(&for_writer);
        })?;
        let writer_thread = thread.thread().id();
        Ok(Owner { shared, threads: Mutex::new(vec![keeper, thread]), writer_thread })
    }

    /// Whether this is the writer's thread, which must not wait for itself.
    pub(super) fn is_writer(&self) -> bool {
        self.writer_thread == thread::current().id()
    }

    pub(super) fn close(&self) {
        self.shared.queue.close();
        self.shared.keeper.stop();
        if self.is_writer() {
            return;
        }
        for thread in self.threads.lock().drain(..) {
            if thread.join().is_err() {
                self.shared.fail(&std::io::Error::other("a thread of the log panicked"));
            }
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Keeper {
    /// Files may be free.
    pub(super) fn free(&self) {
        self.asked.lock().free = true;
        self.wake.notify_one();
    }

    fn stop(&self) {
        self.asked.lock().stop = true;
        self.wake.notify_one();
    }

    /// Waits for something to do; whether files may be free, or nothing at the end.
    fn wait(&self) -> Option<bool> {
        let mut asked = self.asked.lock();
        if !asked.free && !asked.stop {
            self.wake.wait_for(&mut asked, SYNC_EVERY);
        }
        (!asked.stop).then(|| std::mem::take(&mut asked.free))
    }
}

/// The engine panics when a sync fails. Then the log has failed.
struct NoticePanic<'a>(&'a Shared);

impl Drop for NoticePanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail(&std::io::Error::other("the log's writer panicked"));
            self.0.queue.close();
        }
    }
}

/// The keeper's thread.
fn keep(shared: &Shared) {
    while let Some(free) = shared.keeper.wait() {
        if free && let Err(error) = shared.engine.purge_expired_files() {
            shared.fail(&engine::failed(error));
        }
        if shared.mode() == Fsync::EverySec && shared.is_dirty() {
            let job = Job { work: Work::Sync, done: None, safe: true, bytes: 0 };
            // Refused when the log closes, which syncs anyway.
            let _ = shared.queue.push(job, false);
        }
    }
}
