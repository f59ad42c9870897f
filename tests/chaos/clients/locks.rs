//! Clients of locks.

use lockstep_sim::check::Span;
use lockstep_sim::check::locks::Hold;
use rand::RngExt;

use super::super::history::Kind;
use super::{Hand, Told};

/// How many locks of each sort there are.
const LOCKS: u32 = 3;
const LEASE_MS: u64 = 2_500;
/// How much earlier than by the client's clock a lease may end: the clocks of two
/// nodes are set to different times.
const SLACK: u64 = 100_000_000;

/// Holds locks that end with the connection.
pub fn of_connections(hand: &mut Hand) {
    while hand.next() {
        let lock = hand.random.random_range(0..LOCKS);
        let name = format!("lock:{lock}");
        let (asked, told) = hand.call(Kind::Wait, &["LOCK", &name, "BLOCK", "300"]);
        let Some(token) = token(&told) else {
            // Whether it holds the lock is not known: the end of the connection ends that.
            if matches!(told, Told::Unknown) {
                hand.hang_up();
            }
            continue;
        };
        let owner = hand.id * 1_000_000 + hand.connections;
        let mut hold = hold(lock, owner, token, asked, asked.ended);
        hand.pause(0..=15_000);
        let text = token.to_string();
        let (check, told) = hand.call(Kind::Read, &["LOCKCHECK", &name, "TOKEN", &text]);
        if number(&told).is_some_and(|left| left > 0) {
            hold.until = check.began;
        }
        let (span, told) = hand.call(Kind::Write, &["UNLOCK", &name, "TOKEN", &text]);
        match number(&told) {
            Some(1) => hold.until = span.began,
            Some(_) => hand.history.robbed.push(hold.clone()),
            None => hand.hang_up(),
        }
        hand.history.holds.push(hold);
    }
}

/// Holds locks that end with their lease.
pub fn with_leases(hand: &mut Hand) {
    while hand.next() {
        let lock = LOCKS + hand.random.random_range(0..LOCKS);
        let (name, number_of) = (format!("lock:{lock}"), hand.fresh());
        let (owner, lease) = (format!("owner{number_of}"), LEASE_MS.to_string());
        let words = ["LOCK", &name, "OWNER", &owner, "PX", &lease, "BLOCK", "300"];
        let (asked, told) = hand.call(Kind::Wait, &words);
        let Some(token) = token(&told) else { continue };
        let end = asked.began + LEASE_MS * 1_000_000 - SLACK;
        let mut hold = hold(lock, number_of, token, asked, end);
        // Some forget to give it back.
        hand.pause(0..=15_000);
        if hand.random.random_ratio(1, 40) {
            hand.history.holds.push(hold);
            continue;
        }
        let (span, told) = hand.call(Kind::Write, &["UNLOCK", &name, "OWNER", &owner]);
        match number(&told) {
            Some(0) if span.ended < end => hand.history.robbed.push(hold.clone()),
            _ if matches!(told, Told::Refused) => {}
            _ => hold.until = end.min(span.began),
        }
        hand.history.holds.push(hold);
    }
}

fn hold(lock: u32, owner: u64, token: u64, asked: Span, until: u64) -> Hold {
    Hold { lock, owner, token, asked: asked.began, granted: asked.ended, until }
}

fn number(told: &Told) -> Option<i64> {
    match told {
        Told::Done(reply) => reply.int(),
        _ => None,
    }
}

fn token(told: &Told) -> Option<u64> {
    number(told).map(|token| token as u64)
}
