//! How a queue is set.

use super::op::{Grouping, Order, Overflow, Setting};
use super::{
    BACKOFF_MS_MAX, BACKOFF_MS_MIN, DEDUP_MAX, DEDUP_WINDOW_MS, DEFAULT_LEASE_MS, FAILS_MAX,
    LEASE_MS_MAX, PARTITIONS_MAX,
};
use crate::image::Name;
use crate::{Fault, Outcome};

/// All settings of a queue. A number that is 0 means: none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rules {
    pub lease_ms: u64,
    pub lease_ms_max: u64,
    pub fails_max: u32,
    /// Deliveries are counted, not failures.
    pub counts_attempts: bool,
    pub backoff: Backoff,
    pub ttl_ms: u64,
    /// Those whose time is over are dead, not dropped.
    pub expired_are_dead: bool,
    pub delay_ms: u64,
    pub dead_letters: Option<Name>,
    pub retain_ms: u64,
    pub dead_max: u64,
    pub length_max: u64,
    pub bytes_max: u64,
    pub overflow: Overflow,
    pub order: Order,
    pub groups: Grouping,
    pub group_inflight: u64,
    pub group_skips: bool,
    pub dedup_window_ms: u64,
    pub dedup_by_group: bool,
    pub dedup_max: u64,
    /// So many deliveries in so many milliseconds.
    pub rate: (u64, u64),
    pub inflight_max: u64,
    pub partitions: u32,
    pub relaxed: bool,
    pub idle_ms: u64,
}

/// How long what failed stays away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Backoff {
    pub min_ms: u64,
    pub max_ms: u64,
    pub linear: bool,
    /// Percent.
    pub jitter: u8,
}

/// A queue that nobody has set.
pub(super) static USUAL: Rules = Rules {
    lease_ms: DEFAULT_LEASE_MS,
    lease_ms_max: LEASE_MS_MAX,
    fails_max: FAILS_MAX,
    counts_attempts: false,
    backoff: Backoff { min_ms: BACKOFF_MS_MIN, max_ms: BACKOFF_MS_MAX, linear: false, jitter: 20 },
    ttl_ms: 0,
    expired_are_dead: false,
    delay_ms: 0,
    dead_letters: None,
    retain_ms: 0,
    dead_max: 0,
    length_max: 0,
    bytes_max: 0,
    overflow: Overflow::Reject {},
    order: Order::Fifo {},
    groups: Grouping::Off {},
    group_inflight: 1,
    group_skips: false,
    dedup_window_ms: DEDUP_WINDOW_MS,
    dedup_by_group: false,
    dedup_max: DEDUP_MAX,
    rate: (0, 0),
    inflight_max: 0,
    partitions: 1,
    relaxed: false,
    idle_ms: 0,
};

