//! The group as a whole, on a real log in a directory of its own.

mod bodies;
mod cluster;
mod failures;
mod rig;
mod watched;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockstep_core::keys::{self, Expiry, When};
use lockstep_core::{Db, NodeId, Op, Origin, Outcome, Read, ShardId, locks};
use lockstep_storage::{Log, LogOptions, RealDisk, Snapshots};
use openraft::storage::SnapshotMeta;
use openraft::testing::log::{StoreBuilder, Suite};
use parking_lot::{Mutex, RwLock};

use crate::machine::{Machine, Progress};
use crate::office::Office;
use crate::store::Store;
use crate::types::Types;
use crate::{
    BodyStore, Clock, Delivery, Group, Guards, Limits, Mailbox, Nobody, Ops, Options, Pulse,
    Refusal, Timing, Watching,
};

/// A clock that the test moves.
#[derive(Default)]
struct TestClock(AtomicU64);

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

fn open(dir: &Path) -> (Log, Snapshots) {
    let disk = Arc::new(RealDisk);
    let options = LogOptions { segment_bytes: 1 << 20, ..LogOptions::default() };
    let (log, _) = Log::open(disk.clone(), &dir.join("log"), options).unwrap();
    (log, Snapshots::open(disk, &dir.join("snapshots")).unwrap())
}

struct Stores;

impl StoreBuilder<Types, Store, Machine, tempfile::TempDir> for Stores {
    async fn build(
        &self,
    ) -> Result<(tempfile::TempDir, Store, Machine), openraft::StorageError<Types>> {
        let dir = tempfile::tempdir().unwrap();
        let (log, snapshots) = open(dir.path());
        let progress = Arc::new(Progress::default());
        let machine = Machine::new(
            ShardId(0),
            Arc::new(RwLock::default()),
            SnapshotMeta::default(),
            progress.clone(),
            snapshots,
            Arc::new(|_, _| ()),
            Arc::new(Office::new(
                1,
                Timing::LAN,
                Guards::default(),
                tokio::time::Instant::now(),
                1,
            )),
            limits(),
            Guards::default(),
            BodyStore::for_tests().shelf(ShardId(0)),
            crate::group::Watched::new(ShardId(0), Watching::default()),
            crate::Touches::default(),
        );
        Ok((dir, Store::new(ShardId(0), log, progress), machine))
    }
}

#[test]
fn the_store_passes_the_test_suite_of_openraft() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(Suite::test_all(Stores)).unwrap();
}

struct Node {
    group: Group,
    log: Log,
    clock: Arc<TestClock>,
    effects: Arc<Mutex<Vec<lockstep_core::Effect>>>,
}

fn limits() -> Arc<Limits> {
    Arc::new(Limits {
        batch_bytes_max: (1 << 20).into(),
        batch_ops_max: 4096.into(),
        inbox_bytes_max: 4096.into(),
        lock_events: false.into(),
        key_events: 0.into(),
    })
}

async fn start(dir: &Path) -> Node {
    let (log, snapshots) = open(dir);
    start_on(log, snapshots).await
}

async fn start_on(log: Log, snapshots: Snapshots) -> Node {
    start_watched(log, snapshots, Watching::default()).await
}

async fn start_watched(log: Log, snapshots: Snapshots, watching: Watching) -> Node {
    let clock = Arc::new(TestClock(1_000.into()));
    let effects = Arc::new(Mutex::new(Vec::new()));
    let sink = effects.clone();
    let group = Group::start(Options {
        shard: ShardId(0),
        node: NodeId(1),
        seed: 7,
        log: log.clone(),
        snapshots,
        bodies: BodyStore::for_tests(),
        clock: clock.clone(),
        limits: limits(),
        snapshot_log_bytes: Arc::new(AtomicU64::new(u64::MAX)),
        effects: Arc::new(move |more, _| sink.lock().extend(more)),
        peers: Arc::new(Nobody),
        pulse: Pulse::start(NodeId(1), Arc::new(Nobody), Timing::LAN),
        timing: Timing::LAN,
        boot_guard_until: tokio::time::Instant::now(),
        luck: 1,
        watching,
        touches: crate::Touches::default(),
        scripts: None,
        guards: Guards::default(),
    })
    .await
    .unwrap();
    group.found(&[(NodeId(1), "127.0.0.1:1".to_owned())].into()).await.unwrap();
    group.await_office(Duration::from_secs(20)).await.unwrap();
    Node { group, log, clock, effects }
}

impl Node {
    async fn stop(self) {
        self.group.stop().await;
        self.log.close();
    }

    async fn ask(&self, op: &Op<'_>) -> Outcome {
        match self.group.ask(op).await {
            Delivery::Done(mut outcomes) => outcomes.remove(0),
            other => panic!("{other:?}"),
        }
    }

    fn get(&self, key: &str) -> Read {
        self.group.state().read(self.group.now_ms(), &get(key))
    }
}

fn set<'a>(key: &'a str, value: &'a str, expiry: Expiry) -> Op<'a> {
    let (key, value) = (key.as_bytes(), value.as_bytes());
    let when = When::Always {};
    Op::Key { op: keys::Op::Set { db: Db(0), key, value, when, expiry, get: false } }
}

fn get(key: &str) -> Op<'_> {
    Op::Key { op: keys::Op::Get { db: Db(0), key: key.as_bytes() } }
}

