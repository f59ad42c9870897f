//! Measures the log on the disk of a directory: entries a second and the time
//! from hand-over to answer, by the size of a batch and the callers at once.
//!
//! `cargo run --release -p lockstep-storage --example log_bench -- DIR [SECONDS]`

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_core::ShardId;
use lockstep_storage::{EntryId, Fsync, Log, LogOptions, RealDisk, Record};

/// One line of the table.
#[derive(Clone, Copy)]
struct Case {
    fsync: Fsync,
    batch: u64,
    bytes: usize,
    callers: u16,
    /// Batches that a caller has on the way at once.
    depth: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let dir = PathBuf::from(args.next().ok_or("which directory?")?);
    let seconds: f64 = args.next().map_or(Ok(2.0), |text| text.parse())?;
    println!(
        "{:<9} {:>6} {:>6} {:>8} {:>6} {:>11} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "fsync",
        "batch",
        "bytes",
        "callers",
        "depth",
        "entries/s",
        "MB/s",
        "p50 us",
        "p99 us",
        "fsync us",
        "syncs/s"
    );
    for (fsync, callers, depth) in [
        (Fsync::Always, 1, 1),
        (Fsync::Always, 1, 4),
        (Fsync::Always, 4, 1),
        (Fsync::EverySec, 1, 1),
        (Fsync::Never, 1, 1),
    ] {
        for batch in [1, 128] {
            for bytes in [256, 1024] {
                let case = Case { fsync, batch, bytes, callers, depth };
                run(case, &dir.join("log_bench"), Duration::from_secs_f64(seconds))?;
            }
        }
    }
    Ok(())
}

fn run(case: Case, dir: &Path, time: Duration) -> Result<(), Box<dyn std::error::Error>> {
    let options = LogOptions { fsync: case.fsync, ..LogOptions::default() };
    let (log, _) = Log::open(Arc::new(RealDisk), dir, options)?;
    // The first segments are small; this is about the time after them.
    warm_up(&log);
    let before = log.stats();
    let started = Instant::now();
    let callers: Vec<_> = (0..case.callers)
        .map(|shard| {
            let log = log.clone();
            thread::spawn(move || call(&log, ShardId(shard), case, time))
        })
        .collect();
    let mut times = Vec::new();
    for caller in callers {
        times.extend(caller.join().map_err(|_| "a caller panicked")?);
    }
    let elapsed = started.elapsed().as_secs_f64();
    let stats = log.stats();
    times.sort();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e6;
    let entries = times.len() as f64 * case.batch as f64 / elapsed;
    let syncs = (stats.fsyncs - before.fsyncs) as f64;
    let sync_micros = (stats.fsync_micros - before.fsync_micros) as f64 / syncs.max(1.0);
    println!(
        "{:<9} {:>6} {:>6} {:>8} {:>6} {:>11.0} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.0}",
        format!("{:?}", case.fsync).to_lowercase(),
        case.batch,
        case.bytes,
        case.callers,
        case.depth,
        entries,
        entries * case.bytes as f64 / 1e6,
        at(0.5),
        at(0.99),
        sync_micros,
        syncs / elapsed,
    );
    log.close();
    drop(log);
    std::fs::remove_dir_all(dir)?;
    Ok(())
}

fn warm_up(log: &Log) {
    let payload = Bytes::from(vec![0; 1 << 20]);
    for index in 1..=256 {
        append(log, ShardId(999), index, 1, &payload).recv().expect("an answer");
        let upto = EntryId { term: 1, node: 1, index: index - 1 };
        log.purge(ShardId(999), upto, Box::new(|_| {}));
    }
    let upto = EntryId { term: 1, node: 1, index: 256 };
    log.purge(ShardId(999), upto, Box::new(|_| {}));
}

/// One caller: hands in batches, `depth` at once, and purges as a shard would.
fn call(log: &Log, shard: ShardId, case: Case, time: Duration) -> Vec<Duration> {
    let payload = Bytes::from(vec![0x5a; case.bytes]);
    let mut waiting = std::collections::VecDeque::new();
    let mut times = Vec::new();
    let mut next = 1;
    let started = Instant::now();
    while started.elapsed() < time {
        let handed_in = Instant::now();
        waiting.push_back((handed_in, append(log, shard, next, case.batch, &payload)));
        next += case.batch;
        if next % 100_000 < case.batch {
            let upto = EntryId { term: 1, node: 1, index: next - case.batch - 1 };
            log.purge(shard, upto, Box::new(|_| {}));
        }
        if waiting.len() >= case.depth
            && let Some((handed_in, told)) = waiting.pop_front()
        {
            let answered: Instant = told.recv().expect("an answer");
            times.push(answered - handed_in);
        }
    }
    times
}

fn append(
    log: &Log,
    shard: ShardId,
    from: u64,
    count: u64,
    payload: &Bytes,
) -> mpsc::Receiver<Instant> {
    let record =
        |index| Record { id: EntryId { term: 1, node: 1, index }, payload: payload.clone() };
    let (tell, told) = mpsc::sync_channel(1);
    let done = Box::new(move |result: std::io::Result<()>| {
        result.expect("the log takes it");
        // Nobody listens at the end of the run.
        let _ = tell.send(Instant::now());
    });
    log.append(shard, (from..from + count).map(record).collect(), done);
    told
}
