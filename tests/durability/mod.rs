//! What was acknowledged with `--fsync always` survives `kill -9`.
//!
//! `TEST_KILLS` says how often the server is killed (10), `TEST_SEED`
//! chooses the moments.

mod keys;
mod queue;

use std::time::Duration;

use lockstep_tests::Server;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Kills the server again and again while `load` runs beside it in threads, and has
/// `check` look at what came back.
fn kill_in_a_loop(mut load: impl FnMut(u16) -> Load, mut check: impl FnMut(&Server)) {
    let mut random = SmallRng::seed_from_u64(number("TEST_SEED", 1));
    let mut server = Server::lockstep(&["--fsync", "always"]);
    for _ in 0..number("TEST_KILLS", 10) {
        let load = load(server.port());
        // The moment of the kill is the point of the test: it is not waited for, it
        // is drawn.
        std::thread::sleep(Duration::from_millis(random.random_range(30..400)));
        server.kill();
        load.join();
        server.restart();
        check(&server);
    }
}

/// Threads that write until their connection ends.
struct Load(Vec<std::thread::JoinHandle<()>>);

impl Load {
    fn join(self) {
        for thread in self.0 {
            thread.join().unwrap();
        }
    }
}
