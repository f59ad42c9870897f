//! Random delays that a simulation can repeat.

use std::time::Duration;

/// The next number of a sequence (splitmix64).
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// A time between two others.
pub(crate) fn between(state: &mut u64, least: Duration, most: Duration) -> Duration {
    let span = u64::try_from(most.saturating_sub(least).as_micros()).unwrap_or(u64::MAX);
    least + Duration::from_micros(next(state) % span.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_delay_lies_between_its_bounds_and_they_differ() {
        let (least, most) = (Duration::from_millis(150), Duration::from_millis(300));
        let mut state = 1;
        let delays: Vec<_> = (0..1000).map(|_| between(&mut state, least, most)).collect();
        assert!(delays.iter().all(|delay| (least..most).contains(delay)));
        assert!(delays.windows(2).all(|pair| pair[0] != pair[1]));
        let mut again = 1;
        assert_eq!(between(&mut again, least, most), delays[0]);
    }
}
