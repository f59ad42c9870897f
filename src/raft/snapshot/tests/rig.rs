//! Helpers: a leader with a snapshot, a follower that takes one, a link between.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::BodyStore;
use bytes::Bytes;
use lockstep_core::keys::{self, Expiry, When};
use lockstep_core::{Db, Effects, NodeId, Op, Shard, ShardId};
use lockstep_storage::log::Driver;
use lockstep_storage::{SimDisk, SnapshotOptions, Snapshots};
use openraft::errors::{ReplicationClosed, StreamingError};
use openraft::raft::SnapshotResponse;
use openraft::type_config::alias::SnapshotOf;
use parking_lot::Mutex;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use tokio::time::{Instant, sleep};

use super::super::wire::Piece;
use super::super::{Image, Inbound, Target, current, send};
use crate::codec;
use crate::peers::{CallError, Later};
use crate::types::{LeaderId, LogId, Membership, SnapshotMeta, StoredMembership, Types, Vote};

pub(super) const SHARD: ShardId = ShardId(3);
pub(super) const PIECE: usize = 1 << 20;
const DIR: &str = "/data/snapshots";

pub(super) fn vote(term: u64, node_id: u64) -> Vote {
    Vote { leader_id: LeaderId { term, node_id }, committed: true }
}

pub(super) async fn never() -> ReplicationClosed {
    std::future::pending().await
}

/// A state with so many values of 100 KB.
pub(super) fn state(values: u32) -> Shard {
    let mut shard = Shard::new(7);
    let mut noise = u64::from(values) + 1;
    for number in 0..values {
        let key = format!("key{number}").into_bytes();
        let value: Vec<u8> = std::iter::repeat_with(|| {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (noise >> 33) as u8
        })
        .take(100_000)
        .collect();
        let op = keys::Op::Set {
            db: Db(0),
            key: &key,
            value: &value,
            when: When::Always {},
            expiry: Expiry::Never {},
            get: false,
        };
        shard.apply(1_000, &Op::Key { op }, &mut Effects::default());
    }
    shard
}

fn meta(index: u64) -> SnapshotMeta {
    let last = LogId::new(LeaderId { term: 4, node_id: 1 }, index);
    SnapshotMeta {
        last_log_id: Some(last),
        last_membership: StoredMembership::new(None, Membership::default()),
    }
}

/// Writes a snapshot of the state at an index.
pub(super) fn write(snapshots: &Snapshots, state: &Shard, index: u64) {
    let mut writer = snapshots.begin(SHARD, &codec::meta_bytes(&meta(index))).unwrap();
    for chunk in state.freeze().chunks() {
        writer.append(&chunk).unwrap();
    }
    writer.commit().unwrap();
}

pub(super) fn open(disk: &SimDisk) -> Snapshots {
    let options = SnapshotOptions { driver: Driver::ByHand, ..SnapshotOptions::default() };
    Snapshots::open_with(Arc::new(disk.boot()), Path::new(DIR), options).unwrap()
}

/// The digest of the state that the newest snapshot holds.
pub(super) fn stored(snapshots: &Snapshots) -> Option<u64> {
    let (_, mut reader) = snapshots.latest(SHARD).unwrap()?;
    let mut chunks = Vec::new();
    while let Some(chunk) = reader.next_chunk().unwrap() {
        chunks.push(chunk);
    }
    Some(Shard::restore(chunks).unwrap().state_digest())
}

pub(super) struct Leader {
    pub(super) disk: SimDisk,
    pub(super) snapshots: Snapshots,
}

impl Leader {
    pub(super) fn new(values: u32) -> Leader {
        let disk = SimDisk::new();
        let snapshots = open(&disk);
        write(&snapshots, &state(values), 7);
        Leader { disk, snapshots }
    }

    /// Another node with the same file.
    pub(super) fn twin(&self) -> Leader {
        let disk = self.disk.copy();
        Leader { snapshots: open(&disk), disk }
    }

    pub(super) fn digest(&self) -> u64 {
        stored(&self.snapshots).unwrap()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.disk.paths().pop().unwrap()
    }

    pub(super) fn bytes(&self) -> usize {
        self.disk.bytes(&self.path()).unwrap().len()
    }

