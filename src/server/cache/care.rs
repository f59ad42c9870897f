//! What readers take for good: copies under a lease, what the home confirms, or only what
//! the leader says.

use lockstep_cache::Care;
use lockstep_commands::here::CacheMode;

use super::Cache;
use crate::config::Setting;

impl Cache {
    /// Whether copies are kept, and given to others.
    pub(super) fn is_on(&self) -> bool {
        !self.alone && self.settings.word(Setting::CacheReadMode) != "off"
    }

    /// Whether copies are read under a lease, and others are given one.
    pub(super) fn leases(&self) -> bool {
        !self.alone && self.settings.word(Setting::CacheReadMode) == "lease"
    }

    /// What a connection takes for good that wants this: what it wants or what the node
    /// does, whichever is more careful. None: only what the leader says.
    pub(crate) fn care(&self, mode: CacheMode) -> Option<Care> {
        match mode {
            CacheMode::Bypass => None,
            _ if !self.is_on() => None,
            CacheMode::Strict if self.leases() => Some(Care::Lease),
            CacheMode::Strict | CacheMode::Validate => Some(Care::Confirmed),
        }
    }
}
