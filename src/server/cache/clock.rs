//! The clock that leases are counted by.

use std::cell::Cell;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use lockstep_cache::Time;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// Whether any thread has a clock of its own.
static SIMULATED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The first moment of the node whose turn it is.
    static FIRST: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// What a simulated clock shows at first: nothing happened at 0.
const FIRST_NS: u64 = 1_000_000_000;

/// From now on this thread's time is that of its runtime, whose first moment was that.
pub(super) fn simulate(first: Instant) {
    SIMULATED.store(true, Relaxed);
    FIRST.set(Some(first));
}

/// Now. Goes on while the machine sleeps, so that no lease outlasts a sleep.
pub(super) fn now() -> Time {
    if SIMULATED.load(Relaxed)
        && let Some(first) = FIRST.get()
    {
        let since = Instant::now().saturating_duration_since(first);
        return Time(FIRST_NS.saturating_add(nanos(since)));
    }
    let now = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let nanos = u64::try_from(now.tv_nsec).unwrap_or(0);
    Time(seconds.saturating_mul(1_000_000_000).saturating_add(nanos))
}

/// A moment of the past by that clock; never later than it was.
pub(super) fn time_of(moment: Instant) -> Time {
    // In this order: what goes by in between makes it older.
    let now = now();
    let ago = Instant::now().saturating_duration_since(moment);
    Time(now.0.saturating_sub(nanos(ago)))
}

/// The same moment on the clock of the runtime; never earlier than it is.
pub(super) fn instant_of(time: Time) -> Instant {
    let left = time.since(now());
    Instant::now() + left
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_the_same_on_both_clocks_but_for_what_went_by() {
        let (moment, before) = (Instant::now(), now());
        let time = time_of(moment);
        assert!(time <= before);
        assert!(before.since(time) < Duration::from_secs(10));
        assert!(now() >= before);
        let later = before.after(Duration::from_secs(3_600));
        assert!(instant_of(later) > moment + Duration::from_secs(3_000));
    }
}
