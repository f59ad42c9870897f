//! T-DISK-1: the disk is full, below the log and below the bodies.

use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, request};

use super::super::stage::NODES;
use super::super::stand::{SHARDS, Stand, run_on};
use super::body::Message;
use super::disks::Disk;
use super::load::{Load, Plan, judge};

const QUEUE: &str = "aside";
/// How long it takes at most until pushes are refused.
const REFUSED_MAX: Duration = Duration::from_secs(30);
/// How long it takes at most until they are taken again when there is space.
const FREE_MAX: Duration = Duration::from_secs(2);
/// How long acks and reads are looked at meanwhile.
const FULL_FOR: Duration = Duration::from_millis(2_500);

/// All data of each node on a disk of its own.
fn below_all() -> Option<(Cluster, Vec<Disk>)> {
    if !Disk::possible() {
        return None;
    }
    let disks: Vec<Disk> = (0..NODES).map(|_| Disk::new(160)).collect();
    let arguments =
        ["--shards", SHARDS, "--log-segment-bytes", "8mb", "--snapshot-log-bytes", "4mb"];
    let cluster = Cluster::prepare(NODES, &arguments);
    for (node, disk) in disks.iter().enumerate() {
        let data = disk.root().join("data");
        std::fs::create_dir(&data).unwrap();
        symlink(&data, cluster.data(node)).unwrap();
    }
    Some((cluster, disks))
}

/// Only the bodies of each node on a disk of its own.
fn below_bodies() -> Option<(Cluster, Vec<Disk>)> {
    if !Disk::possible() {
        return None;
    }
    let disks: Vec<Disk> = (0..NODES).map(|_| Disk::new(96)).collect();
    let cluster = Cluster::prepare(NODES, &["--shards", SHARDS, "--queue-memory", "1mb"]);
    for (node, disk) in disks.iter().enumerate() {
        std::fs::create_dir(cluster.data(node)).unwrap();
        let bodies = disk.root().join("bodies");
        std::fs::create_dir(&bodies).unwrap();
        symlink(&bodies, cluster.data(node).join("bodies")).unwrap();
    }
    Some((cluster, disks))
}

#[test]
fn disk_1_a_full_disk_below_the_log_refuses_pushes_and_takes_acks() {
    run_on(
        "disk_1",
        1,
        below_all,
        |stand, disks| {
            while full(stand, disks, 0) && stand.goes_on() {}
        },
    );
}

#[test]
fn disk_1_bodies_a_full_disk_below_the_bodies_refuses_pushes_and_takes_acks() {
    run_on("disk_1_bodies", 1, below_bodies, |stand, disks| {
        while full(stand, disks, 8 << 10) && stand.goes_on() {}
    });
}

/// Fills all disks but for so many kilobytes under load, and frees them again.
fn full(stand: &mut Stand, disks: &[Disk], kilobytes_left: u64) -> bool {
    let aside: u32 = 3_000;
    let mut client = stand.cluster.client(0);
    let pushes = (0..aside).map(|number| Message { producer: 1_000, number }.body());
    let pushes: Vec<u8> =
        pushes.flat_map(|body| request(&[&b"QPUSH"[..], QUEUE.as_bytes(), &body])).collect();
    client.send(&pushes).unwrap();
    (0..aside).for_each(|_| assert!(!client.reply().unwrap().is_error()));
    let load = Load::start(stand, Plan { backlog_max: 2_000, careless_in: 0, ..Plan::SMALL });
    stand.pause(500, 500);
    let began = Instant::now();
    let refused = loop {
        disks.iter().for_each(|disk| disk.fill(kilobytes_left));
        if all_refuse(stand) {
            break true;
        }
        if began.elapsed() > REFUSED_MAX {
            break false;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    if !refused {
        stand.flaw(format!("pushes are taken {REFUSED_MAX:?} after the disks were full"));
    }
    stand.tell(format!(
        "pushes refused {} ms after the disks were full",
        began.elapsed().as_millis()
    ));
    let before = load.pushed();
    let (acks, reads, slowest) = work_meanwhile(stand, &mut client);
    stand.tell(format!(
        "on full disks: {acks} pops with their acks and {reads} reads in {FULL_FOR:?}, the \
         slowest took {} ms; {} pushes acknowledged",
        slowest.as_millis(),
        load.pushed() - before
    ));
    if acks < 5 || reads < 5 {
        stand.flaw(format!("only {acks} pops with acks and {reads} reads while disks are full"));
    }
    disks.iter().for_each(Disk::empty);
    let freed = Instant::now();
    let again = load.next_push(Duration::from_secs(30));
    stand.tell(format!("pushes taken {:?} after there was space", again));
    if again.is_none_or(|_| freed.elapsed() > FREE_MAX) {
        stand.flaw(format!("pushes are taken {:?} after there was space", freed.elapsed()));
    }
    for node in 0..NODES {
        if stand.cluster.has_ended(node) {
            stand.flaw(format!("node {node} ended on a full disk"));
        }
    }
    stand.heal();
    client.call(&format!("QDESTROY {QUEUE}"));
    let seen = load.end(stand);
    judge(stand, &seen, 0.0);
    refused
}

/// Whether every shard refuses a push because of the disk.
fn all_refuse(stand: &Stand) -> bool {
    let mut client = stand.cluster.client(0);
    client.patience(Duration::from_secs(20));
    (0..24).all(|number| {
        let reply = client.call(&format!("QPUSH probe-{number} x"));
        reply.text().starts_with("MISCONF")
    })
}

/// Pops, acks and reads: how many of each, and how long the slowest took.
fn work_meanwhile(stand: &mut Stand, client: &mut Client) -> (u64, u64, Duration) {
    let (began, mut acks, mut reads) = (Instant::now(), 0, 0);
    let mut slowest = Duration::ZERO;
    while began.elapsed() < FULL_FOR {
        let at = Instant::now();
        let popped = client.call(&format!("QPOP {QUEUE} VT 600000"));
        let [receipt, _] = popped.items() else {
            stand.flaw(format!("no message from a full disk: {popped:?}"));
            break;
        };
        let acked = client.call(&format!("QACK {QUEUE} {}", receipt.text()));
        if acked != Value::Int(1) {
            stand.flaw(format!("no ack on a full disk: {acked:?}"));
            break;
        }
        acks += 1;
        reads += u64::from(client.call(&format!("QLEN {QUEUE} ALL")).int().is_some());
        slowest = slowest.max(at.elapsed());
    }
    (acks, reads, slowest)
}
