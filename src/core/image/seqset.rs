//! A set of numbers that lie close together, 64 to a word, copy-on-write.

use super::Paged;

/// A set of numbers.
#[derive(Clone, Debug, Default)]
pub struct SeqSet {
    /// By number / 64. Invariant: no word is 0.
    words: Paged<u64>,
    len: usize,
}

impl SeqSet {
    /// How many numbers are in it.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a number; whether it was new.
    pub fn insert(&mut self, number: u64) -> bool {
        let word = self.word(number);
        let new = word & bit(number) == 0;
        if new {
            self.words.insert(number / 64, word | bit(number));
            self.len += 1;
        }
        new
    }

    /// Takes a number out; whether it was there.
    pub fn remove(&mut self, number: u64) -> bool {
        let word = self.word(number);
        let there = word & bit(number) != 0;
        if there {
            match word & !bit(number) {
                0 => self.words.remove(number / 64),
                rest => self.words.insert(number / 64, rest),
            };
            self.len -= 1;
        }
        there
    }

    /// The smallest number.
    pub fn first(&self) -> Option<u64> {
        let (high, word) = self.words.first()?;
        Some(high * 64 + u64::from(word.trailing_zeros()))
    }

    /// The largest number.
    pub fn last(&self) -> Option<u64> {
        let high = self.words.last_number()?;
        let word = self.words.get(high)?;
        Some(high * 64 + u64::from(63 - word.leading_zeros()))
    }

    /// The numbers from `first` on, in order.
    pub fn iter_from(&self, first: u64) -> impl Iterator<Item = u64> {
        let words = self.words.iter_from(first / 64).flat_map(|(high, word)| {
            (0..64).filter(move |low| word >> low & 1 == 1).map(move |low| high * 64 + low)
        });
        words.skip_while(move |number| *number < first)
    }

    /// Whether a number is in it.
    pub fn contains(&self, number: u64) -> bool {
        self.word(number) & bit(number) != 0
    }

    /// All numbers in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u64> {
        self.words.iter().flat_map(|(high, word)| {
            (0..64).filter(move |low| word >> low & 1 == 1).map(move |low| high * 64 + low)
        })
    }

    /// The word that `number` has its bit in.
    fn word(&self, number: u64) -> u64 {
        self.words.get(number / 64).copied().unwrap_or_default()
    }
}

impl PartialEq for SeqSet {
    fn eq(&self, other: &Self) -> bool {
        self.len == other.len && self.iter().eq(other.iter())
    }
}

fn bit(number: u64) -> u64 {
    1 << (number % 64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn it_holds_what_a_plain_set_holds() {
        let mut words = SeqSet::default();
        let mut plain = BTreeSet::new();
        for step in 0..5000u64 {
            let number = step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54;
            if step % 2 == 0 {
                assert_eq!(words.insert(number), plain.insert(number));
            } else {
                assert_eq!(words.remove(number), plain.remove(&number));
            }
            assert_eq!((words.len(), words.first()), (plain.len(), plain.first().copied()));
            assert_eq!(words.last(), plain.last().copied());
            assert_eq!(words.contains(number), plain.contains(&number));
        }
        assert!(words.iter().eq(plain.iter().copied()));
        for from in [0, 1, 100, 600, 2000] {
            assert!(words.iter_from(from).eq(plain.range(from..).copied()));
        }
        assert!(words.iter().rev().eq(plain.iter().rev().copied()));
    }
}
