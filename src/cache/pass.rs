//! What a hit looks at besides the line.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Acquire, Release};

use crate::{At, Content, Era, Store, Time};

/// In which era a shard's lines may be read, and until when.
#[derive(Debug, Default)]
pub struct Pass {
    era: AtomicU64,
    until: AtomicU64,
}

impl Pass {
    /// Whether a line of an era, copied before `now` was read from the clock, was good
    /// when it was copied.
    pub fn covers(&self, era: Era, now: Time) -> bool {
        // In this order: an end that belongs to a later era comes with that era.
        let until = self.until.load(Acquire);
        now.0 < until && self.era.load(Acquire) == era.0
    }

    /// The era of the session that the node has, or had.
    pub fn era(&self) -> Era {
        Era(self.era.load(Acquire))
    }

    /// Whether there was a session lately; without one there is nothing to look for.
    pub fn is_known(&self) -> bool {
        self.until.load(Acquire) != 0
    }

    pub(crate) fn publish(&self, era: Era, until: Time) {
        if self.era.load(Acquire) != era.0 {
            // No reader sees the new end with the old era, or the other way round.
            self.until.store(0, Release);
            self.era.store(era.0, Release);
        }
        self.until.store(until.0, Release);
    }

    fn parts(&self) -> (u64, u64) {
        (self.era.load(Acquire), self.until.load(Acquire))
    }
}

/// Answers a read from a line, if there is one and it is good. The clock is read
/// after the value was copied: a process that stood still in between answers nothing.
pub fn hit(
    store: &impl Store,
    pass: &Pass,
    at: At<'_>,
    clock: impl FnOnce() -> Time,
) -> Option<Content> {
    let seen = store.copy(at)?;
    let now = clock();
    let lives = seen.content.ends.is_none_or(|ends| now < ends);
    (lives && pass.covers(seen.era, now)).then_some(seen.content)
}

/// The pass as the machine holds it: a machine that is copied gets one of its own.
#[derive(Debug, Default)]
pub(crate) struct Own(pub Arc<Pass>);

impl Clone for Own {
    fn clone(&self) -> Self {
        let (era, until) = self.0.parts();
        Own(Arc::new(Pass { era: era.into(), until: until.into() }))
    }
}

impl Hash for Own {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.parts().hash(state);
    }
}