fn found(value: &str) -> Read {
    Read::Done(Outcome::Bytes(value.as_bytes().to_vec()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_seen_by_the_next_read() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    assert_eq!(node.ask(&set("a", "1", Expiry::Never {})).await, Outcome::Ok);
    assert_eq!(node.get("a"), found("1"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_in_a_share_sees_what_stands_before_it_and_not_what_stands_behind() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let mut ops = Ops::default();
    ops.read(&get("a"));
    ops.write(&set("a", "1", Expiry::Never {}));
    ops.read(&get("a"));
    ops.write(&set("a", "2", Expiry::Never {}));
    let mailbox = Arc::new(Mailbox::default());
    node.group.submit(ops, &mailbox).unwrap();
    let Delivery::Done(outcomes) = mailbox.take().await else { panic!("not applied") };
    let one = Outcome::Bytes(b"1".to_vec());
    assert_eq!(outcomes, [Outcome::Nil, Outcome::Ok, one, Outcome::Ok]);
    assert_eq!(node.get("a"), found("2"));
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_read_needs_is_written_ahead_of_it_once() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let (db, elements) = (Db(0), vec![&b"a"[..], b"b"]);
    let add = keys::Op::CountDistinct { db, key: b"h", elements, sparse_max: 3_000 };
    assert_eq!(node.ask(&Op::Key { op: add }).await, Outcome::Int(1));
    let before = node.group.state().seq();
    for _ in 0..3 {
        let mut ops = Ops::default();
        ops.read(&get("none"));
        ops.read(&Op::Key { op: keys::Op::DistinctCount { db, keys: vec![b"h"] } });
        let mailbox = Arc::new(Mailbox::default());
        node.group.submit(ops, &mailbox).unwrap();
        let Delivery::Done(outcomes) = mailbox.take().await else { panic!("not answered") };
        assert_eq!(outcomes, [Outcome::Nil, Outcome::Int(2)]);
        assert_eq!(node.group.state().seq(), before + 1, "the count is kept now");
    }
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_a_restart_in_a_new_term() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    for number in 0..100 {
        node.ask(&set(&format!("key{number}"), "v", Expiry::Never {})).await;
    }
    let (digest, term) = (node.group.state().state_digest(), node.group.status().term);
    node.stop().await;
    let node = start(dir.path()).await;
    assert_eq!(node.group.state().state_digest(), digest);
    assert!(node.group.status().term > term, "a leader never resumes its old term");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_stands_for_the_log_that_is_cut_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let value = "v".repeat(1000);
    for number in 0..50 {
        node.ask(&set(&format!("key{number}"), &value, Expiry::Never {})).await;
    }
    node.group.snapshot().await.unwrap();
    assert!(node.group.status().snapshot > 50);
    node.ask(&set("behind", "1", Expiry::Never {})).await;
    let digest = node.group.state().state_digest();
    node.stop().await;
    let node = start(dir.path()).await;
    assert_eq!(node.group.state().state_digest(), digest);
    assert_eq!(node.get("behind"), found("1"));
    let (purged, _) = node.log.first_last(ShardId(0));
    assert!(purged.is_some_and(|id| id.index > 50), "the log was cut: {purged:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_ends_by_a_tick_when_nothing_else_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let origin = Origin { node: NodeId(1), boot: 1, conn: 1 };
    let owner = locks::Owner::Connection { origin };
    let acquire = |conn| {
        let origin = Origin { conn, ..origin };
        let wait = lockstep_core::wait::Wait::For { origin, request: conn, block_ms: 0 };
        Op::Lock {
            op: locks::Op::Acquire {
                name: b"door",
                terms: locks::Terms::plain(locks::Owner::Connection { origin }, origin)
                    .for_ms(Some(500))
                    .waiting(Some(wait)),
            },
        }
    };
    let _ = owner;
    assert_eq!(node.ask(&acquire(1)).await, Outcome::Int(1));
    assert_eq!(node.ask(&acquire(2)).await, Outcome::Waits);
    node.clock.0.store(2_000, Ordering::SeqCst);
    for _ in 0..500 {
        if !node.effects.lock().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let effects = std::mem::take(&mut *node.effects.lock());
    assert_eq!(effects.len(), 1, "the waiter got the lock: {effects:?}");
    node.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_inbox_refuses_and_a_stopped_group_too() {
    let dir = tempfile::tempdir().unwrap();
    let node = start(dir.path()).await;
    let value = "v".repeat(3000);
    let mailboxes: Vec<_> = (0..64).map(|_| Arc::new(Mailbox::default())).collect();
    let mut refused = 0;
    let mut taken = Vec::new();
    for mailbox in &mailboxes {
        let mut ops = Ops::default();
        ops.write(&set("a", &value, Expiry::Never {}));
        match node.group.submit(ops, mailbox) {
            Ok(()) => taken.push(mailbox),
            Err(refusal) => {
                assert_eq!(refusal, Refusal::Busy);
                refused += 1;
            }
        }
    }
    assert!(refused > 0, "4096 bytes were the limit");
    for mailbox in taken {
        assert!(matches!(mailbox.take().await, Delivery::Done(_)));
    }
    let group = node.group.clone();
    node.stop().await;
    let mut ops = Ops::default();
    ops.write(&Op::Tick {});
    assert_eq!(group.submit(ops, &mailboxes[0]), Err(Refusal::NotLeader));
}
