//! LOCKSCAN: the names of locks, a part at a time.
//!
//! A cursor is a place in the order of the buckets, one more than the number of the
//! next; whoever goes on until it is 0 sees all locks that were there all the time.

use crate::Outcome;
use crate::glob;
use crate::image::{Name, Named};
use crate::locks::hold::Part;
use crate::locks::lock::Lock;
use crate::locks::table::Table;
use crate::locks::{Filter, State};

impl Table {
    pub(super) fn scan(
        &self,
        now_ms: u64,
        cursor: u64,
        count: u32,
        filter: &Filter<'_>,
    ) -> Outcome {
        let mut next = usize::try_from(cursor.saturating_sub(1)).unwrap_or(usize::MAX);
        let (mut looked_at, mut names) = (0, Vec::new());
        while next < Named::<Lock>::BUCKETS && looked_at < count.max(1) {
            for (name, lock) in self.locks.bucket(next) {
                looked_at += 1;
                if self.meets(now_ms, name, lock, filter) {
                    names.push(Outcome::Bytes(name.to_vec()));
                }
            }
            next += 1;
        }
        let cursor = if next < Named::<Lock>::BUCKETS { next as i64 + 1 } else { 0 };
        Outcome::List(vec![Outcome::Int(cursor), Outcome::List(names)])
    }

    fn meets(&self, now_ms: u64, name: &Name, lock: &Lock, filter: &Filter<'_>) -> bool {
        let Filter::By { pattern, owner, session, state, min_wait_ms } = filter;
        let holds = || lock.holders.iter().filter(|hold| !hold.is_over(now_ms));
        let waiters = || {
            let line = lock.more.iter().flat_map(|more| more.line.iter());
            line.map(|(_, waiter)| waiter)
        };
        let in_state = match state {
            State::Any {} => true,
            State::Held {} => holds().next().is_some(),
            State::Waited {} => lock.has_line(),
            State::Acquiring {} => holds().any(|hold| hold.extra().part == Part::Acquiring),
        };
        let matches = pattern.is_none_or(|pattern| glob::matches(pattern, name));
        let of_owner = owner.is_none_or(|text| {
            holds().any(|hold| *hold.owner.text() == *text)
                || waiters().any(|waiter| *waiter.want.owner.text() == *text)
        });
        let of_session = session.is_none_or(|id| {
            let is_it = |session: &Option<(Name, u64)>| {
                session.as_ref().is_some_and(|(known, _)| **known == *id)
            };
            holds().any(|hold| is_it(&hold.extra().session))
                || waiters().any(|waiter| is_it(&waiter.want.extra().session))
        });
        let waited = |since_ms: u64| now_ms.saturating_sub(since_ms) >= *min_wait_ms;
        let long = *min_wait_ms == 0 || waiters().any(|waiter| waited(waiter.since_ms));
        in_state && matches && long && of_owner && of_session
    }
}
