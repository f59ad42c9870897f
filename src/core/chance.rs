//! Chance for tests: the same seed gives the same history.

/// Numbers that look random (splitmix64).
#[derive(Debug)]
pub(crate) struct Chance {
    state: u64,
}

impl Chance {
    /// All that follows depends on `seed` alone.
    pub(crate) fn new(seed: u64) -> Self {
        // One draw of the generator itself: seeds that are neighbours must not
        // give the same numbers, shifted by one.
        Chance { state: Chance { state: seed }.next() }
    }

    /// Any number.
    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// True once in `times`.
    pub(crate) fn once_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of some.
    pub(crate) fn pick<T: Copy>(&mut self, some: &[T]) -> T {
        some[self.below(some.len() as u64) as usize]
    }
}

/// Runs `history` with the seeds 0 to `count`, or with the one in the
/// environment variable `LOCKSTEP_SEED`. The seed of a failure is printed.
#[allow(clippy::disallowed_methods, reason = "a test is told its seed")]
pub(crate) fn with_seeds(count: u64, history: impl Fn(&mut Chance)) {
    let seeds = match std::env::var("LOCKSTEP_SEED").map(|seed| seed.parse()) {
        Ok(Ok(seed)) => seed..seed + 1,
        _ => 0..count,
    };
    for seed in seeds {
        let shown = ShownOnPanic(seed);
        history(&mut Chance::new(seed));
        drop(shown);
    }
}

struct ShownOnPanic(u64);

impl Drop for ShownOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("to see it again: LOCKSTEP_SEED={}", self.0);
        }
    }
}
