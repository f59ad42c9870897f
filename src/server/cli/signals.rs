//! SIGTERM and SIGINT: the first one asks for a graceful end, the second one ends.

use std::time::{Duration, Instant};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

/// The exit code of a process that a signal ended starts here.
const BY_SIGNAL: i32 = 128;

/// Supervisors signal the process and its group at once: the second one of these
/// is not a second wish.
const ECHO: Duration = Duration::from_millis(100);

/// Turns `stop` true at the first signal and leaves the process at the second.
///
/// The handlers stand before this returns: the first process of a container has
/// no default ones.
pub(super) fn watch(stop: watch::Sender<bool>) -> std::io::Result<()> {
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        let (name, _) = signals.next().await;
        tracing::info!("{name}: stopping; once more stops at once");
        stop.send_replace(true);
        let (name, number) = signals.after_echoes().await;
        tracing::warn!(id = crate::logging::id::CUT_SHORT, "{name} again: leaving at once");
        std::process::exit(BY_SIGNAL + number);
    });
    Ok(())
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next signal that is not the last one once more.
    async fn after_echoes(&mut self) -> (&'static str, i32) {
        let first = Instant::now();
        loop {
            let signal = self.next().await;
            if first.elapsed() > ECHO {
                return signal;
            }
        }
    }

    async fn next(&mut self) -> (&'static str, i32) {
        tokio::select! {
            _ = self.terminate.recv() => ("SIGTERM", SignalKind::terminate().as_raw_value()),
            _ = self.interrupt.recv() => ("SIGINT", SignalKind::interrupt().as_raw_value()),
        }
    }
}
