//! What must be true after every operation.

use super::modes::Tally;
use super::table::Table;

/// Of a lock that so many hold these are looked at one by one.
const HOLDERS_LOOKED_AT: usize = 64;

impl Table {
    /// From now on the rules are looked at after every operation, as they are in debug
    /// builds: of the locks that it touched, so that it costs little.
    pub fn check_always(&mut self) {
        self.index.watch.begin();
    }

    /// Checks the locks that an operation was about or has touched.
    ///
    /// # Panics
    /// When a rule is broken.
    pub(super) fn check_touched(&mut self, names: &[&[u8]]) {
        if !self.index.watch.is_on() {
            return;
        }
        let touched = self.index.watch.take();
        touched.iter().for_each(|name| self.check(name));
        if touched.is_empty() {
            names.iter().for_each(|name| self.check(name));
        }
    }

    /// Checks a lock.
    ///
    /// # Panics
    /// When a rule is broken.
    pub(super) fn check(&self, name: &[u8]) {
        let Some(lock) = self.locks.get(name) else { return };
        let shown = String::from_utf8_lossy(name);
        assert!(lock.holders.tally().is_sound(), "{shown}: holders do not get along");
        if lock.holders.len() <= HOLDERS_LOOKED_AT {
            let mut tally = Tally::default();
            lock.holders.iter().for_each(|hold| tally.add(hold.mode));
            assert_eq!(tally, lock.holders.tally(), "{shown}: holders are counted wrongly");
        }
        let idle = !lock.has_line() && !lock.is_delayed();
        let some = !lock.holders.is_empty() && lock.more.is_none();
        assert!(some || !idle, "{shown}: nobody has anything to do with it");
        let mut shared = None;
        for hold in lock.holders.iter().take(HOLDERS_LOOKED_AT) {
            assert!(hold.token.0 <= self.last_token && hold.token <= lock.token, "{shown}: token");
            assert!(hold.id <= self.last_id && hold.count > 0, "{shown}: hold");
            if hold.mode.limit().is_none() {
                let first = *shared.get_or_insert(hold.token);
                assert_eq!(first, hold.token, "{shown}: those who share differ in their tokens");
            }
        }
        let Some(more) = &lock.more else { return };
        assert!(more.waiting >= more.line.len() && self.waiting >= more.waiting);
        let name = self.locks.shared_name(name).expect("it was just found");
        let first = self.index.line(&name).and_then(|line| line.first());
        if let Some(waiter) = first.and_then(|first| lock.waiter(first.id))
            && more.delay.is_none()
        {
            let own = waiter.converts.then(|| self.own(&name, &waiter.want.owner.as_owner()));
            let own = own.flatten().map(|hold| hold.mode);
            let free = lock.holders.tally().without(own).admits(waiter.want.mode);
            assert!(!free, "{shown}: the first in line waits for nothing");
        }
    }

    /// Checks each lock, and the sums over all.
    ///
    /// # Panics
    /// When a rule is broken.
    #[cfg(test)]
    pub(super) fn check_all(&self) {
        let mut holds = 0;
        let mut waiting = 0;
        for (name, lock) in self.locks.iter() {
            self.check(name);
            let mut tally = Tally::default();
            lock.holders.iter().for_each(|hold| tally.add(hold.mode));
            assert_eq!(tally, lock.holders.tally());
            holds += lock.holders.len();
            waiting += lock.waiting();
            let of = |id| lock.waiter(id);
            let callers: usize = self.index.line(name).map_or(0, |line| {
                let waiters = line.iter().filter_map(|place| of(place.id));
                waiters.map(|waiter| waiter.callers.len()).sum()
            });
            assert_eq!(callers, lock.waiting());
        }
        waiting += self.latches.iter().map(|(_, latch)| latch.waiters.len()).sum::<usize>();
        assert_eq!((holds, waiting), (self.holds, self.waiting));
    }

    /// Checks that a snapshot is the same state, and what is derived from the locks
    /// what follows from them.
    ///
    /// # Panics
    /// When it is not.
    #[cfg(test)]
    pub(super) fn check_image(&self) {
        let mut copy = Table::new();
        for chunk in self.freeze().chunks() {
            copy.restore(&chunk).expect("a snapshot can be read");
        }
        assert_eq!(copy.state_digest(), self.state_digest(), "a snapshot is the same state");
        assert!(copy.index.is_same(&self.index), "the index follows from the locks");
        assert_eq!((copy.holds, copy.waiting), (self.holds, self.waiting));
    }
}
