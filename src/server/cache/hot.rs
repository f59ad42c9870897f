//! Which keys are read, written and called back most (CACHE HOTKEYS).
//!
//! Space-Saving (Metwally, Agrawal, El Abbadi, 2005): so many counters; a name that has none
//! takes over the smallest, with what that had counted. No name that makes up more than one
//! of so many parts of all is missing, and none is counted too low. Reads and writes are
//! counted by samples, so that most cost one step of a counter of their thread.

use std::cell::Cell;
use std::collections::HashMap;

use lockstep_cache::{At, Name};
use parking_lot::Mutex;

/// How many names each list has at most.
pub(super) const NAMES_MAX: usize = 128;

/// One of so many reads or writes is counted, for all of them.
const SAMPLE: u32 = 32;

/// The names counted most often.
#[derive(Debug, Default)]
pub(super) struct Top(Mutex<Counters>);

/// Names with their counts, in no order.
#[derive(Debug, Default)]
struct Counters {
    names: Vec<Name>,
    /// How often each of the names came. Apart from them: the smallest is sought often.
    counts: Vec<u64>,
    /// Where each of the names stands.
    places: HashMap<Name, usize>,
}

/// What keys are counted for.
#[derive(Debug, Default)]
pub(super) struct Hot {
    pub reads: Top,
    pub writes: Top,
    /// How often a cache had to be told something about its copy.
    pub probes: Top,
}

thread_local! {
    static SKIPPED: Cell<[u32; 2]> = const { Cell::new([0; 2]) };
}

impl Hot {
    /// A key is read.
    pub(super) fn read(&self, at: At<'_>) {
        if is_due(0) {
            self.reads.add(Name::of(at.db, at.key), SAMPLE.into());
        }
    }

    /// A key is written.
    pub(super) fn write(&self, at: At<'_>) {
        if is_due(1) {
            self.writes.add(Name::of(at.db, at.key), SAMPLE.into());
        }
    }

    /// Begins anew.
    pub(super) fn reset(&self) {
        for top in [&self.reads, &self.writes, &self.probes] {
            *top.0.lock() = Counters::default();
        }
    }
}

/// Whether this one stands for those before it. Not at even distances: a client that goes
/// round would have the same key counted again and again.
fn is_due(which: usize) -> bool {
    SKIPPED.with(|skipped| {
        let mut left = skipped.get();
        let due = left[which] == 0;
        left[which] = if due { rand::random_range(0..SAMPLE * 2 - 1) } else { left[which] - 1 };
        skipped.set(left);
        due
    })
}

impl Top {
    /// Counts a name, unless somebody else is counting.
    pub(super) fn add(&self, name: Name, times: u64) {
        if let Some(mut counters) = self.0.try_lock() {
            counters.add(name, times);
        }
    }

    /// The names, those counted most often first.
    pub(super) fn list(&self) -> Vec<(Name, u64)> {
        let counters = self.0.lock();
        let mut list: Vec<_> =
            counters.names.iter().cloned().zip(counters.counts.iter().copied()).collect();
        list.sort_unstable_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        list
    }
}

impl Counters {
    fn add(&mut self, name: Name, times: u64) {
        if let Some(at) = self.places.get(&name) {
            self.counts[*at] += times;
            return;
        }
        if self.names.len() < NAMES_MAX {
            self.places.insert(name.clone(), self.names.len());
            self.names.push(name);
            self.counts.push(times);
            return;
        }
        // Two steps: both are carried out on many counts at once.
        let least = self.counts.iter().copied().min().unwrap_or(0);
        let Some(at) = self.counts.iter().position(|count| *count == least) else { return };
        self.places.remove(&self.names[at]);
        self.places.insert(name.clone(), at);
        self.names[at] = name;
        self.counts[at] += times;
    }
}

#[cfg(test)]
mod tests {
    use lockstep_core::Db;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    use super::*;

    fn name(number: u32) -> Name {
        Name::of(Db(0), &number.to_be_bytes())
    }

    /// What is frequent is there and counted no lower than it came; the bound on how much too
    /// high is that of the paper.
    #[test]
    fn who_comes_often_is_never_missed_nor_counted_too_low() {
        for seed in 0..20 {
            let mut random = StdRng::seed_from_u64(seed);
            let (top, mut exact) = (Top::default(), HashMap::new());
            let all = 20_000;
            for _ in 0..all {
                // About as Zipf's law has it.
                let number = (1.0 / random.random_range(0.0005..1.0_f64)) as u32;
                top.add(name(number), 1);
                *exact.entry(name(number)).or_insert(0_u64) += 1;
            }
            let list = top.list();
            assert!(list.len() <= NAMES_MAX && list.is_sorted_by(|a, b| a.1 >= b.1));
            let most = all / NAMES_MAX as u64;
            for (name, count) in &exact {
                match list.iter().find(|(other, _)| other == name) {
                    Some((_, counted)) => {
                        assert!((*count..=count + most).contains(counted), "seed {seed}");
                    }
                    None => assert!(*count <= most, "seed {seed}: {count} times, and missed"),
                }
            }
        }
    }

    #[test]
    fn samples_stand_for_about_as_many_as_there_are() {
        let hot = Hot::default();
        let all: u64 = 200_000;
        (0..all).for_each(|_| hot.read(At { db: Db(0), key: b"k" }));
        let counted = hot.reads.list()[0].1;
        assert!(counted.abs_diff(all) < all / 10, "{counted}");
        assert!(hot.writes.list().is_empty());
        hot.reset();
        assert!(hot.reads.list().is_empty());
    }
}
