//! A register that only the newest holder of a lock may write (C-FENCE).

/// What is wrong with a register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A write with a lower token came behind one with a higher.
    Stale {
        /// The higher token.
        after: u64,
        /// The lower one.
        token: u64,
    },
    /// A write that was acknowledged is not there.
    Lost(u64),
    /// A write that was refused is there.
    Refused(u64),
    /// A write is there more often than it was made.
    Twice(u64),
}

/// The writes that were asked for, by what became of them. Each has a number of its
/// own.
#[derive(Clone, Debug, Default)]
pub struct Writes {
    /// Acknowledged.
    pub done: Vec<u64>,
    /// Refused.
    pub refused: Vec<u64>,
}

/// Looks for flaws: `seen` are token and number of the writes in the register, in
/// their order.
pub fn check(seen: &[(u64, u64)], writes: &Writes) -> Result<(), Flaw> {
    if let Some(pair) = seen.windows(2).find(|pair| pair[1].0 < pair[0].0) {
        return Err(Flaw::Stale { after: pair[0].0, token: pair[1].0 });
    }
    let mut numbers: Vec<u64> = seen.iter().map(|(_, number)| *number).collect();
    numbers.sort_unstable();
    if let Some(pair) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Flaw::Twice(pair[0]));
    }
    let is_there = |number: &&u64| numbers.binary_search(number).is_ok();
    if let Some(lost) = writes.done.iter().find(|number| !is_there(number)) {
        return Err(Flaw::Lost(*lost));
    }
    writes.refused.iter().find(is_there).map_or(Ok(()), |number| Err(Flaw::Refused(*number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(done: &[u64], refused: &[u64]) -> Writes {
        Writes { done: done.to_vec(), refused: refused.to_vec() }
    }

    #[test]
    fn tokens_that_rise_and_stay_are_fine() {
        let seen = [(1, 10), (1, 11), (4, 12)];
        assert_eq!(check(&seen, &writes(&[10, 12], &[13])), Ok(()));
    }

    #[test]
    fn a_lower_token_behind_a_higher_is_stale() {
        let seen = [(1, 10), (4, 11), (3, 12)];
        assert_eq!(check(&seen, &writes(&[], &[])), Err(Flaw::Stale { after: 4, token: 3 }));
    }

    #[test]
    fn what_was_acknowledged_is_there_once_and_what_was_refused_is_not() {
        let seen = [(1, 10), (2, 11)];
        assert_eq!(check(&seen, &writes(&[12], &[])), Err(Flaw::Lost(12)));
        assert_eq!(check(&seen, &writes(&[], &[11])), Err(Flaw::Refused(11)));
        assert_eq!(check(&[(1, 10), (2, 10)], &writes(&[], &[])), Err(Flaw::Twice(10)));
    }
}