    pub(super) fn image(&self) -> SnapshotOf<Types, Image> {
        current(SHARD, &self.snapshots).unwrap().unwrap()
    }

    pub(super) async fn send(
        &self,
        link: &Link,
        vote: Vote,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        send(&link.carry(), vote, self.image(), never()).await
    }
}

/// Takes the place of the rest of a group.
pub(super) struct Standin {
    snapshots: Snapshots,
    pub(super) vote: Mutex<Vote>,
    /// A vote that comes between the last piece and the installation.
    pub(super) vote_at_install: Mutex<Option<Vote>>,
    installed: Mutex<Vec<u64>>,
    /// Why something was not installed, which ends a group.
    failed: Mutex<Vec<String>>,
}

impl Target for Arc<Standin> {
    fn vote(&self) -> Vote {
        *self.vote.lock()
    }

    fn install(
        &self,
        vote: Vote,
        snapshot: SnapshotOf<Types, Image>,
    ) -> Later<Result<Vote, String>> {
        let standin = self.clone();
        Box::pin(async move {
            if let Some(later) = standin.vote_at_install.lock().take() {
                *standin.vote.lock() = later;
            }
            if *standin.vote.lock() > vote {
                return Ok(*standin.vote.lock());
            }
            *standin.vote.lock() = vote;
            let into = standin.snapshots.clone();
            let state = snapshot.snapshot.install(&snapshot.meta, into).await;
            let state = state.map_err(|why| why.to_string());
            let state = state.inspect_err(|why| standin.failed.lock().push(why.clone()))?;
            standin.installed.lock().push(state.0.state_digest());
            Ok(vote)
        })
    }
}

pub(super) struct Follower {
    pub(super) disk: SimDisk,
    pub(super) snapshots: Snapshots,
    pub(super) target: Arc<Standin>,
    pub(super) inbound: Arc<Inbound>,
}

impl Follower {
    pub(super) fn new() -> Follower {
        Follower::on(SimDisk::new())
    }

    pub(super) fn on(disk: SimDisk) -> Follower {
        let snapshots = open(&disk);
        let target = Arc::new(Standin {
            snapshots: snapshots.clone(),
            vote: Mutex::new(vote(0, 0)),
            vote_at_install: Mutex::default(),
            installed: Mutex::default(),
            failed: Mutex::default(),
        });
        let inbound = Inbound::new(
            SHARD,
            snapshots.clone(),
            Arc::new(target.clone()),
            BodyStore::for_tests().shelf(SHARD),
        );
        Follower { disk, snapshots, target, inbound }
    }

    /// The digests of the states that were installed.
    pub(super) fn digests(&self) -> Vec<u64> {
        self.target.installed.lock().clone()
    }

    /// Why the group has ended, if it has.
    pub(super) fn failed(&self) -> Vec<String> {
        self.target.failed.lock().clone()
    }

    pub(super) fn stored(&self) -> u64 {
        stored(&self.snapshots).unwrap()
    }

    pub(super) fn files(&self) -> usize {
        self.disk.paths().len()
    }
}

/// The way to a follower.
pub(super) struct Link(Arc<Inner>);

pub(super) struct Inner {
    inbound: Arc<Inbound>,
    started: Instant,
    trace: Mutex<Vec<(Duration, usize)>>,
    carried: AtomicUsize,
    at_once: AtomicUsize,
    pub(super) most_at_once: AtomicUsize,
    faults: Mutex<Faults>,
}

/// Called at some point of a transfer.
type Hook = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Faults {
    takes: Duration,
    calls: usize,
    break_after: Option<usize>,
    after: Option<(usize, Hook)>,
    luck: Option<SmallRng>,
    /// Requests that arrive at some other time once more.
    late: Vec<Vec<u8>>,
}

/// What becomes of a request.
enum Fate {
    Carried,
    Broken,
    RequestLost,
    ReplyLost,
    Doubled,
    /// It arrives when nobody waits for the reply any more.
    Late(Duration),
}

impl std::ops::Deref for Link {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Link {
    pub(super) fn to(follower: &Follower) -> Link {
        Link(Arc::new(Inner {
            inbound: follower.inbound.clone(),
            started: Instant::now(),
            trace: Mutex::default(),
            carried: AtomicUsize::new(0),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            faults: Mutex::default(),
        }))
    }

