//! Log lines that would otherwise come again and again.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long the same line is not repeated.
const PAUSE: Duration = Duration::from_secs(10);

/// How many different lines are remembered.
const LINES_MAX: usize = 1024;

/// Remembers what was logged lately.
#[derive(Debug, Default)]
pub(super) struct Rarely {
    lines: Mutex<HashMap<u64, Instant>>,
}

impl Rarely {
    /// Whether a line about `subject` should be logged now.
    pub(super) fn now(&self, subject: impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        subject.hash(&mut hasher);
        let now = Instant::now();
        let mut lines = self.lines.lock();
        let key = hasher.finish();
        if lines.get(&key).is_some_and(|last| now.duration_since(*last) < PAUSE) {
            return false;
        }
        if lines.len() >= LINES_MAX {
            lines.retain(|_, last| now.duration_since(*last) < PAUSE);
            if lines.len() >= LINES_MAX {
                return false;
            }
        }
        lines.insert(key, now);
        true
    }
}
