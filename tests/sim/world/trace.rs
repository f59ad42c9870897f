//! All that happens in a run, as one number.

use std::collections::VecDeque;

/// How many of the last events are kept to be shown.
const SHOWN: usize = 100_000;

/// A running hash of all events. Two runs are the same when theirs are.
#[derive(Debug, Default)]
pub struct Trace {
    hash: u64,
    events: u64,
    /// The last events, when they are to be shown.
    shown: Option<VecDeque<String>>,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A message was sent.
    Sent = 1,
    /// A message arrived.
    Arrived = 2,
    /// A client asked.
    Asked = 3,
    /// A client was told.
    Told = 4,
    /// The state of a replica was looked at.
    Seen = 5,
    /// The world did something.
    World = 6,
    /// A disk was written to.
    Disk = 7,
}

impl Trace {
    /// A trace that keeps the last events as text.
    pub fn shown() -> Self {
        Trace { shown: Some(VecDeque::new()), ..Trace::default() }
    }

    /// Adds an event: what it is about in numbers and bytes, and how it is shown.
    pub fn event(
        &mut self,
        kind: Kind,
        numbers: &[u64],
        bytes: &[u8],
        text: impl FnOnce() -> String,
    ) {
        self.events += 1;
        self.mix(kind as u64);
        numbers.iter().for_each(|number| self.mix(*number));
        self.mix(digest(bytes));
        if let Some(shown) = &mut self.shown {
            if shown.len() == SHOWN {
                shown.pop_front();
            }
            shown.push_back(text());
        }
    }

    /// The hash of all events so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many events there were.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The last events, the oldest first, if they were kept.
    pub fn last(&self) -> Vec<String> {
        self.shown.iter().flatten().cloned().collect()
    }

    fn mix(&mut self, number: u64) {
        self.hash = (self.hash.rotate_left(5) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// A number for some bytes.
pub fn digest(bytes: &[u8]) -> u64 {
    let mix = |hash: u64, part: u64| {
        let mixed = (hash ^ part).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        mixed ^ (mixed >> 32)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let hash =
        words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    rest.iter().fold(hash, |hash, byte| mix(hash, u64::from(*byte) + 1))
}
