//! A line that says how far the run is, for people at a terminal.
//!
//! It is not drawn into files and pipes, and costs one relaxed addition per
//! operation.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::record::Window;

const EVERY: Duration = Duration::from_millis(200);
const WIDTH: usize = 30;

/// Counts the operations that ended.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    done: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Progress {
    /// One more operation ended.
    pub fn one_more(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Draws until [`Progress::finish`], if somebody can see it.
    pub fn draw(&self, quiet: bool, begin: Instant, window: Window) -> Option<JoinHandle<()>> {
        if quiet || !std::io::stderr().is_terminal() {
            return None;
        }
        let this = self.clone();
        Some(std::thread::spawn(move || this.draw_until_over(begin, window)))
    }

    /// Takes the line away.
    pub fn finish(&self, drawing: Option<JoinHandle<()>>) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(drawing) = drawing {
            // It only draws; if it panicked the figures are still right.
            let _ = drawing.join();
            eprint!("\r\x1b[K");
        }
    }

    fn draw_until_over(&self, begin: Instant, window: Window) {
        let (mut last, mut last_at) = (0, begin);
        while !self.over.load(Ordering::Relaxed) {
            std::thread::sleep(EVERY);
            let (done, now) = (self.done.load(Ordering::Relaxed), Instant::now());
            let rate = (done - last) as f64 / now.duration_since(last_at).as_secs_f64();
            let whole = window.until.duration_since(begin).as_secs_f64().max(1e-9);
            let share = (now.duration_since(begin).as_secs_f64() / whole).min(1.0);
            let filled = (share * WIDTH as f64) as usize;
            let stage = if now < window.from { "warm-up" } else { "measuring" };
            let bar = format!("{}{}", "=".repeat(filled), " ".repeat(WIDTH - filled));
            eprint!("\r[{bar}] {:3.0} %  {stage:9}  {rate:9.0} op/s\x1b[K", share * 100.0);
            // A terminal that is gone must not end the run.
            let _ = std::io::stderr().flush();
            (last, last_at) = (done, now);
        }
    }
}
