//! How many different elements gave these counters.

use super::{Counters, REGISTER_BITS, REGISTERS};

/// 1 / (2 ln 2).
const ALPHA: f64 = 0.721_347_520_444_481_7;

/// The greatest counter there is.
const RUN_MAX: usize = (u64::BITS - REGISTER_BITS) as usize + 1;

pub(super) fn estimate(counters: &Counters) -> u64 {
    // What is damaged may hold more than a hash gives; six bits are the most.
    let mut of_value = [0_u32; 64];
    for counter in counters {
        of_value[usize::from(counter & 63)] += 1;
    }
    let all = REGISTERS as f64;
    let mut sum = all * tau((all - f64::from(of_value[RUN_MAX])) / all);
    for value in (1..RUN_MAX).rev() {
        sum = (sum + f64::from(of_value[value])) * 0.5;
    }
    sum += all * sigma(f64::from(of_value[0]) / all);
    (ALPHA * all * all / sum).round() as u64
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut factor, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        factor *= 0.5;
        let before = sum;
        sum -= (1.0 - x) * (1.0 - x) * factor;
        if sum == before {
            return sum / 3.0;
        }
    }
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut factor, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * factor;
        factor += factor;
        if sum == before {
            return sum;
        }
    }
}
