//! Bounds for a machine that does nothing else: `TEST_IDLE=1 cargo test -p
//! lockstep-tests locks::measured -- --test-threads 1 --nocapture`. Beside other
//! tests the same is done fewer times, and half of it has to be within some times
//! the bound.

use std::time::{Duration, Instant};

use lockstep_tests::{Client, Value};

use super::waits::from_close_to_grant;
use super::{cluster, send};

/// How much longer it may take beside other tests.
const BUSY: u32 = 20;

/// Whether the machine does nothing else.
pub(super) fn is_idle() -> bool {
    std::env::var("TEST_IDLE").is_ok_and(|value| value == "1")
}

/// How often something is done.
pub(super) fn rounds() -> usize {
    if is_idle() { 200 } else { 20 }
}

/// Shows what was measured and holds it to its bounds, of half and of nearly all.
pub(super) fn report(what: &str, mut times: Vec<Duration>, (half_max, max): (Duration, Duration)) {
    times.sort_unstable();
    let (half, most) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{what}: p50 {half:?}, at most {half_max:?}; p99 {most:?}, at most {max:?}");
    let held = if is_idle() { half <= half_max && most <= max } else { half <= half_max * BUSY };
    assert!(held, "{what}: p50 {half:?}, p99 {most:?}");
}

fn same(ms: u64) -> (Duration, Duration) {
    (Duration::from_millis(ms), Duration::from_millis(ms))
}

/// L7: the next in line has the lock 5 ms after the holder's connection has ended.
#[test]
fn l7_a_clean_close_frees_within_five_milliseconds() {
    report("close to grant", from_close_to_grant(rounds()), same(5));
}

/// L9: a lease ends within 50 ms of its time, and not before.
#[test]
fn l9_a_lease_ends_within_fifty_milliseconds() {
    let cluster = cluster(&[]);
    let (mut holder, mut waiter) = (cluster.client(0), cluster.client(1));
    let lease = Duration::from_millis(100);
    let times = (0..rounds()).map(|round| {
        let asked = Instant::now();
        holder.call(&format!("LOCK n{round} OWNER h PX 100"));
        let granted = Instant::now();
        assert!(waiter.call(&format!("LOCK n{round} OWNER w BLOCK 0")).int().is_some());
        assert!(asked.elapsed() >= lease);
        granted.elapsed().saturating_sub(lease)
    });
    report("lease to grant", times.collect(), same(50));
}

/// L12: a wait ends within 20 ms of its time.
#[test]
fn l12_a_wait_ends_within_twenty_milliseconds() {
    let cluster = cluster(&[]);
    let (mut holder, mut waiter) = (cluster.client(0), cluster.client(1));
    let times = (0..rounds()).map(|round| {
        holder.call(&format!("LOCK n{round}"));
        let begun = Instant::now();
        assert_eq!(waiter.call(&format!("LOCK n{round} BLOCK 50")), Value::Nil);
        begun.elapsed().saturating_sub(Duration::from_millis(50))
    });
    report("end of BLOCK to nil", times.collect(), same(20));
}

/// Twenty locks in all shards are free within 20 ms when their session is destroyed,
/// and when their connection ends.
#[test]
fn twenty_locks_are_free_within_twenty_milliseconds() {
    let cluster = cluster(&[]);
    let mut waiters: Vec<Client> = (0..20).map(|number| cluster.client(number % 3)).collect();
    let mut other = cluster.client(1);
    for session in [true, false] {
        let times = (0..rounds() / 2).map(|round| {
            let mut holder = cluster.client(round % 3);
            let id = session.then(|| holder.call("SESSION CREATE").text());
            if let Some(id) = &id {
                holder.call(&format!("SESSION ATTACH {id}"));
            }
            for (number, waiter) in waiters.iter_mut().enumerate() {
                assert!(holder.call(&format!("LOCK n{number}")).int().is_some());
                send(waiter, &[&format!("LOCK n{number} BLOCK 0")]);
            }
            std::thread::sleep(Duration::from_millis(20));
            let begun = Instant::now();
            let _kept = match &id {
                Some(id) => {
                    assert_eq!(other.call(&format!("SESSION DESTROY {id}")), Value::Int(1));
                    Some(holder)
                }
                None => {
                    drop(holder);
                    None
                }
            };
            waiters.iter_mut().for_each(|waiter| {
                assert!(waiter.reply().unwrap().int().is_some());
            });
            let took = begun.elapsed();
            for (number, waiter) in waiters.iter_mut().enumerate() {
                waiter.call(&format!("UNLOCK n{number}"));
            }
            took
        });
        let what = if session { "destroyed session" } else { "closed connection" };
        report(what, times.collect(), same(20));
    }
}
