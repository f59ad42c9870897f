//! How long commands took, in powers of two.

/// The first bucket holds what took up to 1,024 ns, each further one twice as long.
pub(super) const BUCKETS: usize = 32;

const FIRST_BITS: u32 = 10;

/// How often something took how long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    pub(super) counts: [u64; BUCKETS],
}

/// The bucket for a duration.
pub(super) fn bucket(nanos: u64) -> usize {
    let over = nanos.saturating_sub(1) >> FIRST_BITS;
    let bucket = u64::BITS - over.leading_zeros();
    (bucket as usize).min(BUCKETS - 1)
}

/// The longest duration in a bucket.
fn bound_nanos(bucket: usize) -> u64 {
    1 << (FIRST_BITS as usize + bucket)
}

impl Histogram {
    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All buckets: the longest duration in nanoseconds, and how many are in it.
    pub fn buckets(&self) -> impl Iterator<Item = (u64, u64)> {
        self.counts.iter().enumerate().map(|(at, count)| (bound_nanos(at), *count))
    }

    /// Upper bounds in microseconds, and how many took at most so long; only
    /// bounds below which something lies that is not below the one before.
    pub fn cumulative(&self) -> Vec<(u64, u64)> {
        let mut seen = 0;
        let mut all = Vec::new();
        for (at, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            seen += count;
            all.push((bound_nanos(at) / 1000, seen));
        }
        all
    }

    /// The duration, in microseconds, that `percent` of all did not exceed;
    /// inside a bucket it is taken to grow evenly.
    pub fn percentile_micros(&self, percent: f64) -> f64 {
        let wanted = self.count() as f64 * percent.clamp(0.0, 100.0) / 100.0;
        let mut below = 0.0;
        let mut last = 0.0;
        for (at, count) in self.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let count = *count as f64;
            let high = bound_nanos(at) as f64 / 1000.0;
            let low = if at == 0 { 0.0 } else { bound_nanos(at - 1) as f64 / 1000.0 };
            last = high;
            if below + count >= wanted {
                return low + (high - low) * ((wanted - below) / count).clamp(0.0, 1.0);
            }
            below += count;
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_double() {
        let buckets = [0, 1, 1024, 1025, 2048, 2049, 1_000_000, u64::MAX].map(bucket);
        assert_eq!(buckets, [0, 0, 0, 1, 1, 2, 10, 31]);
    }

    #[test]
    fn the_bounds_are_those_of_redis() {
        let counts = std::array::from_fn(|at| u64::from(at < 10));
        let bounds: Vec<u64> =
            Histogram { counts }.cumulative().into_iter().map(|(bound, _)| bound).collect();
        assert_eq!(bounds, [1, 2, 4, 8, 16, 32, 65, 131, 262, 524]);
    }

    #[test]
    fn percentiles_lie_inside_their_bucket() {
        let mut histogram = Histogram::default();
        histogram.counts[2] = 99;
        histogram.counts[10] = 1;
        let p50 = histogram.percentile_micros(50.0);
        assert!((2.048..=4.096).contains(&p50), "{p50}");
        assert!(histogram.percentile_micros(99.9) > 500.0);
        assert_eq!(Histogram::default().percentile_micros(99.0), 0.0);
    }
}
