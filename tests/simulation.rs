//! The simulator in its short form. The long one is its own binary:
//! `cargo run --release -p lockstep-sim -- --seeds 500`.

use lockstep_sim::plan::Wishes;
use lockstep_sim::run::{run, run_many};

/// How many seeds are run.
fn seeds() -> u64 {
    std::env::var("TEST_SIM_SEEDS").map_or(6, |seeds| seeds.parse().unwrap())
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let wishes = Wishes { faults_ms: Some(3_000), ..Wishes::default() };
    for seed in 0..2 {
        let (once, again) = (run(seed, &wishes), run(seed, &wishes));
        assert_eq!(once.hash, again.hash, "seed {seed}");
        assert_eq!(once.events, again.events, "seed {seed}");
    }
}

#[test]
fn whatever_goes_wrong_no_client_sees_it() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut failed = Vec::new();
    run_many(0..seeds(), &Wishes::default(), threads, |report| {
        if !report.violations.is_empty() {
            failed.push((report.seed, report.violations));
        }
        true
    });
    assert!(failed.is_empty(), "lockstep-sim --seed N shows more: {failed:#?}");
}
