//! Clients that count.

use rand::RngExt;

use super::super::counters::Count;
use super::super::history::Kind;
use super::{Hand, Told};

/// The counters.
pub const COUNTERS: [&str; 2] = ["count:a", "count:b"];

/// Counts up by one.
pub fn count(hand: &mut Hand) {
    while hand.next() {
        let key = COUNTERS[hand.random.random_range(0..COUNTERS.len())];
        let (span, told) = hand.call(Kind::Write, &["INCR", key]);
        let gave = match told {
            Told::Done(reply) => reply.int(),
            Told::Unknown => None,
            Told::Refused => continue,
        };
        hand.history.counters.entry(key.to_owned()).or_default().push(Count { span, gave });
    }
}
