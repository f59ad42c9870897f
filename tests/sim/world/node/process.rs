//! One process of a node: its runtime, its clock, its groups.

use std::sync::Arc;
use std::time::Duration;

use lockstep::cache::simulated::{Copies, is_turn_of};
use lockstep_core::{Effect, NodeId, ShardId};
use lockstep_raft::{BodyStore, Host, HostError, LIVES};
use lockstep_storage::{Identity, Log, Snapshots};
use parking_lot::Mutex;
use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::boot::{Copying, Starting};
use super::clock::{Rate, SimClock};
use super::sessions::tell_of_ends;
use crate::world::clients::seat::Expectations;
use crate::world::net::{Life, SimPeers};

/// One process of a node. It has a runtime of its own, with time that stands
/// still between two steps; with the runtime all its tasks end.
pub struct Process {
    runtime: Runtime,
    /// Its first moment by its own clock.
    base: Instant,
    started_ms: u64,
    local_ms: u64,
    rate: Rate,
    /// What the wall clock showed at the start.
    wall_ms: u64,
    pub life: Life,
    pub id: NodeId,
    pub boot: u64,
    pub clock: Arc<SimClock>,
    pub peers: Arc<SimPeers>,
    pub answers: Arc<Mutex<Vec<Effect>>>,
    /// What coordinators wait for.
    pub expectations: Arc<Expectations>,
    pub log: Log,
    pub snapshots: Snapshots,
    pub bodies: Arc<BodyStore>,
    pub host: Option<Host>,
    /// How many data shards there are.
    shards: u16,
    pub starting: Starting,
    pub stopped: Arc<Mutex<bool>>,
    pub stopping: bool,
    pub _identity: Arc<Identity>,
    /// Whatever still has something to give back for a client has one of these.
    errands: Arc<()>,
    /// The disk is at work until then.
    pub disk_busy_until_ms: u64,
    /// Its copies of keys, if it keeps any.
    pub copies: Option<Copies>,
    copying: Option<(Copying, u64)>,
}

/// A runtime for one process. Time moves only when it is told to.
pub fn runtime() -> (Runtime, Instant) {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without threads and sockets needs nothing");
    let base = runtime.block_on(async { Instant::now() });
    (runtime, base)
}

/// What a process is made of.
pub struct Parts {
    pub life: Life,
    pub started_ms: u64,
    pub rate: Rate,
    pub wall_ms: u64,
    pub clock: Arc<SimClock>,
    pub peers: Arc<SimPeers>,
    pub answers: Arc<Mutex<Vec<Effect>>>,
    pub expectations: Arc<Expectations>,
    pub log: Log,
    pub snapshots: Snapshots,
    pub bodies: Arc<BodyStore>,
    pub identity: Arc<Identity>,
    pub shards: u16,
    /// How it keeps copies of keys, and the seed of their hashes.
    pub copying: Option<(Copying, u64)>,
}

impl Process {
    /// A process whose host is still to be started.
    pub fn new((runtime, base): (Runtime, Instant), parts: Parts) -> Self {
        Process {
            runtime,
            base,
            started_ms: parts.started_ms,
            local_ms: 0,
            rate: parts.rate,
            wall_ms: parts.wall_ms,
            life: parts.life,
            id: parts.identity.node,
            boot: parts.identity.boot * LIVES,
            clock: parts.clock,
            peers: parts.peers,
            answers: parts.answers,
            expectations: parts.expectations,
            log: parts.log,
            snapshots: parts.snapshots,
            bodies: parts.bodies,
            host: None,
            shards: parts.shards,
            starting: Starting::default(),
            stopped: Arc::default(),
            stopping: false,
            _identity: parts.identity,
            errands: Arc::default(),
            disk_busy_until_ms: 0,
            copies: None,
            copying: parts.copying,
        }
    }

    /// Everything that asks for the time or spawns tasks has to be done inside.
    pub fn enter(&self) -> EnterGuard<'_> {
        is_turn_of(self.base);
        self.runtime.enter()
    }

    /// Its runtime; this is its turn.
    pub fn handle(&self) -> Handle {
        is_turn_of(self.base);
        self.runtime.handle().clone()
    }

    /// Runs something to its end in the background.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        self.runtime.spawn(work).abort_handle()
    }

    /// Runs something that takes or gives back what clients hold.
    pub fn spawn_errand(&self, work: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let errand = self.errands.clone();
        self.spawn(async move {
            work.await;
            drop(errand);
        })
    }

    /// How much of the kind is at work.
    pub fn errands(&self) -> usize {
        Arc::strong_count(&self.errands) - 1
    }

    /// Lets everything happen that is due up to this time of the world.
    pub fn step(&mut self, now_ms: u64) {
        let local_ms = self.rate.shown_ms(now_ms - self.started_ms);
        self.clock.set(self.wall_ms + self.local_ms);
        let until = self.base + Duration::from_millis(local_ms);
        is_turn_of(self.base);
        self.runtime.block_on(async { tokio::time::sleep_until(until).await });
        self.local_ms = local_ms;
    }

    /// The process stood still up to now: its clocks went on.
    pub fn wake(&mut self, now_ms: u64) {
        let local_ms = self.rate.shown_ms(now_ms - self.started_ms);
        let leap = Duration::from_millis(local_ms - self.local_ms);
        is_turn_of(self.base);
        self.runtime.block_on(async { tokio::time::advance(leap).await });
        self.local_ms = local_ms;
        self.clock.set(self.wall_ms + local_ms);
    }

    /// The host has started: what nodes do for sessions begins.
    fn host_is_there(&mut self, host: Host) {
        if let Some((copying, seed)) = self.copying {
            let _inside = self.enter();
            let (seed, boot) = ((seed, seed.rotate_left(17)), self.boot / LIVES);
            let copies =
                Copies::begin(host.clone(), boot, seed, copying.rules, &copying.settings());
            self.copies = Some(copies.expect("settings of a server"));
        }
        let pairs = (0..self.shards).flat_map(|home| (0..self.shards).map(move |to| (home, to)));
        for (home, shard) in pairs.filter(|(home, shard)| home != shard) {
            self.spawn(tell_of_ends(host.clone(), ShardId(home), ShardId(shard)));
        }
        self.host = Some(host);
    }

    /// Takes the host when it has started.
    pub fn look_for_host(&mut self) -> Option<HostError> {
        if self.host.is_some() {
            return None;
        }
        let started = self.starting.lock().take()?;
        match started {
            Ok(host) => self.host_is_there(host),
            Err(why) => return Some(why),
        }
        None
    }
}
