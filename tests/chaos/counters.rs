//! A number that only ever goes up by one: every value is given once, later
//! calls get larger ones, and at the end it is what was acknowledged, plus at
//! most what has no known outcome.

use std::collections::HashSet;

use lockstep_sim::check::Span;

/// One INCR.
#[derive(Clone, Copy, Debug)]
pub struct Count {
    /// When.
    pub span: Span,
    /// The number it gave, if an answer came.
    pub gave: Option<i64>,
}

/// What is wrong with a counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Two calls got the same number.
    Twice(i64),
    /// A call got a smaller number than one that had ended before it began.
    Fell(i64, i64),
    /// The number at the end is not between these two.
    Wrong {
        /// What was acknowledged.
        least: i64,
        /// That and all without a known outcome.
        most: i64,
        /// What it is.
        is: i64,
    },
}

/// Looks for flaws in the history of a counter that is `last` at the end.
pub fn check(counts: &[Count], last: i64) -> Result<(), Flaw> {
    let mut sure: Vec<(Span, i64)> =
        counts.iter().filter_map(|count| Some((count.span, count.gave?))).collect();
    let mut seen = HashSet::new();
    if let Some((_, twice)) = sure.iter().find(|(_, gave)| !seen.insert(*gave)) {
        return Err(Flaw::Twice(*twice));
    }
    let mut ended = sure.clone();
    ended.sort_by_key(|(span, _)| span.ended);
    sure.sort_by_key(|(span, _)| span.began);
    let (mut over, mut highest) = (0, i64::MIN);
    for (span, gave) in &sure {
        while over < ended.len() && ended[over].0.precedes(span) {
            highest = highest.max(ended[over].1);
            over += 1;
        }
        if *gave < highest {
            return Err(Flaw::Fell(highest, *gave));
        }
    }
    let (least, most) = (sure.len() as i64, counts.len() as i64);
    let highest = sure.iter().map(|(_, gave)| *gave).max().unwrap_or(0);
    if last < least.max(highest) || last > most {
        return Err(Flaw::Wrong { least, most, is: last });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use lockstep_sim::check::NEVER;

    use super::{Count, Flaw, Span, check};

    fn count(began: u64, ended: u64, gave: impl Into<Option<i64>>) -> Count {
        Count { span: Span { began, ended }, gave: gave.into() }
    }

    #[test]
    fn what_is_acknowledged_counts_and_what_is_unknown_may() {
        let history = [count(1, 2, 1), count(3, NEVER, None), count(4, 5, 2)];
        assert_eq!(check(&history, 2), Ok(()));
        assert_eq!(check(&history, 3), Ok(()));
        for is in [1, 4] {
            assert_eq!(check(&history, is), Err(Flaw::Wrong { least: 2, most: 3, is }));
        }
        let history = [count(1, 2, 1), count(3, NEVER, None), count(4, 5, 3)];
        assert_eq!(check(&history, 2), Err(Flaw::Wrong { least: 2, most: 3, is: 2 }));
    }

    #[test]
    fn a_number_is_given_once_and_never_smaller_than_before() {
        assert_eq!(check(&[count(1, 2, 1), count(3, 4, 1)], 2), Err(Flaw::Twice(1)));
        assert_eq!(check(&[count(1, 2, 2), count(3, 4, 1)], 2), Err(Flaw::Fell(2, 1)));
        assert_eq!(check(&[count(1, 3, 2), count(2, 4, 1)], 2), Ok(()));
    }
}
