//! What a replica may show, where its node reads the whole shard from it.

use std::hash::{Hash, Hasher};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

use crate::marks::group;
use crate::{At, Name};

/// How far a replica has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Replica {
    /// How many operations its state has seen.
    pub seq: u64,
    /// How many it had seen when the newest entry that may touch keys began to be carried
    /// out, and one more; 0: none did yet.
    pub begun: u64,
}

/// Of which state a replica has to be to show keys, as its node's half of the protocol has
/// it. Readers look at it without a lock, while they hold the state that they read.
#[derive(Debug)]
pub struct View {
    /// Grows when keys are hidden.
    turn: AtomicU64,
    /// Of every entry that began before the state had seen so many operations it is known
    /// which keys it touches.
    known: AtomicU64,
    /// How many operations the state must have seen to show anything.
    floor: AtomicU64,
    /// The same for the keys of a group: [`View::NEVER`] while one is being written.
    needs: Box<[AtomicU64]>,
}

impl View {
    /// No state has seen so many.
    pub(crate) const NEVER: u64 = u64::MAX;

    /// Nothing is shown.
    pub(crate) fn new(groups: usize) -> Self {
        let needs = (0..groups.max(1)).map(|_| AtomicU64::new(0)).collect();
        View { turn: 0.into(), known: 0.into(), floor: View::NEVER.into(), needs }
    }

    /// Whether a replica may show what it holds of these keys: all of it is what was open at
    /// one moment while this was asked. Asked while the state is held that is read; the
    /// session has to be good behind that ([`Pass::covers`](crate::Pass::covers)). While it
    /// finds no other turn, nothing was hidden that the home has heard of: what was good
    /// when it was looked at was good to the end, all of it together.
    pub fn shows<'a>(&self, replica: Replica, mut names: impl Iterator<Item = At<'a>>) -> bool {
        let turn = self.turn.load(SeqCst);
        // In this order: what is hidden for a message is hidden before it is known.
        let come =
            replica.begun <= self.known.load(SeqCst) && replica.seq >= self.floor.load(SeqCst);
        let is_shown = |at: At<'_>| replica.seq >= self.needs[self.group(at)].load(SeqCst);
        come && names.all(is_shown) && self.turn.load(SeqCst) == turn
    }

    /// Whether anything is shown at all.
    pub fn is_on(&self) -> bool {
        self.floor.load(SeqCst) != View::NEVER
    }

    pub(crate) fn group(&self, at: At<'_>) -> usize {
        group(&at, self.needs.len())
    }

    pub(crate) fn group_of(&self, name: &Name) -> usize {
        group(name, self.needs.len())
    }

    /// Nothing is shown any more, and nothing of what was hidden is. To be called when no
    /// reader takes the session for good any more.
    pub(crate) fn clear(&self) {
        // In this order: who finds nothing hidden below has found another turn, or no floor.
        self.floor.store(View::NEVER, SeqCst);
        self.hid();
        self.known.store(0, SeqCst);
        self.needs.iter().for_each(|need| need.store(0, SeqCst));
    }

    /// A key of a group is shown by states that have seen so many operations.
    pub(crate) fn need(&self, group: usize, seq: u64) {
        self.needs[group].store(seq, SeqCst);
    }

    /// The same of all keys.
    pub(crate) fn need_of_all(&self, seq: u64) {
        self.floor.store(seq, SeqCst);
    }

    /// Something was hidden: to be called behind that, and before the home is told.
    pub(crate) fn hid(&self) {
        self.turn.fetch_add(1, SeqCst);
    }

    pub(crate) fn knows(&self, known: u64) {
        self.known.fetch_max(known, SeqCst);
    }

    fn parts(&self) -> (u64, u64, Vec<u64>) {
        let needs = self.needs.iter().map(|need| need.load(SeqCst));
        (self.known.load(SeqCst), self.floor.load(SeqCst), needs.collect())
    }
}

impl Clone for View {
    fn clone(&self) -> Self {
        let (known, floor, needs) = self.parts();
        let needs = needs.into_iter().map(AtomicU64::new).collect();
        View { turn: 0.into(), known: known.into(), floor: floor.into(), needs }
    }
}

impl Hash for View {
    /// But for the turn, which matters to readers of several threads only.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.parts().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Db;

    use super::*;

    fn at(key: &[u8]) -> std::iter::Once<At<'_>> {
        std::iter::once(At { db: Db(0), key })
    }

    #[test]
    fn a_key_is_shown_by_states_that_have_what_is_open_and_nothing_unknown() {
        let view = View::new(64);
        let replica = |seq, begun| Replica { seq, begun };
        assert!(!view.shows(replica(9, 0), at(b"a")), "nothing is, before it begins");
        view.need_of_all(5);
        view.knows(7);
        assert!(view.shows(replica(6, 6), at(b"a")));
        assert!(!view.shows(replica(4, 4), at(b"a")), "it is behind");
        assert!(!view.shows(replica(9, 8), at(b"a")), "it is ahead of what is known");
        let group = view.group_of(&Name::of(Db(0), b"a"));
        view.need(group, View::NEVER);
        assert!(!view.shows(replica(7, 7), at(b"a")));
        assert!(view.shows(replica(7, 7), at(b"b")));
        view.need(group, 8);
        assert!(!view.shows(replica(7, 7), at(b"a")) && view.shows(replica(8, 7), at(b"a")));
        view.clear();
        assert!(!view.shows(replica(8, 0), at(b"b")));
    }

    #[test]
    fn keys_that_were_good_one_behind_the_other_are_not_shown_together() {
        let view = View::new(64);
        view.need_of_all(0);
        let (a, b) = (Name::of(Db(0), b"a"), Name::of(Db(0), b"b"));
        let replica = Replica { seq: 3, begun: 0 };
        let hides = |name: &Name| {
            // While the first is looked at, it is good; it is hidden before the second is.
            let key: &'static [u8] = if name.key == a.key { b"a" } else { b"b" };
            if key == b"b" {
                view.need(view.group_of(&a), View::NEVER);
                view.hid();
            }
            At { db: Db(0), key }
        };
        assert!(!view.shows(replica, [&a, &b].into_iter().map(hides)));
    }
}
