//! What the settings say, as the protocol wants it.

use std::time::Duration;

use lockstep_cache::{Drift, HotUpdate, Limits, Policy, Refresh, Settings as Terms};
use lockstep_net::peers::Leases;

use crate::config::{Setting, Settings};

/// With more nodes than these the cost of copies that nobody reads is weighed.
const REFRESH_ALL_NODES_MAX: usize = 5;

/// What is written back rests for so much of a lease at most: it has to be in the log before
/// that is over.
const WRITEBACK_SHARE: u32 = 4;

/// With more nodes than these a write would wait for too many.
const REPLICA_READS_NODES_MAX: usize = 5;

/// What the protocol goes by, with so many nodes. `factor`: how much longer than in one
/// room everything takes.
pub(super) fn terms(settings: &Settings, nodes: usize, factor: u32) -> Terms {
    let ms = |setting| Duration::from_millis(settings.number(setting)) * factor;
    let percent = u32::try_from(settings.number(Setting::CacheClockDrift)).unwrap_or(10);
    Terms {
        lease: ms(Setting::CacheLeaseMs),
        read_lease: Duration::from_millis(120) * factor,
        renew: ms(Setting::CacheRenewMs),
        drift: Drift(percent * 10_000),
        // Looked at where the state is.
        value_max: usize::MAX,
        directory_max: settings.size(Setting::CacheDirectoryMax),
        slow_sharer: ms(Setting::CacheSlowSharerMs),
        refresh: match settings.word(Setting::CacheRefresh) {
            "off" => Refresh::Off,
            "on" => Refresh::On,
            "auto" if nodes <= REFRESH_ALL_NODES_MAX => Refresh::On,
            _ => Refresh::Adaptive,
        },
        hot_update: match settings.word(Setting::CacheHotUpdate) {
            "always" => HotUpdate::Always,
            "auto" => HotUpdate::Auto,
            _ => HotUpdate::No,
        },
        replica_reads: match settings.word(Setting::CacheReplicaReads) {
            "yes" => true,
            "no" => false,
            _ => nodes <= REPLICA_READS_NODES_MAX,
        },
        write_back: settings.word(Setting::CacheWriteMode) == "back",
        writeback_delay: ms(Setting::CacheWritebackDelay)
            .min(ms(Setting::CacheLeaseMs) / WRITEBACK_SHARE),
        negative: settings.flag(Setting::CacheNegative),
        log_order: false,
        ..Terms::default()
    }
}

/// How much longer than in one room everything takes.
pub(super) fn factor(settings: &Settings) -> u32 {
    if settings.word(Setting::Profile) == "wan" { 8 } else { 1 }
}

/// What all nodes have to agree on.
pub(crate) fn leases(settings: &Settings) -> Leases {
    let ms = settings.number(Setting::CacheLeaseMs) * u64::from(factor(settings));
    let drift = settings.number(Setting::CacheClockDrift);
    Leases {
        ms: u32::try_from(ms).unwrap_or(u32::MAX),
        drift_percent: u8::try_from(drift).unwrap_or(u8::MAX),
    }
}

/// How much there may be of lines.
pub(super) fn limits(settings: &Settings) -> Limits {
    Limits {
        entries: settings.size(Setting::CacheMaxEntries),
        bytes: settings.size(Setting::CacheMaxBytes),
        pinned_percent: u8::try_from(settings.number(Setting::CachePinnedMax)).unwrap_or(25),
    }
}

/// Which line goes when room is needed.
pub(super) fn policy(settings: &Settings) -> Policy {
    match settings.word(Setting::CachePolicy) {
        "sieve" => Policy::Sieve,
        "lru" => Policy::Lru,
        _ => Policy::S3Fifo,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        let settings = Settings::default();
        settings.set_all(pairs).unwrap();
        settings
    }

    #[test]
    fn the_defaults_are_those_of_the_protocol() {
        let settings = settings(&[]);
        let terms = terms(&settings, 3, 1);
        let own = Terms::default();
        assert_eq!((terms.lease, terms.renew, terms.drift), (own.lease, own.renew, own.drift));
        assert_eq!((terms.directory_max, terms.slow_sharer), (own.directory_max, own.slow_sharer));
        assert_eq!((terms.refresh, terms.hot_update), (Refresh::On, HotUpdate::No));
        assert_eq!(limits(&settings), Limits::default());
        assert_eq!(policy(&settings), Policy::S3Fifo);
    }

    #[test]
    fn what_is_written_back_rests_for_a_share_of_the_lease() {
        let delay =
            |ms: &str| terms(&settings(&[("cache-writeback-delay", ms)]), 3, 1).writeback_delay;
        assert_eq!(delay("20"), Duration::from_millis(20));
        assert_eq!(delay("1000"), Duration::from_millis(125));
    }

    #[test]
    fn who_has_many_nodes_sends_copies_to_those_who_read_them() {
        assert_eq!(terms(&settings(&[]), 9, 1).refresh, Refresh::Adaptive);
        let on = settings(&[("cache-refresh", "on")]);
        assert_eq!(terms(&on, 9, 1).refresh, Refresh::On);
    }
}
