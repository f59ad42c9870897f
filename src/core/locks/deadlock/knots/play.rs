//! Plays on as kindly as can be, and leaves who is stuck.

use std::collections::{BTreeMap, BTreeSet};

use smallvec::SmallVec;

use super::{Rules, Scene, Spot};
use crate::locks::Mode;
use crate::locks::modes::Tally;

/// Everyone who waits for nothing gives back all it has, lines are served, and so on
/// until nothing changes. Whoever goes on is taken out of the scene; what somebody
/// who is stuck would be granted meanwhile counts as a hold, under the number of
/// the wait.
pub(super) fn on(scene: &mut Scene, rules: Rules) {
    let mut play = Play::new(scene, rules);
    play.run(scene);
    play.leave_the_stuck(scene);
}

struct Play {
    rules: Rules,
    /// How many waits each owner has left.
    waits: Vec<usize>,
    /// The locks that each owner has.
    has: Vec<Vec<usize>>,
    /// How each owner has each lock.
    modes: BTreeMap<(usize, usize), SmallVec<[Mode; 1]>>,
    /// What is held of each lock.
    tallies: Vec<Tally>,
    /// How many of each line were granted the lock.
    granted: Vec<usize>,
    /// Those who wait for nothing and still have something.
    free: Vec<usize>,
    /// The locks to look at.
    open: Vec<usize>,
}

impl Play {
    fn new(scene: &Scene, rules: Rules) -> Self {
        let (owners, locks) = (scene.owners.len(), scene.locks.len());
        let mut play = Play {
            rules,
            waits: vec![0; owners],
            has: vec![Vec::new(); owners],
            modes: BTreeMap::new(),
            tallies: vec![Tally::default(); locks],
            granted: vec![0; locks],
            free: Vec::new(),
            open: (0..locks).collect(),
        };
        for (number, lock) in scene.locks.iter().enumerate() {
            lock.line.iter().for_each(|spot| play.waits[spot.owner] += 1);
            lock.holders.iter().for_each(|spot| play.hold(number, spot));
        }
        play.free = (0..owners).filter(|owner| play.waits[*owner] == 0).collect();
        play
    }

    fn run(&mut self, scene: &Scene) {
        loop {
            if let Some(owner) = self.free.pop() {
                self.give_back(owner);
            } else if let Some(lock) = self.open.pop() {
                self.serve(lock, &scene.locks[lock].line);
            } else {
                return;
            }
        }
    }

    fn give_back(&mut self, owner: usize) {
        for lock in std::mem::take(&mut self.has[owner]) {
            self.let_go(lock, owner);
            self.open.push(lock);
        }
    }

    fn serve(&mut self, lock: usize, line: &[Spot]) {
        while let Some(spot) = line.get(self.granted[lock])
            && self.admits(lock, spot)
        {
            self.let_go(lock, spot.owner);
            self.hold(lock, spot);
            self.granted[lock] += 1;
            self.waits[spot.owner] -= 1;
            if self.waits[spot.owner] == 0 {
                self.free.push(spot.owner);
            }
        }
    }

    fn admits(&self, lock: usize, spot: &Spot) -> bool {
        if !self.rules.permits_add_up && spot.mode.limit().is_some() {
            return true;
        }
        let own = self.modes.get(&(lock, spot.owner)).into_iter().flatten();
        let others = own.fold(self.tallies[lock], |tally, mode| tally.without(Some(*mode)));
        others.admits(spot.mode)
    }

    fn hold(&mut self, lock: usize, spot: &Spot) {
        self.tallies[lock].add(spot.mode);
        self.has[spot.owner].push(lock);
        self.modes.entry((lock, spot.owner)).or_default().push(spot.mode);
    }

    fn let_go(&mut self, lock: usize, owner: usize) {
        for mode in self.modes.remove(&(lock, owner)).unwrap_or_default() {
            self.tallies[lock].remove(mode);
        }
    }

    fn leave_the_stuck(&self, scene: &mut Scene) {
        let is_stuck = |spot: &Spot| self.waits[spot.owner] > 0;
        for (lock, granted) in scene.locks.iter_mut().zip(&self.granted) {
            let granted: Vec<Spot> = lock.line.drain(..*granted).collect();
            let again: BTreeSet<usize> = granted.iter().map(|spot| spot.owner).collect();
            lock.holders.retain(|spot| is_stuck(spot) && !again.contains(&spot.owner));
            lock.holders.extend(granted.into_iter().filter(is_stuck));
        }
    }
}
