//! A simulated machine: a disk, clocks, and a process from time to time.

mod boot;
mod clock;
mod process;
mod sessions;
mod shelf;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_core::NodeId;
use lockstep_raft::Host;
use lockstep_storage::SimDisk;

pub use boot::{Copying, Settings, files};
pub use clock::Rate;
pub use process::Process;
pub use shelf::Flaws;

use crate::chance::Chance;
use crate::world::clients::seat::Expectations;
use crate::world::net::{Life, SimPeers};
use boot::Surroundings;
use clock::SimClock;
use process::Parts;

/// How long a node that stood still needs to find out whether it was given up: it
/// says that it is there, and is answered or not.
const DOUBT_MS: u64 = 900;

/// When the runs happen: some time in 2020.
const EPOCH_MS: u64 = 1_600_000_000_000;

/// A simulated machine.
pub struct Node {
    /// Its place in the world.
    pub at: usize,
    /// Where its peer port is.
    pub address: String,
    pub disk: SimDisk,
    pub process: Option<Process>,
    /// The process stands still.
    pub paused: bool,
    /// The power goes in a moment: the disk does nothing any more.
    pub power_fails: bool,
    /// Bits of its disk were flipped.
    pub harmed: bool,
    /// Bits of its bodies were flipped, and nobody has noticed yet.
    pub rots: bool,
    /// It is on its way out of the cluster: clients go elsewhere.
    pub leaving: bool,
    /// When it last ran and could answer for what its connections hold.
    sure_ms: u64,
    /// In which of its lives that was.
    sure_boot: u64,
    /// It stood still, and finds out until then whether it was given up meanwhile.
    doubts_until_ms: u64,
    pub rate: Rate,
    /// How much later than the world's its wall clock is at the next start.
    pub wall_skew_ms: i64,
    /// How long a sync takes at least and at most.
    pub disk_ms: (u64, u64),
    lives: u64,
    /// How many bodies its processes read from disk that ended.
    bodies_read: u64,
    /// Its disk takes no bodies.
    pub bodies_full: Arc<AtomicBool>,
    /// Who it was before its data was put aside.
    replaces: Option<NodeId>,
    chance: Chance,
    /// What a broken network does.
    pub replies_by_order: bool,
}

/// Why a process did not start.
#[derive(Debug)]
pub struct CannotStart(pub String);

impl Node {
    /// A new machine.
    pub fn new(at: usize, chance: Chance) -> Self {
        Node {
            at,
            address: address(at),
            disk: SimDisk::new(),
            process: None,
            paused: false,
            power_fails: false,
            harmed: false,
            rots: false,
            leaving: false,
            sure_ms: 0,
            sure_boot: 0,
            doubts_until_ms: 0,
            rate: Rate::default(),
            wall_skew_ms: 0,
            disk_ms: (0, 2),
            lives: 0,
            bodies_read: 0,
            bodies_full: Arc::default(),
            replaces: None,
            chance,
            replies_by_order: false,
        }
    }

    /// The process, if there is one that runs.
    pub fn running(&self) -> Option<&Process> {
        self.process.as_ref().filter(|_| !self.paused)
    }

    /// Which of its processes there is.
    pub fn life(&self) -> Option<u64> {
        self.process.as_ref().map(|process| process.life.number)
    }

    /// The groups of the process, if it runs.
    pub fn host(&self) -> Option<&Host> {
        self.running()?.host.as_ref()
    }

    /// What its connections can rely on; none while that is not known.
    pub fn standing(&self, now_ms: u64) -> Option<lockstep_raft::Life> {
        self.host().filter(|_| now_ms >= self.doubts_until_ms).map(Host::life)
    }

    /// Up to when its connections surely held what they had: it may have been given
    /// up behind that.
    pub fn sure_ms(&self) -> u64 {
        self.sure_ms
    }

    /// Whether it can answer now for what connections of this life of it hold.
    pub fn answers_for(&self, boot: u64, now_ms: u64) -> bool {
        let stops = self.process.as_ref().is_some_and(|process| process.stopping);
        let answers = |life: lockstep_raft::Life| life.boot == boot && !life.cut_off;
        !stops && self.standing(now_ms).is_some_and(answers)
    }

    /// The process stands still.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// It goes on.
    pub fn resume(&mut self, now_ms: u64) {
        self.paused = false;
        self.doubts_until_ms = now_ms + DOUBT_MS;
        if let Some(process) = &mut self.process {
            process.wake(now_ms);
        }
    }

