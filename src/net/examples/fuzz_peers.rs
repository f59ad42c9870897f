//! Reads random streams as they may come on a connection between nodes, in one piece
//! and in many, and compares.
//!
//! `cargo run --release -p lockstep-net --example fuzz_peers -- 10000000 1`: so many
//! inputs, from this seed.

use lockstep_net::fuzz::{self, Random};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let inputs: u64 = numbers.next().unwrap_or(1_000_000);
    let seed: u64 = numbers.next().unwrap_or(1);
    let mut random = Random::new(seed);
    for input in 0..inputs {
        let stream = fuzz::peer_stream(&mut random);
        let read = std::panic::catch_unwind(|| fuzz::peer(&stream));
        assert!(read.is_ok(), "input {input} of seed {seed}: {}", stream.escape_ascii());
    }
    println!("{inputs} inputs from seed {seed}: no difference, no panic");
}
