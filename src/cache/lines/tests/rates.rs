//! Hit rates on fixed traces: within a point of what the policies are known for
//! (P25). 10,000 keys, 1,000 lines, reads only, keys drawn by Zipf's law.

use super::*;
use crate::chance::Chance;

const KEYS: usize = 10_000;
const LINES: usize = 1_000;
const WARM: usize = 200_000;
const MEASURED: usize = 600_000;

/// Draws keys: the nth with a probability in proportion to n to the power of -s.
struct Zipf(Vec<f64>);

impl Zipf {
    fn new(s: f64) -> Self {
        let mut sum = 0.0;
        let mut sums: Vec<f64> = Vec::with_capacity(KEYS);
        for rank in 1..=KEYS {
            sum += (rank as f64).powf(-s);
            sums.push(sum);
        }
        sums.iter_mut().for_each(|part| *part /= sum);
        Zipf(sums)
    }

    fn draw(&self, chance: &mut Chance) -> usize {
        let part = chance.part();
        self.0.partition_point(|sum| *sum <= part).min(KEYS - 1)
    }
}

/// Hits of a hundred reads.
fn rate(policy: Policy, s: f64) -> f64 {
    let names: Vec<Name> = (0..KEYS).map(name).collect();
    let (lines, zipf, mut chance) = (lines(LINES, policy), Zipf::new(s), Chance(s.to_bits()));
    let mut evicted = Vec::new();
    let mut hits = 0;
    for step in 0..WARM + MEASURED {
        let hit = get(&lines, &names[zipf.draw(&mut chance)], &mut evicted);
        hits += usize::from(hit && step >= WARM);
        evicted.clear();
    }
    lines.check();
    hits as f64 * 100.0 / MEASURED as f64
}

fn is_near(policy: Policy, wanted: [(f64, f64); 3]) {
    for (s, wanted) in wanted {
        let rate = rate(policy, s);
        println!("{policy:?} s={s}: {rate:.2} (wanted {wanted})");
        assert!((rate - wanted).abs() < 1.0, "{policy:?} s={s}: {rate:.2}, not {wanted}");
    }
}

#[test]
fn s3_fifo_hits_as_often_as_it_should() {
    is_near(Policy::S3Fifo, [(0.8, 53.00), (0.99, 72.94), (1.2, 89.11)]);
}

#[test]
fn sieve_hits_as_often_as_it_should() {
    is_near(Policy::Sieve, [(0.8, 55.21), (0.99, 74.52), (1.2, 89.87)]);
}

#[test]
fn lru_hits_as_often_as_it_should() {
    is_near(Policy::Lru, [(0.8, 43.67), (0.99, 66.41), (1.2, 86.14)]);
}
