//! Wrong passwords: how often somebody may try.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// A source may be wrong so often at once.
const AT_ONCE: u32 = 5;
/// Then it may try once in this time: at most ten times a second.
const PAUSE: Duration = Duration::from_millis(100);
/// Who would have to wait longer is not listened to.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// So many sources are remembered; those who were wrong least recently are forgotten.
const SOURCES_MAX: usize = 10_000;

/// Where wrong passwords came from. A source that was wrong too often is answered later, over
/// all its connections, so that nobody tries many passwords.
#[derive(Debug, Default)]
pub struct Guesses {
    /// Until when what each source has tried is paid off.
    sources: Mutex<HashMap<IpAddr, Instant>>,
}

/// How a try is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// At once.
    Now,
    /// When this time is over.
    In(Duration),
    /// Not at all: too many wait already.
    Never,
}

impl Guesses {
    /// Somebody wants to try at this time.
    pub fn begin(&self, from: IpAddr, now: Instant) -> Try {
        let mut sources = self.sources.lock();
        let Some(until) = sources.get_mut(&from) else { return Try::Now };
        let wait = until.saturating_duration_since(now).saturating_sub(PAUSE * AT_ONCE);
        if wait.is_zero() {
            return Try::Now;
        }
        if wait > WAIT_MAX {
            return Try::Never;
        }
        *until += PAUSE;
        Try::In(wait)
    }

    /// It was wrong. What waited is paid for already.
    pub fn wrong(&self, from: IpAddr, now: Instant) {
        let mut sources = self.sources.lock();
        if sources.len() >= SOURCES_MAX && !sources.contains_key(&from) {
            sources.retain(|_, until| *until > now);
            if sources.len() >= SOURCES_MAX {
                let oldest = sources.iter().min_by_key(|(_, until)| **until).map(|(ip, _)| *ip);
                oldest.and_then(|ip| sources.remove(&ip));
            }
        }
        let until = sources.entry(from).or_insert(now);
        *until = (*until).max(now) + PAUSE;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn who_is_right_never_waits() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        for _ in 0..100 {
            assert_eq!(guesses.begin(FROM, now), Try::Now);
        }
    }

    #[test]
    fn a_source_guesses_ten_times_a_second_over_all_its_connections() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let mut tried = 0;
        // A thousand connections that try all the time, for ten seconds.
        for tick in 0..1000 {
            let now = start + Duration::from_millis(tick * 10);
            match guesses.begin(FROM, now) {
                Try::Now => guesses.wrong(FROM, now),
                Try::In(wait) if now + wait > start + Duration::from_secs(10) => continue,
                Try::In(_) => {}
                Try::Never => continue,
            }
            tried += 1;
        }
        assert!((90..=110).contains(&tried), "{tried}");
    }

    #[test]
    fn time_heals_and_sources_are_bounded() {
        let (guesses, now) = (Guesses::default(), Instant::now());
        (0..20).for_each(|_| guesses.wrong(FROM, now));
        assert!(matches!(guesses.begin(FROM, now), Try::In(_)));
        assert_eq!(guesses.begin(FROM, now + Duration::from_secs(5)), Try::Now);
        for at in 0..SOURCES_MAX as u32 + 10 {
            guesses.wrong(IpAddr::V4(at.into()), now);
        }
        assert_eq!(guesses.sources.lock().len(), SOURCES_MAX);
    }
}
