//! T-LOCK-2: the holder dies; those in line get the lock in their order.

use std::time::{Duration, Instant};

use super::check::leases::MS;
use super::seat::Seat;
use super::stand::{Stand, lock_in, run};

const WAITERS: usize = 100;
const LEASE_MS: u64 = 400;
/// How late the first in line may get it when the connection of the holder ended.
const CLOSED_MAX: u64 = 100 * MS;
/// The same after a lease.
const LEASE_MAX: u64 = (LEASE_MS + 1_000) * MS;

#[test]
fn lock_2_when_the_holder_dies_the_line_goes_on_in_its_order() {
    run("lock_2", 6, |stand| {
        let (mut closed, mut leased, mut handed) = (Vec::new(), Vec::new(), Vec::new());
        let mut round = 0;
        while stand.goes_on() {
            let lock = lock_in(round as u16 % stand.shards, stand.shards, round);
            if round % 2 == 0 {
                play(stand, &lock, None, &mut closed, &mut handed);
            } else {
                play(stand, &lock, Some("PX"), &mut leased, &mut handed);
            }
            round += 1;
        }
        stand.times("free after the connection of the holder ended", &mut closed);
        stand.times("free after the last sign of the holder", &mut leased);
        stand.times("from one in line to the next", &mut handed);
        for (times, most) in [(&closed, CLOSED_MAX), (&leased, LEASE_MAX)] {
            if let Some(longest) = times.last().filter(|longest| **longest > most) {
                stand.flaw(format!("{} ms until the next had it", longest / MS));
            }
        }
        stand.expect_no_leak();
    });
}

/// A holder that dies with a line behind it.
fn play(
    stand: &mut Stand,
    lock: &str,
    lease: Option<&str>,
    first: &mut Vec<u64>,
    handed: &mut Vec<u64>,
) {
    let clock = stand.clock;
    let mut holder = stand.seat(0);
    let lease_ms = LEASE_MS.to_string();
    let plain = ["LOCK", lock];
    let leased = ["LOCK", lock, "OWNER", "holder", "PX", &lease_ms];
    let (span, told) = holder.call(if lease.is_some() { &leased } else { &plain });
    if told.token().is_none() {
        stand.flaw(format!("a free lock was not granted: {told:?}"));
        return;
    }
    let mut line: Vec<Seat> = (0..WAITERS).map(|at| stand.seat(at)).collect();
    for (at, seat) in line.iter_mut().enumerate() {
        seat.send(&["LOCK", lock, "BLOCK", "20000"]).expect("the node takes commands");
        wait_in_line(stand, lock, at + 1);
        if lease.is_some() && at + 1 >= WAITERS / 5 {
            // The lease must not end before the line stands.
            line.truncate(at + 1);
            break;
        }
    }
    let mut since = if lease.is_some() { span.began } else { clock.now() };
    holder.hang_up();
    let mut last = 0;
    for (at, mut seat) in line.into_iter().enumerate() {
        let told = seat.receive();
        let now = clock.now();
        let Some(token) = told.token() else {
            stand.flaw(format!("number {at} in line was told {told:?}"));
            return;
        };
        if token <= last {
            stand.flaw(format!("number {at} in line got token {token} after {last}"));
        }
        last = token;
        if at == 0 { &mut *first } else { &mut *handed }.push(now.saturating_sub(since));
        since = clock.now();
        seat.hang_up();
    }
}

/// Waits until so many stand in line: they came in this order.
fn wait_in_line(stand: &Stand, lock: &str, count: usize) {
    let mut client = stand.cluster.client(0);
    let began = Instant::now();
    loop {
        let info = client.call_words(&["LOCKINFO", "WAITERS", lock, "COUNT", "1000"]);
        if info.items().len() >= count || began.elapsed() > Duration::from_secs(5) {
            return;
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}
