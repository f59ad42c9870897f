//! Measures the store of bodies: puts with syncs, a start after an end without
//! order, reads in order, removal.
//!
//! `cargo run --release -p lockstep-storage --example bodies_bench -- DIR [messages] [bytes]`

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use lockstep_core::ShardId;
use lockstep_storage::{Bodies, BodyId, SledBodies, StorageError};

const SHARD: ShardId = ShardId(0);
const BATCH: u64 = 4096;

fn main() -> Result<(), StorageError> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let dir = words.first().map_or("/tmp/bodies-bench", String::as_str);
    let number = |at: usize, default: u64| {
        words.get(at).and_then(|word| word.parse().ok()).unwrap_or(default)
    };
    let (messages, bytes) = (number(1, 200_000), number(2, 1024));
    if words.get(3).is_some_and(|word| word == "again") {
        return again(Path::new(dir), messages);
    }
    // A directory of an earlier run; it may not be there.
    let _ = std::fs::remove_dir_all(dir);
    let store = SledBodies::open(Path::new(dir))?;
    let run = Run::new(messages);
    for first in (0..messages).step_by(BATCH as usize) {
        let batch: Vec<_> = (first..(first + BATCH).min(messages))
            .map(|seq| (BodyId { queue: 1, seq }, body(seq, bytes)))
            .collect();
        store.put(SHARD, &batch)?;
        store.sync()?;
    }
    run.say("put and synced", &store);
    if words.get(3).is_some_and(|word| word == "killed") {
        std::process::abort();
    }
    rest(&store, messages)
}

/// What becomes of what a process left that was killed.
fn again(dir: &Path, messages: u64) -> Result<(), StorageError> {
    let run = Run::new(messages);
    let store = SledBodies::open(dir)?;
    run.say("opened", &store);
    rest(&store, messages)
}

fn rest(store: &SledBodies, messages: u64) -> Result<(), StorageError> {
    let run = Run::new(messages);
    let (mut last, mut count) = (None, 0);
    loop {
        let ids = store.list(SHARD, last, BATCH as usize)?;
        let Some(end) = ids.last() else { break };
        (last, count) = (Some(*end), count + ids.len());
    }
    assert_eq!(count as u64, messages);
    run.say("listed", store);
    let run = Run::new(messages);
    for ids in ids(messages) {
        assert!(store.get(SHARD, &ids)?.iter().all(Option::is_some));
    }
    run.say("read in order", store);
    let run = Run::new(messages);
    for ids in ids(messages) {
        store.remove(SHARD, &ids)?;
    }
    store.sync()?;
    run.say("removed", store);
    let run = Run::new(messages);
    store.compact(0)?;
    run.say("written anew", store);
    Ok(())
}

fn ids(messages: u64) -> impl Iterator<Item = Vec<BodyId>> {
    (0..messages).step_by(BATCH as usize).map(move |first| {
        (first..(first + BATCH).min(messages)).map(|seq| BodyId { queue: 1, seq }).collect()
    })
}

/// Bytes that nothing can make shorter.
fn body(seq: u64, bytes: u64) -> Arc<[u8]> {
    let mut number = seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut body = Vec::with_capacity(bytes as usize + 8);
    while (body.len() as u64) < bytes {
        number ^= number << 13;
        number ^= number >> 7;
        number ^= number << 17;
        body.extend_from_slice(&number.to_le_bytes());
    }
    body.truncate(bytes as usize);
    body.into()
}

/// One part of what is measured.
struct Run {
    messages: u64,
    begun: Instant,
    written: u64,
    cpu: f64,
}

impl Run {
    fn new(messages: u64) -> Run {
        Run { messages, begun: Instant::now(), written: proc("io", "write_bytes"), cpu: cpu() }
    }

    fn say(&self, what: &str, store: &SledBodies) {
        let seconds = self.begun.elapsed().as_secs_f64();
        println!(
            "{what}: {seconds:.2} s, {:.2} us of CPU and {} bytes written per message, \
             {} MB resident, {} MB on disk",
            (cpu() - self.cpu) * 1e6 / self.messages as f64,
            (proc("io", "write_bytes") - self.written) / self.messages,
            proc("status", "VmRSS") >> 10,
            store.disk_bytes() >> 20,
        );
    }
}

/// A number of this process, 0 where the system does not tell.
fn proc(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/self/{file}")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(&format!("{name}:")));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok()).unwrap_or(0)
}

/// Seconds of processor time so far.
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: f64 = behind.skip(11).take(2).filter_map(|word| word.parse::<f64>().ok()).sum();
    ticks / 100.0
}
