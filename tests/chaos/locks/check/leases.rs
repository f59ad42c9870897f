//! Leases: none ends too early, none is honoured for too long (C-LOCK).

use lockstep_sim::check::Span;

/// A millisecond, in nanoseconds.
pub const MS: u64 = 1_000_000;

/// A renewal of a lease and what it gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// When it was asked for and answered.
    pub span: Span,
    /// Whether the lease was still there; none: nobody knows.
    pub held: Option<bool>,
}

/// The life of a lease, as its owner saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which lock.
    pub lock: usize,
    /// The token.
    pub token: u64,
    /// How long it lasts from each renewal on.
    pub ttl: u64,
    /// When it was asked for and granted.
    pub granted: Span,
    /// In their order.
    pub renewals: Vec<Renewal>,
    /// When its owner began to give it back, if it did.
    pub released: Option<u64>,
}

/// What is wrong with a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It was gone before its time.
    Early {
        /// Which token.
        token: u64,
        /// How much earlier, in nanoseconds.
        by: u64,
    },
    /// Another one had the lock before its time was over.
    Overlap {
        /// The token of the first.
        first: u64,
        /// That of the other.
        second: u64,
    },
    /// A lower token was given later.
    TokenFell {
        /// The earlier.
        first: u64,
        /// The later.
        second: u64,
    },
}

impl Lease {
    /// Up to when it surely lasts: the lease counts from when the last renewal that
    /// is known to have worked was asked for.
    pub fn surely_until(&self) -> u64 {
        let renewed = self.renewals.iter().filter(|renewal| renewal.held == Some(true));
        let last = renewed.map(|renewal| renewal.span.began).max();
        let until = last.unwrap_or(0).max(self.granted.began) + self.ttl;
        // Drift of clocks.
        let until = until - self.ttl / 200;
        self.released.map_or(until, |released| until.min(released))
    }
}

/// Looks for flaws in the leases of all locks. `slack`: how far the clocks of nodes
/// that follow each other may be apart.
pub fn check(leases: &[Lease], slack: u64) -> Vec<Flaw> {
    let mut flaws: Vec<Flaw> = leases.iter().filter_map(|lease| early(lease, slack)).collect();
    let mut by_lock: Vec<&Lease> = leases.iter().collect();
    by_lock.sort_by_key(|lease| (lease.lock, lease.token));
    for pair in by_lock.windows(2).filter(|pair| pair[0].lock == pair[1].lock) {
        let (first, second) = (pair[0], pair[1]);
        if second.granted.ended + slack < first.surely_until() {
            flaws.push(Flaw::Overlap { first: first.token, second: second.token });
        }
        if second.granted.ended < first.granted.began {
            flaws.push(Flaw::TokenFell { first: first.token, second: second.token });
        }
    }
    flaws
}

/// A renewal that finds the lease gone though it was asked in time.
fn early(lease: &Lease, slack: u64) -> Option<Flaw> {
    let mut until = lease.granted.began + lease.ttl;
    for renewal in &lease.renewals {
        match renewal.held {
            Some(true) => until = renewal.span.began + lease.ttl,
            Some(false) if renewal.span.ended + slack < until => {
                let by = until - renewal.span.ended;
                return Some(Flaw::Early { token: lease.token, by });
            }
            Some(false) => return None,
            // It may have worked, which only makes it longer.
            None => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(began_ms: u64, ended_ms: u64) -> Span {
        Span { began: began_ms * MS, ended: ended_ms * MS }
    }

    fn lease(token: u64, granted: Span, renewals: &[(Span, Option<bool>)]) -> Lease {
        let renewals =
            renewals.iter().map(|(span, held)| Renewal { span: *span, held: *held }).collect();
        Lease { lock: 1, token, ttl: 2_000 * MS, granted, renewals, released: None }
    }

    #[test]
    fn leases_behind_each_other_are_fine() {
        let first = lease(1, span(0, 5), &[(span(500, 505), Some(true))]);
        let second = lease(2, span(600, 2_495), &[(span(4_600, 4_601), Some(false))]);
        assert_eq!(check(&[first, second], 0), []);
    }

    #[test]
    fn a_lease_that_is_gone_too_early_is_seen() {
        let first = lease(1, span(0, 5), &[(span(1_500, 1_505), Some(false))]);
        assert_eq!(check(&[first], 0), [Flaw::Early { token: 1, by: 495 * MS }]);
    }

    #[test]
    fn two_who_have_a_lock_at_once_are_seen() {
        let first = lease(1, span(0, 5), &[(span(500, 505), Some(true))]);
        let second = lease(2, span(600, 2_400), &[]);
        assert_eq!(check(&[second, first], 0), [Flaw::Overlap { first: 1, second: 2 }]);
    }

    #[test]
    fn a_token_that_falls_is_seen() {
        let mut later = lease(1, span(5_000, 5_005), &[]);
        later.released = Some(5_006 * MS);
        let mut earlier = lease(2, span(0, 5), &[]);
        earlier.released = Some(6 * MS);
        let flaws = check(&[later, earlier], 10_000 * MS);
        assert_eq!(flaws, [Flaw::TokenFell { first: 1, second: 2 }]);
    }
}
