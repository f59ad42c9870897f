//! Clients that let counters go up: each counter has one.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::super::seat::{Seat, Told};
use super::super::stand::Stand;
use super::counters::Counters;

/// How many there are.
const WRITERS: usize = 4;
/// A writer rests up to that between two writes, so that copies are there to be read.
const REST_MS: u64 = 20;
/// A node that stands still is left alone after that.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts them; each says in the end how many writes were acknowledged.
pub fn start(stand: &mut Stand, counters: &Arc<Counters>) -> Vec<JoinHandle<u64>> {
    (0..WRITERS)
        .map(|writer| {
            let mut seat = stand.seat(writer);
            seat.patience(PATIENCE);
            let random = SmallRng::seed_from_u64(stand.random.random());
            let counters = counters.clone();
            std::thread::spawn(move || write(&counters, writer, seat, random))
        })
        .collect()
}

fn write(counters: &Counters, writer: usize, mut seat: Seat, mut random: SmallRng) -> u64 {
    let own: Vec<_> = counters.list.iter().skip(writer).step_by(WRITERS).collect();
    let mut acknowledged = 0;
    while counters.goes_on() {
        let counter = own[random.random_range(0..own.len())];
        counter.asks();
        if let (_, Told::Done(value)) = seat.call(&["INCR", &counter.name]) {
            counter.stands(value.int().expect("a counter").unsigned_abs());
            acknowledged += 1;
        }
        if random.random_ratio(1, 50) {
            seat.go_on();
        }
        std::thread::sleep(Duration::from_millis(random.random_range(0..=REST_MS)));
    }
    acknowledged
}
