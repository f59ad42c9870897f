//! Running a node: settings, logs, threads, signals.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::{Given, signals, tell, tell_all};
use crate::config::{Setting, Settings};

/// How long tasks may take to notice that the node has stopped.
const LAST_TASKS: Duration = Duration::from_secs(1);

/// Runs a node until it is told to stop.
pub(super) fn serve(given: &Given) -> ExitCode {
    let settings = match given.all_layers().settle() {
        Ok(settings) => Arc::new(settings),
        Err(errors) => return tell_all(&errors),
    };
    crate::logging::start(&settings);
    small_pages(&settings);
    let runtime = match runtime(&settings) {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(&format!("lockstep: threads cannot be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(run(settings));
    runtime.shutdown_timeout(LAST_TASKS);
    code
}

async fn run(settings: Arc<Settings>) -> ExitCode {
    let (stop, _) = watch::channel(false);
    if let Err(error) = signals::watch(stop.clone()) {
        tell(&format!("lockstep: signals cannot be watched: {error}"));
        return ExitCode::FAILURE;
    }
    crate::start::run(settings, stop).await
}

fn runtime(settings: &Settings) -> std::io::Result<Runtime> {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(threads(settings));
    builder.thread_name("lockstep").enable_all().build()
}

/// Keeps the kernel from backing memory with pages of 2 MiB (`disable-thp`): the
/// allocator spreads over its arena by size, so that an empty node would occupy
/// 60 MB instead of 13.
fn small_pages(settings: &Settings) {
    if settings.flag(Setting::DisableThp)
        && let Err(why) = rustix::thread::disable_transparent_huge_pages(true)
    {
        tracing::debug!(%why, "huge pages stay on");
    }
}

/// How many threads serve connections. By default one fewer than there are
/// processors: the log writer and the kernel's network work want one, and on two
/// processors a second thread costs more in wake-ups than it carries.
fn threads(settings: &Settings) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    match settings.size(Setting::WorkerThreads) {
        0 => (processors - 1).max(1),
        wanted => wanted,
    }
}
