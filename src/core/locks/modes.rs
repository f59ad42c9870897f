//! Which modes get along.

use super::Mode;

/// Whether a request of the second class may be granted beside a hold of the first.
/// Permits count, so they are looked at where they are counted.
const BESIDE: [[bool; CLASSES]; CLASSES] = [
    // shared, update, exclusive, permits
    [true, true, false, false],
    [true, false, false, false],
    [false, false, false, false],
    [false, false, false, true],
];

/// How many classes of modes there are.
pub(super) const CLASSES: usize = 4;

const SHARED: usize = 0;
const UPDATE: usize = 1;
const EXCLUSIVE: usize = 2;
const PERMITS: usize = 3;

impl Mode {
    /// All modes of a class look the same to others, but for the number of permits.
    pub(super) fn class(self) -> usize {
        match self {
            Mode::Shared {} => SHARED,
            Mode::Update {} => UPDATE,
            Mode::Exclusive {} => EXCLUSIVE,
            Mode::Permits { .. } => PERMITS,
        }
    }

    /// How many permits it takes.
    pub(super) fn permits(self) -> u64 {
        match self {
            Mode::Permits { count, .. } => count.into(),
            _ => 0,
        }
    }

    /// How many permits there are, if it takes some.
    pub(super) fn limit(self) -> Option<u32> {
        match self {
            Mode::Permits { limit, .. } => Some(limit),
            _ => None,
        }
    }

    /// Whether who holds a lock so has all that it would have in the other mode.
    pub(super) fn covers(self, other: Mode) -> bool {
        match (self, other) {
            (Mode::Permits { count, limit }, Mode::Permits { count: less, limit: same }) => {
                less <= count && same == limit
            }
            (Mode::Permits { .. }, _) | (_, Mode::Permits { .. }) => false,
            _ => self.class() >= other.class(),
        }
    }

    /// Whether a hold in this mode must end before a request in the other can be
    /// granted. Of the permits of a semaphore any may come back, so a holder is in
    /// the way only if it has too many alone.
    pub fn is_in_the_way_of(self, requested: Mode) -> bool {
        match (self, requested) {
            (Mode::Permits { count, limit }, Mode::Permits { count: more, limit: other }) => {
                limit != other || u64::from(count) + u64::from(more) > u64::from(limit)
            }
            _ => !BESIDE[self.class()][requested.class()],
        }
    }
}

/// How many holds of each class a lock has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    holds: [u32; CLASSES],
    permits: u64,
    limit: u32,
}

impl Tally {
    /// One more.
    pub fn add(&mut self, mode: Mode) {
        self.holds[mode.class()] += 1;
        self.permits += mode.permits();
        self.limit = mode.limit().unwrap_or(self.limit);
    }

    /// One less.
    pub fn remove(&mut self, mode: Mode) {
        self.holds[mode.class()] -= 1;
        self.permits -= mode.permits();
        if self.holds[PERMITS] == 0 {
            self.limit = 0;
        }
    }

    /// The same without a hold in this mode.
    pub fn without(mut self, mode: Option<Mode>) -> Self {
        if let Some(mode) = mode {
            self.remove(mode);
        }
        self
    }

    /// Whether a request can be granted beside all these.
    pub fn admits(&self, requested: Mode) -> bool {
        let class = requested.class();
        let beside = (0..CLASSES).all(|held| self.holds[held] == 0 || BESIDE[held][class]);
        let room = match requested {
            Mode::Permits { count, limit } => {
                let same = self.holds[PERMITS] == 0 || self.limit == limit;
                same && self.permits + u64::from(count) <= u64::from(limit)
            }
            _ => true,
        };
        beside && room
    }

    /// The number of permits that is in force, if there are any.
    pub fn limit(&self) -> Option<u32> {
        (self.holds[PERMITS] > 0).then_some(self.limit)
    }

    /// Whether all these get along with each other: the rule that makes it a lock.
    pub fn is_sound(&self) -> bool {
        let pair = |a: usize, b: usize| self.holds[a] > 0 && self.holds[b] > u32::from(a == b);
        let fits = |a: usize, b: usize| BESIDE[a][b] || BESIDE[b][a];
        let all = (0..CLASSES).all(|a| (0..CLASSES).all(|b| !pair(a, b) || fits(a, b)));
        all && self.permits <= u64::from(self.limit)
    }
}
