//! T-LOCK-4: clients go while they wait.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::seat::Seat;
use super::stand::{Stand, lock_in, run};

const CLIENTS: usize = 8;
const LOCKS: usize = 4;

#[test]
fn lock_4_clients_that_go_while_they_wait_leave_nothing_behind() {
    run("lock_4", 5, |stand| {
        let end = stand.end();
        let clients: Vec<JoinHandle<u64>> = (0..CLIENTS)
            .map(|id| {
                let mut seat = stand.seat(id);
                let mut random = SmallRng::seed_from_u64(stand.random.random());
                let names = names(stand);
                std::thread::spawn(move || client(&mut seat, &mut random, &names, end))
            })
            .collect();
        let gone: u64 =
            clients.into_iter().map(|client| client.join().expect("it ends in peace")).sum();
        stand.tell(format!("{gone} clients went while they waited or held"));
        stand.expect_no_leak();
        for name in names(stand) {
            let (_, told) = stand.seat(1).call(&["LOCK", &name]);
            if told.token().is_none() {
                stand.flaw(format!("{name} is not to be had after all have left: {told:?}"));
            }
        }
        stand.expect_no_leak();
    });
}

fn names(stand: &Stand) -> Vec<String> {
    (0..LOCKS).map(|lock| lock_in(lock as u16 % stand.shards, stand.shards, lock)).collect()
}

fn client(seat: &mut Seat, random: &mut SmallRng, names: &[String], end: Instant) -> u64 {
    let mut gone = 0;
    while Instant::now() < end {
        let lock = &names[random.random_range(0..names.len())];
        let mode = if random.random_ratio(1, 3) { "SHARED" } else { "EXCLUSIVE" };
        if seat.send(&["LOCK", lock, mode, "BLOCK", "0"]).is_ok() {
            gone += 1;
        }
        // Some are gone before the request is in line, some when it was granted.
        std::thread::sleep(Duration::from_micros(random.random_range(0..10_000)));
        seat.hang_up();
    }
    gone
}
