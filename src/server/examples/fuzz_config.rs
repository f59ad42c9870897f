//! Reads random texts as configuration files and as values of settings.
//!
//! `cargo run --release -p lockstep --example fuzz_config -- 10000000 1`: so many
//! inputs, from this seed.

use lockstep::config::fuzz;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let inputs: u64 = numbers.next().unwrap_or(1_000_000);
    let seed: u64 = numbers.next().unwrap_or(1);
    let mut random = SmallRng::seed_from_u64(seed);
    for input in 0..inputs {
        let text = text(&mut random);
        let read = std::panic::catch_unwind(|| fuzz::config(&text));
        assert!(read.is_ok(), "input {input} of seed {seed}: {}", text.escape_ascii());
    }
    println!("{inputs} inputs from seed {seed}: no panic, and what is taken prints as itself");
}

/// Some of the words that mean something, one after the other, with a few bytes changed.
fn text(random: &mut SmallRng) -> Vec<u8> {
    let words = (0..random.random_range(0..12))
        .map(|_| fuzz::WORDS[random.random_range(0..fuzz::WORDS.len())]);
    let mut text: Vec<u8> = words.collect::<String>().into_bytes();
    for _ in 0..random.random_range(0..3) {
        if !text.is_empty() {
            let at = random.random_range(0..text.len());
            text[at] = random.random();
        }
    }
    text
}
