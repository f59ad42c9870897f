//! A Raft group: the handle through which a node uses one of its shards.

mod beat;
mod config;
mod contended;
mod lent;
mod members;
mod options;
mod propose;
mod serve;
mod standing;
mod watched;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lockstep_core::{NodeId, Op, Read, Shard, ShardId};
use lockstep_storage::{Log, Snapshots};
use openraft::RaftMetrics;
use openraft::metrics::WaitError;
use parking_lot::{Mutex, RwLock, RwLockReadGuard};
use tokio::sync::Semaphore;

use crate::batch::Ops;
use crate::bodies::{self, Fetch, Shelf, all_here};
use crate::guards::Guards;
use crate::inbox::Inbox;
use crate::machine::{Machine, Progress};
use crate::mailbox::{Delivery, Mailbox, Refusal};
use crate::network::Ways;
use crate::office::Office;
use crate::pulse::Pulse;
use crate::snapshot::{self, Inbound, Installer};
use crate::store::Store;
use crate::tasks;
use crate::types::{Node, SnapshotMeta, Types};
use crate::watch;

pub use options::{Clock, EffectSink, Options};
pub use standing::{Role, Standing, Status};
pub(crate) use watched::{Underway, Watched};

type Raft = openraft::Raft<Types, Machine>;

/// How many entries may be on their way at once. With two, a closed loop of 50
/// clients splits into shares of 17 for each sync, with one into shares of 25: a
/// sync costs the same for both.
const ENTRIES_IN_FLIGHT: usize = 1;
/// How long a group that stops waits for what was proposed.
const STOP_WAIT: Duration = Duration::from_secs(5);
/// How many requests of other replicas are answered at once.
const CALLS_MAX: u32 = 1 << 20;
/// How long a group that stops waits for what it was asked by others.
const CALLS_WAIT: Duration = Duration::from_secs(1);
/// How often whoever asked for a snapshot looks whether it is there.
const SNAPSHOT_LOOK: Duration = Duration::from_millis(100);

/// Why a group could not start or had to stop.
#[derive(Debug)]
pub struct Error(String);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

fn error(doing: &str, why: impl fmt::Display) -> Error {
    Error(format!("{doing}: {why}"))
}

/// One shard on this node.
#[derive(Clone)]
pub struct Group {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) id: ShardId,
    pub(crate) node: NodeId,
    pub(crate) raft: Raft,
    /// What Raft last said of itself.
    pub(crate) metrics: watch::Receiver<RaftMetrics<Types>>,
    pub(crate) shard: Arc<RwLock<Shard>>,
    /// Where bodies of messages are.
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) fetch: Arc<Fetch>,
    pub(crate) inbox: Inbox,
    pub(crate) progress: Arc<Progress>,
    pub(crate) log: Log,
    pub(crate) snapshots: Snapshots,
    pub(crate) clock: Arc<dyn Clock>,
    in_flight: Arc<Semaphore>,
    /// What other replicas ask is answered under a permit of these; a group that
    /// stops takes all of them.
    calls: Semaphore,
    /// Whether this replica leads, and what it promised.
    pub(crate) office: Arc<Office>,
    /// Held while the office is told what Raft says.
    pub(crate) observing: Mutex<()>,
    pub(crate) pulse: Pulse,
    pub(crate) inbound: Arc<Inbound>,
    pub(crate) watched: Arc<Watched>,
    pub(crate) effects: EffectSink,
    pub(crate) guards: Guards,
    pub(crate) standing: watch::Sender<Standing>,
    entries: AtomicU64,
    operations: AtomicU64,
    pub(crate) snapshot_log_bytes: Arc<AtomicU64>,
    pub(crate) stop: watch::Sender<bool>,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Group({:?})", self.inner.id)
    }
}

