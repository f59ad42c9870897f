//! CLIENT PAUSE: commands of all clients wait for a while.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use lockstep_commands::Command;
use parking_lot::Mutex;
use tokio::sync::Notify;

const NOBODY: u8 = 0;
const WRITES: u8 = 1;
const ALL: u8 = 2;

/// Longer pauses than this, a year, are this long.
const PAUSE_MAX: Duration = Duration::from_secs(365 * 24 * 3600);

/// Whether clients have to wait.
#[derive(Debug, Default)]
pub struct Pause {
    /// Who waits; looked at with every command, so it costs one load.
    who: AtomicU8,
    until: Mutex<Option<Instant>>,
    changed: Notify,
}

impl Pause {
    /// Begins a pause, or extends one: the longer time and the wider circle hold.
    pub fn begin(&self, timeout_ms: u64, writes_only: bool) {
        let timeout = Duration::from_millis(timeout_ms).min(PAUSE_MAX);
        let end = Instant::now() + timeout;
        let mut until = self.until.lock();
        *until = Some(until.map_or(end, |until| until.max(end)));
        self.who.fetch_max(if writes_only { WRITES } else { ALL }, Ordering::AcqRel);
    }

    /// Ends a pause.
    pub fn end(&self) {
        *self.until.lock() = None;
        self.who.store(NOBODY, Ordering::Release);
        self.changed.notify_waiters();
    }

    /// Whether a command has to wait now, one that writes or does not.
    pub fn holds(&self, writes: impl FnOnce() -> bool) -> bool {
        match self.who.load(Ordering::Acquire) {
            NOBODY => false,
            WRITES => writes() && self.left().is_some(),
            _ => self.left().is_some(),
        }
    }

    /// Whether a pause holds, and whether only for writes; with how long it still does.
    pub fn state(&self) -> Option<(bool, Duration)> {
        let left = self.left()?;
        Some((self.who.load(Ordering::Acquire) == WRITES, left))
    }

    /// Waits for the end of a pause, if there is one.
    pub async fn over(&self) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on an end is noticed, even one before the first poll.
            changed.as_mut().enable();
            let Some(left) = self.left() else { return };
            // Either the time is over or somebody ended it: looked at again above.
            let _ = tokio::time::timeout(left, changed).await;
        }
    }

    /// How long the pause still lasts. One that is over is forgotten here.
    fn left(&self) -> Option<Duration> {
        let mut until = self.until.lock();
        let left = until.and_then(|end| end.checked_duration_since(Instant::now()));
        let left = left.filter(|left| !left.is_zero());
        if left.is_none() {
            *until = None;
            self.who.store(NOBODY, Ordering::Release);
        }
        left
    }
}

/// Whether a command may change something.
pub fn may_write(command: &Command) -> bool {
    // Redis counts messages and estimates in without saying so in COMMAND INFO.
    let besides = matches!(command.spec.name, "publish" | "spublish" | "pfcount");
    let runs = matches!(command.spec.name, "eval" | "evalsha" | "fcall");
    command.spec.is("write") || command.spec.is("may_replicate") || besides || runs
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lockstep_commands::table;

    use super::*;

    fn held(pause: &Pause, name: &str) -> bool {
        pause.holds(|| may_write(table::by_name(name.as_bytes()).unwrap()))
    }

    #[test]
    fn a_pause_for_writes_lets_reads_through() {
        let pause = Pause::default();
        assert!(!held(&pause, "ping"));
        pause.begin(60_000, true);
        assert!(!held(&pause, "ping"));
        assert!(held(&pause, "set"));
        assert!(held(&pause, "publish"));
        assert!(held(&pause, "pfcount"));
        assert!(held(&pause, "fcall"));
        assert!(!held(&pause, "eval_ro"));
        pause.begin(1, false);
        assert!(held(&pause, "ping"));
        pause.end();
        assert!(!held(&pause, "ping"));
    }

    #[test]
    fn the_longer_pause_holds() {
        let pause = Pause::default();
        pause.begin(u64::MAX, false);
        pause.begin(0, false);
        assert!(held(&pause, "ping"));
    }

    #[tokio::test]
    async fn a_pause_that_is_ended_lets_its_waiters_go() {
        let pause = Pause::default();
        pause.begin(60_000, false);
        let end = async {
            tokio::task::yield_now().await;
            pause.end();
        };
        tokio::join!(pause.over(), end);
    }
}