    /// Nothing is carried any more after so many requests.
    pub(super) fn break_after(&self, calls: usize) {
        self.faults.lock().break_after = Some(calls);
    }

    /// Calls a hook before one of the requests.
    pub(super) fn after(&self, calls: usize, hook: impl FnOnce() + Send + 'static) {
        self.faults.lock().after = Some((calls, Box::new(hook)));
    }

    /// How long it takes to carry something.
    pub(super) fn take(&self, time: Duration) {
        self.faults.lock().takes = time;
    }

    /// Loses, doubles, delays and disorders what it carries.
    pub(super) fn misbehave(&self, seed: u64) {
        self.faults.lock().luck = Some(SmallRng::seed_from_u64(seed));
    }

    /// How many bytes of snapshots were carried.
    pub(super) fn carried_bytes(&self) -> usize {
        self.carried.load(Ordering::SeqCst)
    }

    /// When requests were sent, and how large they were.
    pub(super) fn trace(&self) -> Vec<(Duration, usize)> {
        self.trace.lock().clone()
    }

    /// What was held back arrives now.
    pub(super) async fn deliver_late(&self) {
        let late = std::mem::take(&mut self.faults.lock().late);
        for request in late {
            self.inbound.serve(NodeId(1), &request).await;
        }
    }

    pub(super) fn carry(
        &self,
    ) -> impl Fn(Vec<u8>, Duration) -> Later<Result<Bytes, CallError>> + Send + Sync + 'static {
        let inner = self.0.clone();
        move |request, patience| {
            let inner = inner.clone();
            Box::pin(async move { inner.call(request, patience).await })
        }
    }
}

impl Inner {
    async fn call(&self, request: Vec<u8>, patience: Duration) -> Result<Bytes, CallError> {
        self.trace.lock().push((self.started.elapsed(), request.len()));
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let (fate, takes) = self.fate(&request, patience);
        sleep(takes).await;
        let result = self.meet(fate, &request, patience).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        result
    }

    fn fate(&self, request: &[u8], patience: Duration) -> (Fate, Duration) {
        let mut faults = self.faults.lock();
        faults.calls += 1;
        let calls = faults.calls;
        if let Some((_, hook)) = faults.after.take_if(|(at, _)| *at == calls) {
            hook();
        }
        if faults.break_after.is_some_and(|after| calls > after) {
            return (Fate::Broken, Duration::ZERO);
        }
        let takes = faults.takes;
        let Some(luck) = &mut faults.luck else { return (Fate::Carried, takes) };
        let fate = match luck.random_range(0..20) {
            0 | 1 => Fate::RequestLost,
            2 | 3 => Fate::ReplyLost,
            4 | 5 => Fate::Doubled,
            6 | 7 => Fate::Late(patience.mul_f64(luck.random_range(0.0..2.0))),
            _ => Fate::Carried,
        };
        let takes = Duration::from_millis(luck.random_range(0..5));
        if luck.random_range(0..8) == 0 {
            faults.late.push(request.to_vec());
        }
        (fate, takes)
    }

    async fn meet(
        &self,
        fate: Fate,
        request: &[u8],
        patience: Duration,
    ) -> Result<Bytes, CallError> {
        match fate {
            Fate::Broken => return Err(CallError::Lost),
            Fate::RequestLost => {
                sleep(patience).await;
                return Err(CallError::Lost);
            }
            Fate::Late(after) => {
                let (inbound, request) = (self.inbound.clone(), request.to_vec());
                tokio::spawn(async move {
                    sleep(patience + after).await;
                    inbound.serve(NodeId(1), &request).await
                });
                sleep(patience).await;
                return Err(CallError::Lost);
            }
            Fate::Doubled => drop(self.inbound.serve(NodeId(1), request).await),
            Fate::ReplyLost | Fate::Carried => {}
        }
        let piece = Piece::from_bytes(request).unwrap();
        self.carried.fetch_add(piece.bytes.len(), Ordering::SeqCst);
        let reply = self.inbound.serve(NodeId(1), request).await;
        if matches!(fate, Fate::ReplyLost) {
            sleep(patience).await;
            return Err(CallError::Lost);
        }
        Ok(reply.into())
    }
}