impl Group {
    /// Recovers the shard and takes up its work. Waits for no leader and founds
    /// nothing.
    ///
    /// # Errors
    /// A snapshot that cannot be read, or a log that does not work.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let Options { shard: id, node, log, snapshots, clock, limits, .. } = options;
        let shelf = options.bodies.shelf(id);
        let (meta, mut state) = snapshot::load(id, &snapshots, &log, &shelf)
            .map_err(|why| error("reading the snapshot", why))?
            .unwrap_or_else(|| (SnapshotMeta::default(), Shard::new(options.seed)));
        if let Some(engine) = &options.scripts {
            state.use_engine(engine.clone());
        }
        if !options.guards.requests_in_snapshot {
            state.forget_requests();
        }
        if options.guards.rules_checked {
            state.check_always();
        }
        let shard = Arc::new(RwLock::new(state));
        let progress = Arc::new(Progress::default());
        let Options { peers, pulse, timing, guards, boot_guard_until, .. } = options;
        let luck = options.luck.wrapping_add(u64::from(id.0));
        let office = Arc::new(Office::new(node.0, timing, guards, boot_guard_until, luck));
        let watched = Watched::new(id, options.watching);
        let machine = Machine::new(
            id,
            shard.clone(),
            meta,
            progress.clone(),
            snapshots.clone(),
            options.effects.clone(),
            office.clone(),
            limits.clone(),
            guards,
            shelf.clone(),
            watched.clone(),
            options.touches,
        );
        let store = Store::new(id, log.clone(), progress.clone());
        let ways = Ways {
            shard: id,
            peers,
            pulse: pulse.clone(),
            timing,
            office: office.clone(),
            watched: watched.clone(),
        };
        let config = config::config(id, &timing, &guards);
        let config = config.validate().map_err(|why| error("Raft settings", why))?;
        let raft = Raft::new(node.0, Arc::new(config), ways, store, machine)
            .await
            .map_err(|why| error("starting the group", why))?;
        let target = Arc::new(Installer { raft: raft.clone(), log: log.clone() });
        let inbound = Inbound::new(id, snapshots.clone(), target, shelf.clone());
        let (stop, _) = watch::channel(false);
        let group = Group {
            inner: Arc::new(Inner {
                id,
                node,
                metrics: raft.metrics(),
                raft,
                fetch: Fetch::new(shelf.clone(), shard.clone()),
                shelf,
                shard,
                inbox: Inbox::new(limits),
                progress,
                log,
                snapshots,
                clock,
                in_flight: Arc::new(Semaphore::new(ENTRIES_IN_FLIGHT)),
                calls: Semaphore::new(CALLS_MAX as usize),
                office,
                observing: Mutex::default(),
                pulse,
                inbound,
                watched,
                effects: options.effects,
                guards,
                standing: watch::channel(Standing::default()).0,
                entries: AtomicU64::new(0),
                operations: AtomicU64::new(0),
                snapshot_log_bytes: options.snapshot_log_bytes,
                stop,
            }),
        };
        group.spawn_tasks();
        group.inner.pulse.add(&group.inner);
        if group.standing_now().voters == [node] {
            group.elect().await?;
        }
        Ok(group)
    }

    /// A voter without others needs no time-out to know that nobody leads.
    async fn elect(&self) -> Result<(), Error> {
        self.inner.raft.trigger().elect(true).await.map_err(|why| error("election", why))
    }

    /// Whether the group has members: founded here, or told by its leader.
    pub fn is_founded(&self) -> bool {
        let standing = self.standing_now();
        !standing.voters.is_empty() || !standing.learners.is_empty()
    }

    /// Makes a group of these members (and where peers reach them) if there is
    /// none yet. Every member may do so, if all name the same members.
    ///
    /// # Errors
    /// This node is not among the members, or the log does not work.
    pub async fn found(&self, members: &BTreeMap<NodeId, String>) -> Result<(), Error> {
        let raft = &self.inner.raft;
        let initialized =
            raft.is_initialized().await.map_err(|why| error("looking at the log", why))?;
        if initialized {
            return Ok(());
        }
        let nodes: BTreeMap<u64, Node> =
            members.iter().map(|(id, addr)| (id.0, Node { addr: addr.clone() })).collect();
        match raft.initialize(nodes).await {
            Ok(()) => {}
            Err(openraft::errors::RaftError::APIError(
                openraft::errors::InitializeError::NotAllowed(_),
            )) => return Ok(()),
            Err(why) => return Err(error("founding the group", why)),
        }
        if members.len() == 1 { self.elect().await } else { Ok(()) }
    }

    /// Waits until this node leads and serves.
    ///
    /// # Errors
    /// It did not come to that in time.
    pub async fn await_office(&self, at_most: Duration) -> Result<(), Error> {
        let mut standing = self.watch();
        let wait = async {
            while !self.leads() {
                if standing.changed().await.is_err() {
                    break;
                }
            }
        };
        match tokio::time::timeout(at_most, wait).await {
            Ok(()) if self.leads() => Ok(()),
            _ => Err(error("waiting for the election", "no leader in time")),
        }
    }

    fn spawn_tasks(&self) {
        for task in [
            tokio::spawn(propose::run(self.inner.clone())),
            tokio::spawn(tasks::tick(self.inner.clone())),
            tokio::spawn(tasks::watch_office(self.inner.clone())),
            tokio::spawn(tasks::take_snapshots(self.inner.clone())),
            tokio::spawn(bodies::keep(self.inner.clone())),
        ] {
            tasks::notice_end(task, self.inner.clone());
        }
    }

    /// Hands in operations; their outcomes go to `mailbox`. Where there is nothing
    /// for the log the state is looked at, and nothing proposed.
    ///
    /// # Errors
    /// Refused at once; nothing will be delivered.
    pub fn submit(&self, ops: Ops, mailbox: &Arc<Mailbox>) -> Result<(), Refusal> {
        if !self.inner.office.takes() {
            return Err(Refusal::NotLeader);
        }
        if ops.only_reads() {
            return self.inner.look(ops, mailbox);
        }
        self.inner.inbox.put(ops, mailbox.clone())
    }

    /// Hands in one operation and waits for what became of it.
    pub async fn ask(&self, op: &Op<'_>) -> Delivery {
        let mailbox = Arc::new(Mailbox::default());
        let mut ops = Ops::default();
        ops.write(op);
        match self.submit(ops, &mailbox) {
            Ok(()) => mailbox.take().await,
            Err(refusal) => Delivery::Refused(refusal),
        }
    }

    /// Like [`Group::ask`], and never refused as busy: for what ends holds and
    /// waits, which must not be lost because there are too many of them.
    pub async fn insist(&self, op: &Op<'_>) -> Delivery {
        let mailbox = Arc::new(Mailbox::default());
        let mut ops = Ops::default();
        ops.write(op);
        match self.inner.inbox.put_always(ops, mailbox.clone()) {
            Ok(()) => mailbox.take().await,
            Err(refusal) => Delivery::Refused(refusal),
        }
    }

    /// Whether this node leads the shard and may answer reads from its state.
    pub fn leads(&self) -> bool {
        self.inner.office.leads()
    }

    /// Whether this node leads the shard and does not serve yet: it may have answers to some
    /// reads.
    pub(crate) fn takes_over(&self) -> bool {
        self.inner.office.phase() == crate::office::Phase::Taking
    }

    /// Answers a read from the state, if this node may: the lease is looked at
    /// after the state was.
    ///
    /// # Errors
    /// This node does not lead the shard, or may not at the moment.
    pub fn read(&self, op: &Op<'_>) -> Result<Read, Refusal> {
        let (mut read, seq) = {
            let state = self.state();
            (state.read(self.now_ms(), op), state.seq())
        };
        if let Read::Done(outcome) = &mut read
            && !(all_here([outcome]) && self.shows(op, seq))
        {
            // Whoever has to wait for the clock can wait for the disk as well, or for
            // what is held back.
            read = Read::TickFirst;
        }
        if self.leads() { Ok(read) } else { Err(Refusal::NotLeader) }
    }

    /// Tells of changes of leader and members.
    pub fn watch(&self) -> watch::Receiver<Standing> {
        self.inner.standing.subscribe()
    }

    /// The state between two entries. Hold it briefly: nothing is applied
    /// meanwhile.
    pub fn state(&self) -> RwLockReadGuard<'_, Shard> {
        crate::runtime::read(&self.inner.shard)
    }

    /// The leader's time, which reads are judged by.
    pub fn now_ms(&self) -> u64 {
        self.inner.clock.now_ms()
    }

    /// Which shard.
    pub fn id(&self) -> ShardId {
        self.inner.id
    }

    /// Entries and operations proposed since the start.
    pub fn proposed(&self) -> (u64, u64) {
        (self.inner.entries.load(Ordering::Relaxed), self.inner.operations.load(Ordering::Relaxed))
    }

    /// How many snapshots of other replicas took the place of entries here.
    pub(crate) fn snapshots_installed(&self) -> u64 {
        self.inner.progress.installed()
    }

    /// Takes a snapshot now and waits until it is on disk.
    ///
    /// # Errors
    /// The group has stopped, or the disk does not take it.
    pub async fn snapshot(&self) -> Result<(), Error> {
        let raft = &self.inner.raft;
        let upto = self.inner.progress.applied();
        let snapshots = &self.inner.progress.snapshots;
        let failures = snapshots.failures();
        while self.status().snapshot < upto {
            // Does nothing while an older one is being written.
            raft.trigger().snapshot().await.map_err(|why| error("snapshot", why))?;
            let taken = raft
                .wait(Some(SNAPSHOT_LOOK))
                .metrics(|now| now.snapshot.is_some_and(|id| id.index() >= upto), "on disk")
                .await;
            match taken {
                Ok(_) => break,
                Err(WaitError::Timeout(..)) => {}
                Err(why) => return Err(error("snapshot", why)),
            }
            if snapshots.failures() != failures {
                return Err(error("snapshot", snapshots.last_failure()));
            }
        }
        // The map of the cluster is small: whoever was away gets all of it.
        if self.inner.office.is_alone() || self.inner.id.is_meta() {
            self.inner.cut_log(self.inner.snapshot_index()).await;
        }
        Ok(())
    }

    /// Whether the group has stopped: its replica was moved away, or the node ends.
    pub fn has_stopped(&self) -> bool {
        *self.inner.stop.borrow()
    }

    /// Stops the group: refuses what still waits, lets what was proposed end.
    pub async fn stop(&self) {
        self.inner.office.close();
        self.inner.pulse.remove(self.inner.id);
        self.inner.inbox.close();
        // Everything proposed gives its permit back when it is applied. A disk
        // that does not answer any more must not keep the node from its end.
        let all = self.inner.in_flight.acquire_many(ENTRIES_IN_FLIGHT as u32);
        if tokio::time::timeout(STOP_WAIT, all).await.is_err() {
            tracing::warn!(shard = self.inner.id.0, "what was proposed last is not applied");
        }
        self.inner.stop.send_replace(true);
        self.inner.hear_nobody().await;
        if let Err(why) = self.inner.raft.shutdown().await {
            tracing::warn!(shard = self.inner.id.0, %why, "the group did not stop in order");
        }
    }

    /// Ends at once, as a process that is killed, without order: for tests.
    #[doc(hidden)]
    pub async fn abandon(&self) {
        self.inner.office.close();
        self.inner.pulse.remove(self.inner.id);
        self.inner.inbox.close();
        self.inner.stop.send_replace(true);
        // There is nobody to tell.
        let _ = self.inner.raft.shutdown().await;
    }
}
