//! PFSELFTEST: whether counters keep what they are given, and counts are near the truth.

use super::hash::murmur;
use super::{REGISTERS, Sketch, dense};
use crate::Fault;

/// So often all counters of a dense string are raised and read.
const ROUNDS: u64 = 100;

/// So many different elements are counted.
const ELEMENTS: u64 = 1_000_000;

/// A string that may be longer is tried as one of so many bytes: each counter may be a run of
/// its own in more, and all of them are gone through for every element.
const SPARSE_MAX: u64 = 15_000;

/// A count may be wrong by so many times the error that is to be expected.
const ERRORS_MAX: f64 = 6.0;

/// Tries out what counts different elements, with elements that `seed` chooses.
///
/// # Errors
/// What is wrong, in the words of Redis.
pub fn try_out(seed: u64, sparse_max: u64) -> Result<(), String> {
    (0..ROUNDS).try_for_each(|round| keeps_counters(seed ^ round << 32))?;
    counts_elements(seed, sparse_max.min(SPARSE_MAX), ELEMENTS)
        .unwrap_or_else(|fault| Err(format!("TESTFAILED {fault:?}")))
}

fn keeps_counters(seed: u64) -> Result<(), String> {
    let value = |register: usize| murmur(&(seed ^ register as u64).to_le_bytes()) as u8 & 63;
    let counters = std::array::from_fn(value);
    let body = dense::of(&counters);
    for (register, counter) in counters.into_iter().enumerate() {
        let found = dense::get(&body, register);
        if found != counter {
            return Err(format!(
                "TESTFAILED Register {register} should be {counter} but is {found}"
            ));
        }
    }
    Ok(())
}

fn counts_elements(seed: u64, sparse_max: u64, max: u64) -> Result<Result<(), String>, Fault> {
    let (mut wide, mut narrow) = (Sketch::new(), Sketch::new());
    wide.make_dense()?;
    let mut checked = 1;
    for number in 1..=max {
        let element = (number ^ seed).to_le_bytes();
        wide.add(&element, sparse_max)?;
        narrow.add(&element, sparse_max)?;
        if number < checked {
            continue;
        }
        wide.forget_count();
        narrow.forget_count();
        let count = wide.count()?;
        if number < sparse_max / 2 && narrow.is_dense() {
            return Ok(Err("TESTFAILED sparse encoding not used".to_owned()));
        }
        if narrow.count()? != count {
            return Ok(Err("TESTFAILED dense/sparse disagree".to_owned()));
        }
        let wrong = count.abs_diff(number);
        if wrong > wrong_max(number) {
            return Ok(Err(format!("TESTFAILED Too big error. card:{number} abserr:{wrong}")));
        }
        checked *= 10;
    }
    Ok(Ok(()))
}

/// How wrong the count of so many elements may be.
fn wrong_max(elements: u64) -> u64 {
    let expected = 1.04 / (REGISTERS as f64).sqrt();
    // Two of a few elements share a counter now and then.
    if elements == 10 { 1 } else { (expected * ERRORS_MAX * elements as f64).ceil() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_passes_its_trial() {
        for seed in 0..5 {
            assert_eq!(keeps_counters(seed), Ok(()));
            assert_eq!(counts_elements(seed, 3_000, 20_000), Ok(Ok(())), "seed {seed}");
        }
    }

    #[test]
    fn a_trial_that_fails_says_why() {
        // Nothing sparse has room in no bytes.
        let told = counts_elements(1, 18, 10);
        assert_eq!(told, Ok(Err("TESTFAILED sparse encoding not used".to_owned())));
        assert_eq!((wrong_max(1), wrong_max(10), wrong_max(1_000)), (1, 1, 49));
    }
}
