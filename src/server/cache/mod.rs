//! The coherent cache: every node answers reads of keys that it has copies of, and none
//! answers what is out of date.
//!
//! The rules stand in [`lockstep_cache`]: one machine for a node's half and one for the
//! home's half, for each shard. Here they get their clock, their links and their state
//! (`sharing`, `homes`), and keep outcomes back until these may be known (`watch`). A hit
//! goes past all of them: it looks at the line, at the clock and at the pass of the shard.

mod watch;

mod back;
mod care;
mod homes;
mod sharing;

mod run;
mod seat;

mod post;

mod calls;
mod shown;

mod clock;
mod counts;
mod departed;
mod follow;
mod frame;
mod hot;
mod noted;
#[doc(hidden)]
pub mod simulated;
mod skips;
mod terms;
mod touched;
mod trace;
mod uses;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use dashmap::DashMap;
use lockstep_cache::{Answer, At, Limits, Lines, Name, Rules, Settings as Terms};
use lockstep_core::{NodeId, ShardId};
use lockstep_raft::Host;
use parking_lot::RwLock;
use tokio::sync::{Notify, oneshot};

use crate::config::Settings;
use crate::exchange::Exchange;
use back::Back;
pub(crate) use calls::carry_out;
use counts::{Answered, Counts};
use departed::Departed;
use hot::Hot;
pub(crate) use run::start;
use seat::Seat;
pub(crate) use sharing::{Asked, Reading};
use skips::Skips;
pub(crate) use terms::leases;
pub(crate) use trace::TRACES_MAX;
use trace::Traces;

/// The most shards there may be.
const SHARDS_MAX: usize = 256;

/// A node's part of the coherent cache.
pub struct Cache {
    me: NodeId,
    /// Which life of the node.
    boot: u64,
    /// Whether there are no other nodes, nor ever will be.
    alone: bool,
    /// How much longer everything takes than in one room.
    factor: u32,
    host: Host,
    exchange: Exchange,
    settings: Arc<Settings>,
    terms: RwLock<Terms>,
    lines: Lines,
    seats: Box<[OnceLock<Seat>]>,
    /// Clients that wait for a copy.
    readers: DashMap<u64, oneshot::Sender<Answer>>,
    last_reader: AtomicU64,
    skips: Skips,
    back: Back,
    /// What the protocol rests on.
    rules: Rules,
    counts: Counts,
    answered: Answered,
    hot: Hot,
    traces: Traces,
    departed: Departed,
    /// Rung when there is something to do earlier than expected.
    bell: Notify,
}

/// Who a node is, as far as its cache has to know.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// The node.
    pub node: NodeId,
    /// Which life of it.
    pub boot: u64,
    /// Whether there are no other nodes, nor ever will be.
    pub alone: bool,
}

/// What is left to chance, and what a test may change.
struct Luck {
    seed: (u64, u64),
    rules: Rules,
}

impl Cache {
    /// An empty one.
    pub fn new(who: Who, exchange: Exchange, host: Host, settings: Arc<Settings>) -> Arc<Self> {
        let luck = Luck { seed: (rand::random(), rand::random()), rules: Rules::ALL };
        Cache::with(luck, who, exchange, host, settings)
    }

    /// The same, with what else would be left to chance.
    fn with(
        luck: Luck,
        who: Who,
        exchange: Exchange,
        host: Host,
        settings: Arc<Settings>,
    ) -> Arc<Self> {
        let factor = terms::factor(&settings);
        let limits = if who.alone {
            Limits { entries: 0, bytes: 0, ..Limits::default() }
        } else {
            terms::limits(&settings)
        };
        Arc::new(Cache {
            me: who.node,
            boot: who.boot,
            alone: who.alone,
            factor,
            terms: RwLock::new(Terms { rules: luck.rules, ..terms::terms(&settings, 1, factor) }),
            lines: Lines::new(limits, terms::policy(&settings), luck.seed),
            host,
            exchange,
            back: Back::new(&settings),
            settings,
            seats: (0..SHARDS_MAX).map(|_| OnceLock::new()).collect(),
            readers: DashMap::new(),
            last_reader: AtomicU64::new(0),
            skips: Skips::default(),
            rules: luck.rules,
            counts: Counts::default(),
            answered: Answered::default(),
            hot: Hot::default(),
            traces: Traces::default(),
            departed: Departed::default(),
            bell: Notify::new(),
        })
    }

    /// What is kept for a shard.
    fn seat(&self, shard: ShardId) -> Option<&Seat> {
        let place = self.seats.get(usize::from(shard.0))?;
        Some(place.get_or_init(|| Seat::new(shard, self.boot, *self.terms.read())))
    }

    /// The same, if something was there already.
    fn seat_if_any(&self, shard: ShardId) -> Option<&Seat> {
        self.seats.get(usize::from(shard.0))?.get()
    }

    fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.seats.iter().filter_map(OnceLock::get)
    }

    fn hash(&self, at: At<'_>) -> u64 {
        self.lines.number_of(at)
    }

    fn hash_of(&self, name: &Name) -> u64 {
        self.hash(At { db: name.db, key: &name.key })
    }
}

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cache({:?})", self.lines.size())
    }
}
