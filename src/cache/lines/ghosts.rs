//! Which lines went lately.

use std::collections::{HashMap, VecDeque};

/// The hashes of names whose lines went, the last ones of them. Two names with one
/// hash are taken for each other, which does no harm.
#[derive(Debug, Default)]
pub(super) struct Ghosts {
    /// In the order they went, with the number of each; those that came back stay
    /// here until it is their turn.
    row: VecDeque<(u64, u64)>,
    numbers: HashMap<u64, u64>,
    next: u64,
}

impl Ghosts {
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Remembers one that goes, and at most `most` in all.
    pub(super) fn add(&mut self, hash: u64, most: usize) {
        self.next += 1;
        self.numbers.insert(hash, self.next);
        self.row.push_back((hash, self.next));
        self.keep(most);
    }

    /// Forgets all but the last ones.
    pub(super) fn keep(&mut self, most: usize) {
        while self.numbers.len() > most || self.row.len() > 2 * most {
            let Some((hash, number)) = self.row.pop_front() else { break };
            if self.numbers.get(&hash) == Some(&number) {
                self.numbers.remove(&hash);
            }
        }
    }

    /// Forgets one that came back; false if it was not remembered.
    pub(super) fn take(&mut self, hash: u64) -> bool {
        self.numbers.remove(&hash).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_ones_are_remembered() {
        let mut ghosts = Ghosts::default();
        for hash in 0..100 {
            ghosts.add(hash, 10);
            assert!(ghosts.len() <= 10);
        }
        assert!(!ghosts.take(89) && ghosts.take(90) && !ghosts.take(90) && ghosts.take(99));
    }

    #[test]
    fn what_comes_and_goes_takes_no_more_room() {
        let mut ghosts = Ghosts::default();
        for _ in 0..1_000 {
            ghosts.add(7, 10);
            assert!(ghosts.take(7));
            assert!(ghosts.row.len() <= 20);
        }
    }
}
