//! Random delays, drawn by whoever needs one.

use std::time::Duration;

use parking_lot::Mutex;

use crate::luck;

/// A row of random numbers from a seed; not for secrets.
#[derive(Debug)]
pub(super) struct Dice(Mutex<u64>);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice(Mutex::new(seed))
    }

    /// The next number.
    pub(super) fn next(&self) -> u64 {
        luck::next(&mut self.0.lock())
    }

    /// A time between two others.
    pub(super) fn between(&self, least: Duration, most: Duration) -> Duration {
        luck::between(&mut self.0.lock(), least, most)
    }
}
