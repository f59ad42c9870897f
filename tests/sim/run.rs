//! Runs seeds, each on a thread of its own.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use lockstep_core::queues::break_rule;

use crate::mutants::Mutant;
use crate::plan::{Wishes, plan};
use crate::world::{Counts, Report, Tally, World};

thread_local! {
    /// What a task of the run on this thread said when it broke.
    static BROKE: Cell<Option<String>> = const { Cell::new(None) };
    /// Whether a run is going on here.
    static RUNS: Cell<bool> = const { Cell::new(false) };
}

/// Whether a task of the run on this thread broke.
pub(crate) fn has_broken() -> bool {
    let what = BROKE.take();
    let broken = what.is_some();
    BROKE.set(what);
    broken
}

/// Runs one seed.
pub fn run(seed: u64, wishes: &Wishes) -> Report {
    note_panics();
    RUNS.set(true);
    BROKE.set(None);
    let plan = plan(seed, wishes);
    break_rule(plan.broken_rule);
    let ran = catch_unwind(AssertUnwindSafe(|| World::new(plan).run()));
    break_rule(None);
    RUNS.set(false);
    let broke = BROKE.take();
    let mut report = ran.unwrap_or_else(|_| Report {
        seed,
        hash: 0,
        events: 0,
        violations: Vec::new(),
        counts: Counts::default(),
        tally: Tally::default(),
        copies: BTreeMap::new(),
        undecided: 0,
        took_ms: 0,
        last: Vec::new(),
    });
    report.violations.extend(broke.map(|what| format!("a task broke: {what}")));
    report
}

/// Runs seeds on all processors; gives each report to `tell`, in any order, until
/// it says that this is enough.
pub fn run_many(
    seeds: std::ops::Range<u64>,
    wishes: &Wishes,
    threads: usize,
    mut tell: impl FnMut(Report) -> bool,
) {
    let next = AtomicU64::new(seeds.start);
    let (send, reports) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            let (send, next) = (send.clone(), &next);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    // Nobody listens any more when it was enough.
                    if seed >= seeds.end || send.send(run(seed, wishes)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(send);
        for report in &reports {
            if !tell(report) {
                break;
            }
        }
        drop(reports);
    });
}

/// How many seeds it takes until a mistake on purpose is found, and what gave it
/// away; none: so many were not enough.
pub fn find(mutant: Mutant, seeds_max: u64, threads: usize) -> Option<(u64, String)> {
    let wishes = Wishes { mutant: Some(mutant), ..Wishes::default() };
    let mut found: Option<(u64, String)> = None;
    run_many(0..seeds_max, &wishes, threads, |mut report| {
        if !report.violations.is_empty() {
            found = Some((report.seed + 1, report.violations.swap_remove(0)));
        }
        found.is_none()
    });
    found
}

/// A task that breaks takes its process along; here it is a violation.
fn note_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !RUNS.get() {
                return before(info);
            }
            let first = BROKE.take();
            BROKE.set(first.or_else(|| Some(info.to_string())));
        }));
    });
}
