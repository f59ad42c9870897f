//! What must not happen when the disk fails, when there is too much to do, or
//! when many things are due at once.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lockstep_core::keys::Expiry;
use lockstep_core::{NodeId, Op, Origin, Outcome, Token, locks};
use lockstep_storage::{Log, LogOptions, RealDisk, SimDisk, SimOp, Snapshots};

use tokio::time::sleep;

use super::rig::Rig;
use super::{open, set, start, start_on};
use crate::guards::Guards;
use crate::snapshot::{Installer, Target};
use crate::{Delivery, Mailbox, Ops, Refusal};

pub(super) fn sim_log(disk: &SimDisk) -> Log {
    let options = LogOptions { segment_bytes: 1 << 20, ..LogOptions::default() };
    Log::open(Arc::new(disk.clone()), Path::new("/log"), options).unwrap().0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_not_answered_well_when_the_log_has_failed() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimDisk::new();
    let snapshots = Snapshots::open(Arc::new(RealDisk), dir.path()).unwrap();
    let node = start_on(sim_log(&disk), snapshots).await;
    disk.power_off_after(0);
    for _ in 0..3 {
        let delivery = node.group.ask(&set("a", "1", Expiry::Never {})).await;
        assert!(!matches!(delivery, Delivery::Done(_)), "{delivery:?}");
    }
    assert!(node.log.failed().is_some());
    tokio::time::timeout(Duration::from_secs(20), node.stop()).await.expect("it stops");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_cannot_be_written_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path());
    let disk = SimDisk::new();
    let snapshots = Snapshots::open(Arc::new(disk.clone()), Path::new("/snapshots")).unwrap();
    let node = start_on(log, snapshots).await;
    assert_eq!(node.ask(&set("a", "1", Expiry::Never {})).await, Outcome::Ok);
    disk.fail_nth(SimOp::Write, 1, ErrorKind::StorageFull);
    let refused = node.group.snapshot().await.unwrap_err().to_string();
    assert!(refused.starts_with("snapshot: "), "{refused}");
    assert_eq!(node.ask(&set("a", "2", Expiry::Never {})).await, Outcome::Ok);
    node.group.snapshot().await.unwrap();
    assert!(node.group.status().snapshot > 0);
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_for_a_snapshot_during_another_gets_one() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    for round in 0..20 {
        let value = round.to_string();
        assert_eq!(node.ask(&set("a", &value, Expiry::Never {})).await, Outcome::Ok);
        let first = tokio::spawn({
            let group = node.group.clone();
            async move { group.snapshot().await }
        });
        assert_eq!(node.ask(&set("b", &value, Expiry::Never {})).await, Outcome::Ok);
        let second = tokio::time::timeout(Duration::from_secs(20), node.group.snapshot());
        second.await.expect("it comes").unwrap();
        first.await.unwrap().unwrap();
    }
    node.stop().await;
}

/// Runs this test once more in a process of its own, where the machine breaks.
#[test]
fn a_state_machine_that_breaks_ends_the_process() {
    const BREAK: &str = "BREAK_THE_STATE_MACHINE";
    if std::env::var_os(BREAK).is_some() {
        return tokio::runtime::Runtime::new().unwrap().block_on(break_the_machine());
    }
    let test = "tests::failures::a_state_machine_that_breaks_ends_the_process";
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(BREAK, "1")
        .output()
        .unwrap();
    const SIGABRT: i32 = 6;
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&child.status), Some(SIGABRT));
}

async fn break_the_machine() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let mailbox = Arc::new(Mailbox::default());
    let mut unknown = Ops::default();
    unknown.bytes = vec![0xff; 8];
    unknown.count = 1;
    node.group.submit(unknown, &mailbox).unwrap();
    tokio::time::timeout(Duration::from_secs(20), mailbox.take()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
}