impl Rules {
    /// Changes some settings.
    ///
    /// # Errors
    /// One is out of its bounds, or they contradict each other.
    pub fn with(&self, settings: &[Setting<'_>]) -> Result<Rules, Fault> {
        let mut rules = self.clone();
        settings.iter().for_each(|setting| rules.set(setting));
        rules.check()?;
        Ok(rules)
    }

    /// What a limit of the queue comes to in one partition; 0 is none.
    pub fn share(&self, limit: u64) -> u64 {
        limit.div_ceil(u64::from(self.partitions.max(1)))
    }

    /// Settings with these tags are as usual again; all, if there are none.
    ///
    /// # Errors
    /// What is left contradicts itself, or there is no such setting.
    pub fn without(&self, tags: &[u8]) -> Result<Rules, Fault> {
        if tags.is_empty() {
            return Ok(USUAL.clone());
        }
        let all = USUAL.settings();
        let mut rules = self.clone();
        for tag in tags {
            let place = usize::from(*tag).checked_sub(1).ok_or(Fault::BadSetting)?;
            rules.set(all.get(place).ok_or(Fault::BadSetting)?);
        }
        rules.check()?;
        Ok(rules)
    }

    fn check(&self) -> Result<(), Fault> {
        let lease = (1..=LEASE_MS_MAX).contains(&self.lease_ms)
            && (self.lease_ms..=LEASE_MS_MAX).contains(&self.lease_ms_max);
        let backoff = self.backoff.min_ms <= self.backoff.max_ms && self.backoff.jitter <= 100;
        let newest_first = matches!(self.order, Order::Lifo {});
        let groups =
            self.group_inflight > 0 && (!newest_first || matches!(self.groups, Grouping::Off {}));
        let rate = self.rate.0 == 0 || self.rate.1 > 0;
        let dedup = (1..=DEDUP_MAX).contains(&self.dedup_max);
        let parts = (1..=PARTITIONS_MAX).contains(&self.partitions);
        let sound = lease && backoff && groups && rate && dedup && parts;
        if sound { Ok(()) } else { Err(Fault::BadSetting) }
    }

    fn set(&mut self, setting: &Setting<'_>) {
        match *setting {
            Setting::Lease { ms } => self.lease_ms = ms,
            Setting::LeaseMax { ms } => self.lease_ms_max = ms,
            Setting::FailsMax { count } => self.fails_max = count,
            Setting::CountMode { attempts } => self.counts_attempts = attempts,
            Setting::Backoff { min_ms, max_ms, linear, jitter } => {
                self.backoff = Backoff { min_ms, max_ms, linear, jitter };
            }
            Setting::Ttl { ms } => self.ttl_ms = ms,
            Setting::Expire { dead } => self.expired_are_dead = dead,
            Setting::Delay { ms } => self.delay_ms = ms,
            Setting::DeadLetters { queue } => {
                self.dead_letters = (!queue.is_empty()).then(|| queue.into());
            }
            Setting::Retain { ms } => self.retain_ms = ms,
            Setting::DeadMax { count } => self.dead_max = count,
            Setting::LengthMax { count } => self.length_max = count,
            Setting::BytesMax { bytes } => self.bytes_max = bytes,
            Setting::Overflow { how } => self.overflow = how,
            Setting::Order { how } => self.order = how,
            Setting::Groups { how } => self.groups = how,
            Setting::GroupInflight { count } => self.group_inflight = count,
            Setting::GroupFail { skip } => self.group_skips = skip,
            Setting::DedupWindow { ms } => self.dedup_window_ms = ms,
            Setting::DedupScope { group } => self.dedup_by_group = group,
            Setting::DedupMax { count } => self.dedup_max = count,
            Setting::Rate { count: 0, .. } => self.rate = (0, 0),
            Setting::Rate { count, per_ms } => self.rate = (count, per_ms),
            Setting::InflightMax { count } => self.inflight_max = count,
            Setting::Partitions { count } => self.partitions = count,
            Setting::Sync { relaxed } => self.relaxed = relaxed,
            Setting::IdleDelete { ms } => self.idle_ms = ms,
        }
    }

    /// All settings, in the order of their tags.
    pub fn settings(&self) -> [Setting<'_>; 26] {
        let Backoff { min_ms, max_ms, linear, jitter } = self.backoff;
        [
            Setting::Lease { ms: self.lease_ms },
            Setting::LeaseMax { ms: self.lease_ms_max },
            Setting::FailsMax { count: self.fails_max },
            Setting::CountMode { attempts: self.counts_attempts },
            Setting::Backoff { min_ms, max_ms, linear, jitter },
            Setting::Ttl { ms: self.ttl_ms },
            Setting::Expire { dead: self.expired_are_dead },
            Setting::Delay { ms: self.delay_ms },
            Setting::DeadLetters { queue: self.dead_letters.as_deref().unwrap_or_default() },
            Setting::Retain { ms: self.retain_ms },
            Setting::DeadMax { count: self.dead_max },
            Setting::LengthMax { count: self.length_max },
            Setting::BytesMax { bytes: self.bytes_max },
            Setting::Overflow { how: self.overflow },
            Setting::Order { how: self.order },
            Setting::Groups { how: self.groups },
            Setting::GroupInflight { count: self.group_inflight },
            Setting::GroupFail { skip: self.group_skips },
            Setting::DedupWindow { ms: self.dedup_window_ms },
            Setting::DedupScope { group: self.dedup_by_group },
            Setting::DedupMax { count: self.dedup_max },
            Setting::Rate { count: self.rate.0, per_ms: self.rate.1 },
            Setting::InflightMax { count: self.inflight_max },
            Setting::Partitions { count: self.partitions },
            Setting::Sync { relaxed: self.relaxed },
            Setting::IdleDelete { ms: self.idle_ms },
        ]
    }
}

/// What a setting is shown as.
pub(super) fn shown(setting: &Setting<'_>) -> Outcome {
    let int = |number: u64| Outcome::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let either = |is, yes, no| Outcome::Word(if is { yes } else { no });
    match *setting {
        Setting::Lease { ms }
        | Setting::LeaseMax { ms }
        | Setting::Ttl { ms }
        | Setting::Delay { ms }
        | Setting::Retain { ms }
        | Setting::DedupWindow { ms }
        | Setting::IdleDelete { ms } => int(ms),
        Setting::FailsMax { count } | Setting::Partitions { count } => int(count.into()),
        Setting::DeadMax { count }
        | Setting::LengthMax { count }
        | Setting::GroupInflight { count }
        | Setting::DedupMax { count }
        | Setting::InflightMax { count } => int(count),
        Setting::BytesMax { bytes } => int(bytes),
        Setting::CountMode { attempts } => either(attempts, "attempts", "fails"),
        Setting::Backoff { min_ms, max_ms, linear, jitter } => Outcome::List(vec![
            int(min_ms),
            int(max_ms),
            either(linear, "linear", "exp"),
            int(jitter.into()),
        ]),
        Setting::Expire { dead } => either(dead, "dead", "drop"),
        Setting::DeadLetters { queue } => Outcome::Bytes(queue.to_vec()),
        Setting::Overflow { how } => Outcome::Word(how.word()),
        Setting::Order { how } => Outcome::Word(how.word()),
        Setting::Groups { how } => Outcome::Word(how.word()),
        Setting::GroupFail { skip } => either(skip, "skip", "block"),
        Setting::DedupScope { group } => either(group, "group", "queue"),
        Setting::Rate { count, per_ms } => Outcome::List(vec![int(count), int(per_ms)]),
        Setting::Sync { relaxed } => either(relaxed, "relaxed", "always"),
    }
}

impl Backoff {
    /// How long a message stays away that had failed `fails` times before: more each
    /// time, and by a chance that `seed` decides, so that what failed together does not
    /// come back together.
    pub fn ms(&self, fails: u32, seed: u64) -> u64 {
        let plain = if self.linear {
            self.min_ms.saturating_mul(u64::from(fails) + 1)
        } else {
            self.min_ms.saturating_mul(1 << fails.min(40))
        };
        let plain = plain.min(self.max_ms);
        let spread =
            plain / 100 * u64::from(self.jitter) + plain % 100 * u64::from(self.jitter) / 100;
        let chance = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
        let more = chance % spread.saturating_mul(2).saturating_add(1).max(1);
        (plain - spread).saturating_add(more)
    }
}
