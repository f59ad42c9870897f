//! Bounds for a machine that does nothing else. The tests beside this module have
//! wider ones, because they run beside each other; these are run one at a time:
//! `cargo nextest run -p lockstep-tests locks::measured --run-ignored only -j 1
//! --no-capture`.

use std::time::{Duration, Instant};

use lockstep_tests::{Client, Server, Value};

use super::{cluster, send, wait_for_blocked};

const ROUNDS: usize = 200;

fn report(what: &str, mut times: Vec<Duration>, bound: Duration) {
    times.sort_unstable();
    let (half, most) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{what}: p50 {half:?}, p99 {most:?}, at most {bound:?}");
    assert!(most <= bound, "{what}: {most:?}");
}

/// L7: the next in line has the lock 5 ms after the holder's connection has ended.
#[test]
#[ignore = "measures"]
fn l7_a_clean_close_frees_within_five_milliseconds() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let (mut waiter, mut other) = (server.client(), server.client());
    let times = (0..ROUNDS).map(|_| {
        let mut holder = server.client();
        holder.call("LOCK door");
        send(&mut waiter, &["LOCK door BLOCK 0"]);
        wait_for_blocked(&mut other, 1);
        let begun = Instant::now();
        drop(holder);
        assert!(waiter.reply().unwrap().int().is_some());
        let took = begun.elapsed();
        waiter.call("UNLOCK door");
        took
    });
    report("close to grant", times.collect(), Duration::from_millis(5));
}

/// L9: a lease ends within 50 ms of its time, and not before.
#[test]
#[ignore = "measures"]
fn l9_a_lease_ends_within_fifty_milliseconds() {
    let cluster = cluster(&[]);
    let (mut holder, mut waiter) = (cluster.client(0), cluster.client(1));
    let lease = Duration::from_millis(100);
    let times = (0..ROUNDS).map(|round| {
        let asked = Instant::now();
        holder.call(&format!("LOCK n{round} OWNER h PX 100"));
        let granted = Instant::now();
        assert!(waiter.call(&format!("LOCK n{round} OWNER w BLOCK 0")).int().is_some());
        assert!(asked.elapsed() >= lease);
        granted.elapsed().saturating_sub(lease)
    });
    report("lease to grant", times.collect(), Duration::from_millis(50));
}

/// L12: a wait ends within 20 ms of its time.
#[test]
#[ignore = "measures"]
fn l12_a_wait_ends_within_twenty_milliseconds() {
    let cluster = cluster(&[]);
    let (mut holder, mut waiter) = (cluster.client(0), cluster.client(1));
    let times = (0..ROUNDS).map(|round| {
        holder.call(&format!("LOCK n{round}"));
        let begun = Instant::now();
        assert_eq!(waiter.call(&format!("LOCK n{round} BLOCK 50")), Value::Nil);
        begun.elapsed().saturating_sub(Duration::from_millis(50))
    });
    report("end of BLOCK to nil", times.collect(), Duration::from_millis(20));
}

/// Twenty locks in all shards are free within 20 ms when their session is destroyed,
/// and when their connection ends.
#[test]
#[ignore = "measures"]
fn twenty_locks_are_free_within_twenty_milliseconds() {
    let cluster = cluster(&[]);
    let mut waiters: Vec<Client> = (0..20).map(|number| cluster.client(number % 3)).collect();
    let mut other = cluster.client(1);
    for session in [true, false] {
        let times = (0..ROUNDS / 2).map(|round| {
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
                None => None,
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
        report(what, times.collect(), Duration::from_millis(20));
    }
}