fn connection(conn: u64) -> Origin {
    Origin { node: NodeId(1), boot: 1, conn }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_behind_more_that_is_due_than_a_tick_ends_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let mailbox = Arc::new(Mailbox::default());
    let name = |number: u32| format!("lock{number}").into_bytes();
    for part in 0..20 {
        let mut ops = Ops::default();
        for number in part * 500..(part + 1) * 500 {
            ops.write(&Op::Lock {
                op: locks::Op::Acquire {
                    name: &name(number),
                    terms: locks::Terms::plain(
                        locks::Owner::Connection { origin: connection(1) },
                        connection(1),
                    )
                    .for_ms(Some(200)),
                },
            });
        }
        while node.group.submit(std::mem::take(&mut ops), &mailbox) == Err(Refusal::Busy) {}
        assert!(matches!(mailbox.take().await, Delivery::Done(_)));
    }
    node.clock.0.fetch_add(1_000, Ordering::SeqCst);
    let mut ops = Ops::default();
    ops.write(&Op::Tick {});
    for number in 0..10_000 {
        let name = name(number);
        let token = Token(u64::from(number) + 1);
        ops.read(&Op::Lock { op: locks::Op::Check { name: &name, token, owner: None } });
    }
    node.group.submit(ops, &mailbox).unwrap();
    let Delivery::Done(outcomes) = mailbox.take().await else { panic!("not applied") };
    assert!(outcomes[1..].iter().all(|outcome| *outcome == Outcome::Int(-1)));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_holds_is_taken_though_the_inbox_is_full() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let value = "v".repeat(3000);
    let mailboxes: Vec<_> = (0..64).map(|_| Arc::new(Mailbox::default())).collect();
    let mut refused = 0;
    let mut gone = Vec::new();
    for mailbox in &mailboxes {
        let mut ops = Ops::default();
        ops.write(&set("a", &value, Expiry::Never {}));
        if node.group.submit(ops, mailbox).is_err() {
            refused += 1;
            let group = node.group.clone();
            gone.push(tokio::spawn(async move {
                group.insist(&Op::Gone { origin: connection(7) }).await
            }));
        }
    }
    assert!(refused > 0, "4096 bytes were the limit");
    for gone in gone {
        assert!(matches!(gone.await.unwrap(), Delivery::Done(_)));
    }
    node.stop().await;
}

/// Takes what was left by a power cut that spared the snapshots only.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_is_ahead_of_the_log_counts() {
    let dir = tempfile::tempdir().unwrap();
    let disk = SimDisk::new();
    let options = LogOptions {
        segment_bytes: 1 << 20,
        fsync: lockstep_storage::Fsync::Never,
        ..LogOptions::default()
    };
    let log = Log::open(Arc::new(disk.clone()), Path::new("/log"), options).unwrap().0;
    let snapshots = Snapshots::open(Arc::new(RealDisk), dir.path()).unwrap();
    let node = start_on(log, snapshots.clone()).await;
    for number in 0..50 {
        node.ask(&set(&format!("key{number}"), "v", Expiry::Never {})).await;
    }
    let before_snapshot = disk.copy();
    node.group.snapshot().await.unwrap();
    let digest = node.group.state().state_digest();
    node.stop().await;
    for seed in 0..10 {
        let disk = before_snapshot.copy();
        disk.power_loss(seed);
        let node = start_on(sim_log(&disk), snapshots.clone()).await;
        assert_eq!(node.group.state().state_digest(), digest, "seed {seed}");
        assert_eq!(node.ask(&set("behind", "1", Expiry::Never {})).await, Outcome::Ok);
        node.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_of_what_came_before_is_acknowledged_when_that_is_on_disk() {
    let mut rig = Rig::empty(Guards::default(), 1);
    rig.start_all(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    rig.converged().await;
    let follower = (1..=3).find(|id| *id != leader).unwrap();
    let inner = rig.node(follower).group().inner.clone();
    rig.node(follower).group().snapshot().await.unwrap();
    let snapshot = inner.raft.get_snapshot().await.unwrap().unwrap();
    rig.disk_stands_still(follower);
    let before = inner.log.first_last(inner.id).1;
    rig.write("2").await;
    while inner.log.first_last(inner.id).1 == before {
        sleep(Duration::from_millis(1)).await;
    }
    // The entry has come, and openraft knows that it is committed; the disk has not got it.
    let installer = Installer { raft: inner.raft.clone(), log: inner.log.clone() };
    let answer = installer.install(installer.vote(), snapshot);
    let answer = tokio::spawn(answer);
    sleep(Duration::from_millis(200)).await;
    assert!(!answer.is_finished(), "what is not on disk was acknowledged");
    rig.disk_goes_on(follower);
    assert_eq!(answer.await.unwrap(), Ok(installer.vote()));
}
