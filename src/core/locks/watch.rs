//! What is remembered so that the rules can be looked at after every operation.

use std::collections::BTreeMap;

use super::Mode;
use super::hold::Hold;
use crate::image::Name;

/// Of so many locks the newest hold is remembered.
const NEWEST_MAX: usize = 4096;

/// Watches a table. Always there in debug builds, else where it is asked for
/// ([`Table::check_always`](super::Table::check_always)).
#[derive(Debug)]
pub(super) struct Watch(Option<Box<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// The locks that something was done with since the last look.
    touched: Vec<Name>,
    /// Number and token of the newest hold of a lock, past or present.
    newest: BTreeMap<Name, (u64, u64)>,
}

impl Default for Watch {
    fn default() -> Self {
        Watch(cfg!(debug_assertions).then(Box::default))
    }
}

impl Watch {
    /// From now on in any build.
    pub fn begin(&mut self) {
        self.0.get_or_insert_default();
    }

    /// Whether it watches.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Something is done with a lock.
    pub fn touch(&mut self, name: &Name) {
        if let Some(seen) = &mut self.0
            && seen.touched.last() != Some(name)
        {
            seen.touched.push(name.clone());
        }
    }

    /// Somebody begins to hold a lock, or to hold it otherwise.
    ///
    /// # Panics
    /// When its token is lower than one before, or the same and it holds alone.
    pub fn begin_hold(&mut self, name: &Name, hold: &Hold) {
        self.touch(name);
        let Some(seen) = &mut self.0 else { return };
        if seen.newest.len() >= NEWEST_MAX && !seen.newest.contains_key(name) {
            seen.newest.clear();
        }
        let (id, token) = seen.newest.entry(name.clone()).or_default();
        if hold.id <= *id {
            return;
        }
        let alone = matches!(hold.mode, Mode::Exclusive {});
        let rises = hold.token.0 > *token || (hold.token.0 == *token && !alone);
        let (shown, new) = (String::from_utf8_lossy(name), hold.token.0);
        assert!(rises, "{shown}: {:?} has token {new} behind {token}", hold.mode);
        (*id, *token) = (hold.id, new);
    }

    /// Takes the locks that something was done with.
    pub fn take(&mut self) -> Vec<Name> {
        self.0.as_mut().map_or_else(Vec::new, |seen| std::mem::take(&mut seen.touched))
    }
}
