//! T-COR-2: the files of a minority are damaged, again and again, each node in turn.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lockstep_tests::Cluster;
use rand::RngExt;
use rand::rngs::SmallRng;

use super::super::seat::Told;
use super::super::stage::NODES;
use super::super::stand::{SHARDS, Stand, run_on};
use super::load::{Load, Plan, judge};
use super::producer::Manner;

const BITS: usize = 64;
/// How long a node may take to find out, fetch everything and be ready.
const REPAIR_MAX: Duration = Duration::from_secs(60);
/// Messages that lie on disk before anything is damaged.
const BACKLOG: u64 = 3_000;

/// Small files, so that there are several of each kind; a node whose copy is not whole and
/// comes back as a new one would wait long for its former self otherwise.
const ARGUMENTS: &[&str] = &[
    "--shards",
    SHARDS,
    "--node-timeout",
    "3000",
    "--log-segment-bytes",
    "4mb",
    "--snapshot-log-bytes",
    "1mb",
    "--queue-memory",
    "1mb",
];

/// Half of the queues have no consumers, so that bodies lie in files, and every node has been
/// rebuilt from the others once before those are read.
#[test]
fn cor_2_flipped_bits_in_a_minority_lose_nothing() {
    let make = || Some((Cluster::prepare(NODES, ARGUMENTS), ()));
    run_on("cor_2", 15, make, |stand, ()| {
        let manners = &[Manner::Once, Manner::Dedup];
        let backlog_max = if stand.is_long() { 100_000 } else { 2 * BACKLOG };
        let plan = Plan { manners, consumers: 3, backlog_max, ..Plan::SMALL };
        let first = Load::start(stand, plan);
        wait_until(|| first.pushed() >= BACKLOG);
        // Bodies go to disk when they are two seconds old, or too many.
        std::thread::sleep(Duration::from_millis(2_500));
        let (mut found, mut rounds, mut times) = (0, 0, Vec::new());
        let mut kinds = std::collections::BTreeMap::<&str, usize>::new();
        while rounds < NODES || stand.goes_on() {
            let node = rounds % NODES;
            rounds += 1;
            stand.cluster.kill(node);
            let before = put_aside(&stand.cluster.data(node));
            let kind = damage(&stand.cluster.data(node), &mut stand.random, rounds);
            *kinds.entry(kind).or_default() += 1;
            let began = Instant::now();
            stand.cluster.spawn(node);
            if !repaired(stand, node) {
                stand.flaw(format!("node {node} does not count again within {REPAIR_MAX:?}"));
                return;
            }
            times.push(began.elapsed().as_nanos() as u64);
            found += usize::from(put_aside(&stand.cluster.data(node)) > before);
            make_room(&stand.cluster.data(node));
        }
        stand.tell(format!(
            "{rounds} times the files of one node: {kinds:?}; {found} times put aside"
        ));
        stand.times("until all shards counted on the node again", &mut times);
        if found == 0 {
            stand.flaw("no damage was found at all".to_owned());
        }
        let consumers = Plan { producers: 0, consumers: 24, ..plan };
        let second = Load::start(stand, consumers);
        let mut seen = first.stop();
        seen.merge(second.end(stand));
        judge(stand, &seen, 0.0);
    });
}

/// Waits until a node is ready and all shards count on it and on the others; starts it again
/// when it ended because of what it found.
fn repaired(stand: &mut Stand, node: usize) -> bool {
    let began = Instant::now();
    let mut whole = 0;
    while began.elapsed() < REPAIR_MAX {
        if stand.cluster.has_ended(node) {
            stand.cluster.spawn(node);
        }
        whole = if counts(stand, node) { whole + 1 } else { 0 };
        // Some damage is found only when what is damaged is read.
        if whole > 20 {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// Whether every shard has three voters again, as this node sees it.
fn counts(stand: &Stand, node: usize) -> bool {
    let (_, told) = stand.seat(node).call(&["INFO", "lockstep"]);
    let Told::Done(info) = told else { return false };
    let (info, shards) = (info.text(), usize::from(stand.shards));
    info.contains("\r\nnodes:3\r\n") && info.matches("voters=3,learners=0").count() == shards
}

/// Flips bits in one kind of files, or all; says which.
fn damage(data: &Path, random: &mut SmallRng, round: usize) -> &'static str {
    let (name, folder) =
        [("log", "log"), ("bodies", "bodies"), ("snapshots", "snapshots"), ("all", "")][round % 4];
    let mut files = Vec::new();
    gather(&data.join(folder), &mut files);
    files.retain(|(path, _)| !path.to_string_lossy().contains("quarantine-"));
    if files.is_empty() {
        return "nothing there";
    }
    for _ in 0..BITS {
        let (path, bytes) = &files[random.random_range(0..files.len())];
        let file = File::options().read(true).write(true).open(path).unwrap();
        // Mostly where files begin: what was made ahead is empty behind.
        let reach = if random.random() { *bytes } else { (*bytes).min(256 << 10) };
        let (at, mut byte) = (random.random_range(0..reach), [0]);
        file.read_exact_at(&mut byte, at).unwrap();
        byte[0] ^= 1 << random.random_range(0..8);
        file.write_all_at(&byte, at).unwrap();
    }
    name
}

fn gather(folder: &Path, files: &mut Vec<(PathBuf, u64)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let data = entry.metadata().unwrap();
        if data.is_dir() {
            gather(&entry.path(), files);
        } else if data.len() > 0 {
            files.push((entry.path(), data.len()));
        }
    }
}

fn asides(data: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data).into_iter().flatten().flatten();
    let aside = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.starts_with("quarantine-") || name.contains("-damaged-")
    };
    entries.map(|entry| entry.path()).filter(aside).collect()
}

/// How often data was put aside here.
fn put_aside(data: &Path) -> usize {
    asides(data).len()
}

/// Removes what was put aside: a node keeps only so many.
fn make_room(data: &Path) {
    asides(data).iter().for_each(|path| fs::remove_dir_all(path).unwrap());
}

fn wait_until(mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
}
