//! Choices by chance: a number that came with the operation decides, the same on all
//! replicas.

use std::collections::BTreeSet;

use super::store::mix;

/// One of `len` places.
pub(super) fn one(seed: u64, len: usize) -> usize {
    (mix(seed) % (len as u64).max(1)) as usize
}

/// `count` different ones of `len` places, or all, in order.
pub(super) fn some(seed: u64, len: usize, count: usize) -> Vec<usize> {
    if count >= len {
        return (0..len).collect();
    }
    // Floyd's way: each of the last `count` places, or an earlier one in its stead.
    let mut chosen = BTreeSet::new();
    for last in len - count..len {
        let place = one(seed ^ mix(last as u64), last + 1);
        if !chosen.insert(place) {
            chosen.insert(last);
        }
    }
    chosen.into_iter().collect()
}

/// `count` of `len` places, each one as if there were no others.
pub(super) fn any(seed: u64, len: usize, count: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |at| one(seed ^ mix(at as u64), len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::with_seeds;

    #[test]
    fn some_are_different_and_in_order() {
        with_seeds(200, |chance| {
            let (len, count) = (chance.below(50) as usize, chance.below(60) as usize);
            let chosen = some(chance.next(), len, count);
            assert_eq!(chosen.len(), count.min(len));
            assert!(chosen.is_sorted_by(|a, b| a < b));
            assert!(chosen.iter().all(|place| *place < len));
        });
    }

    #[test]
    fn every_place_is_chosen_equally_often() {
        let mut times = [0; 10];
        for seed in 0..10_000 {
            some(seed, 10, 3).into_iter().for_each(|place| times[place] += 1);
            any(seed, 10, 3).for_each(|place| times[place] += 1);
        }
        assert!(times.iter().all(|times| (5_600..6_400).contains(times)), "{times:?}");
    }
}