    /// Starts a process; whether damaged data was put aside before.
    pub fn start(
        &mut self,
        now_ms: u64,
        settings: &Settings,
    ) -> Result<Option<String>, CannotStart> {
        let failed = |why: lockstep_storage::StorageError| CannotStart(why.to_string());
        self.lives += 1;
        let life = Life { node: self.at, number: self.lives };
        let (mut chance, luck) = (self.chance.fork(), self.chance.draw());
        let mut fresh = || NodeId(chance.draw() >> 16 | 1);
        let mut opened =
            boot::open(&self.disk, settings, &self.bodies_full, &mut fresh).map_err(failed)?;
        // Known only to the process that put the data aside, or finds it put aside.
        opened.replaces = opened.replaces.or(self.replaces.take());
        let (runtime, base) = process::runtime();
        let clock = Arc::new(SimClock::default());
        let (answers, expectations) = (Arc::default(), Arc::<Expectations>::default());
        let cluster = opened.identity.cluster();
        let peers = SimPeers::new(life, opened.identity.node, cluster, self.replies_by_order);
        let around = Surroundings {
            address: self.address.clone(),
            clock: clock.clone(),
            peers: peers.clone(),
            answers: Arc::clone(&answers),
            expectations: expectations.clone(),
            luck,
            zone: String::new(),
            seeds: settings.seeds.clone(),
        };
        let options = boot::host_options(&self.disk, &opened, settings, around).map_err(failed)?;
        let wall_ms = EPOCH_MS.saturating_add_signed(self.wall_skew_ms) + now_ms;
        clock.set(wall_ms);
        let parts = Parts {
            life,
            started_ms: now_ms,
            rate: self.rate,
            wall_ms,
            clock,
            peers,
            answers,
            expectations,
            log: opened.log,
            snapshots: opened.snapshots,
            bodies: opened.bodies,
            identity: opened.identity,
            shards: settings.shards,
            copying: settings.copies.map(|copying| (copying, luck)),
        };
        let process = Process::new((runtime, base), parts);
        let starting = process.starting.clone();
        process.spawn(async move {
            let started = Host::start(options).await;
            *starting.lock() = Some(started);
        });
        self.process = Some(process);
        self.paused = false;
        // Connections of the process before have still to be told up to when they held
        // what they had.
        (self.sure_boot, self.doubts_until_ms) = (0, 0);
        self.rots &= opened.damaged.is_none();
        Ok(opened.damaged)
    }

    /// Ends the process at once. With the power everything goes that was not
    /// synced.
    pub fn crash(&mut self, power: bool) {
        // First the disk: what ends now must not write any more.
        if power || std::mem::take(&mut self.power_fails) {
            self.power_fails = false;
            self.disk.power_loss(self.chance.draw());
        } else {
            self.disk.kill();
        }
        self.paused = false;
        self.bodies_read = self.bodies_read();
        self.end();
    }

    /// Lets go of the process; what its tasks do at their end they do inside.
    pub fn end(&mut self) {
        let Some(process) = self.process.take() else { return };
        let handle = process.handle();
        let _inside = handle.enter();
        drop(process);
    }

    /// How many bodies its processes read from disk.
    pub fn bodies_read(&self) -> u64 {
        let now = self.process.as_ref().map_or(0, |process| process.bodies.stats().reads);
        self.bodies_read + now
    }

    /// Puts the data aside that could not be read after all.
    pub fn put_aside(&mut self, why: &str) -> Result<(), CannotStart> {
        self.crash(false);
        let old = boot::put_aside(&self.disk, why).map_err(|why| CannotStart(why.to_string()))?;
        self.replaces = old.or(self.replaces);
        self.rots = false;
        Ok(())
    }

    /// Whether its disk takes no more bodies.
    pub fn set_full(&self, full: bool) {
        self.bodies_full.store(full, Ordering::Relaxed);
    }

    /// A new and empty disk.
    pub fn wipe(&mut self) {
        self.crash(false);
        self.disk = SimDisk::new();
        (self.harmed, self.rots) = (false, false);
        self.replaces = None;
    }

    /// Lets the process do what is due, and the disk what waits. Whether the disk
    /// worked.
    pub fn step(&mut self, now_ms: u64) -> bool {
        let Some(process) = &mut self.process else { return false };
        if self.paused {
            return false;
        }
        process.step(now_ms);
        // A server ends its connections before it stops to say that it is there.
        let stops = self.process.as_ref().is_some_and(|process| process.stopping);
        if let Some(life) = self.standing(now_ms).filter(|life| !life.cut_off && !stops) {
            // What it had in another life ended some time before it learns of that.
            if life.boot == self.sure_boot {
                self.sure_ms = now_ms;
            }
            self.sure_boot = life.boot;
        }
        let Some(process) = &mut self.process else { return false };
        if process.disk_busy_until_ms > now_ms {
            return false;
        }
        let worked = {
            let _inside = process.enter();
            process.log.step()
        };
        if worked {
            let (low, high) = self.disk_ms;
            process.disk_busy_until_ms = now_ms + self.chance.between(low, high);
        }
        worked
    }
}

/// Where the peer port of a node is.
pub fn address(at: usize) -> String {
    format!("n{at}:1")
}

/// Which node is at an address.
pub fn at_address(address: &str) -> Option<usize> {
    address.strip_prefix('n')?.strip_suffix(":1")?.parse().ok()
}
