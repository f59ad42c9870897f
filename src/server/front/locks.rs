//! What is particular about the commands on locks.

use lockstep_commands::LockContext;

use super::Front;
use crate::config::Setting;

impl Front {
    /// What parsing these commands needs to know.
    pub(super) fn lock_context(&self) -> LockContext {
        let settings = &self.node.settings;
        LockContext {
            attached: self.session.attached.is_some(),
            lease_ms: settings.number(Setting::LockDefaultLeaseMs),
            names_max: settings.size(Setting::LockMaxKeys),
            head_start_ms: settings.number(Setting::LockPrioAgeMs),
            grace_ms: settings.number(Setting::WoundGraceMs),
        }
    }
}
