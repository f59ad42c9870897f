//! What goes wrong, and when.

mod draw;
mod profile;

pub use draw::draw;
pub use profile::Profile;

use super::net::Weather;

/// One thing that goes wrong, or is done to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process of a node ends, with or without the power.
    Crash {
        /// Which node; none: the leader of some shard.
        node: Option<usize>,
        /// Whether what was not synced is lost.
        power: bool,
        /// The power goes in the middle of so many more changes of the disk.
        midway: Option<u64>,
        /// When it starts again.
        back_after_ms: u64,
        /// What happens to its disk meanwhile.
        harm: Option<Harm>,
    },
    /// The leader of some shard ends; when the next one was just elected it is cut
    /// off, and the others lose the power before their disks have done anything.
    Ambush {
        /// For how long the new leader is cut off.
        cut_ms: u64,
    },
    /// All processes end at once.
    CrashAll {
        /// Whether what was not synced is lost.
        power: bool,
        /// When they start again, each within this time.
        back_within_ms: u64,
    },
    /// A process stands still.
    Pause {
        /// Which node; none: the leader of some shard.
        node: Option<usize>,
        /// For how long.
        for_ms: u64,
    },
    /// Ways between nodes are cut.
    Cut {
        /// Which.
        shape: Shape,
        /// For how long.
        for_ms: u64,
        /// Up and down again in this rhythm; 0: down all the time.
        flap_ms: u64,
    },
    /// The network gets worse.
    Storm {
        /// How messages travel meanwhile.
        weather: Weather,
        /// For how long.
        for_ms: u64,
    },
    /// The disk of a node gets slow.
    SlowDisk {
        /// Which node; none: the leader of some shard.
        node: Option<usize>,
        /// How long a sync takes.
        sync_ms: (u64, u64),
        /// For how long.
        for_ms: u64,
    },
    /// The disk of a node takes no more bodies.
    FullDisk {
        /// Which node; none: the leader of some shard.
        node: Option<usize>,
        /// For how long.
        for_ms: u64,
    },
    /// A write or a sync of a node fails.
    DiskError {
        /// Which node; none: the leader of some shard.
        node: Option<usize>,
        /// A sync, not a write.
        sync: bool,
        /// Which of those that come.
        nth: u64,
    },
    /// Bits of bodies are flipped below a node that runs.
    Rot {
        /// Which node.
        node: usize,
        /// How many.
        flips: u64,
    },
    /// Connections between two nodes break.
    Reset {
        /// One of them.
        node: usize,
        /// The other one.
        other: usize,
    },
    /// All connections of a node break.
    ResetAll {
        /// Which node; none: the leader of some shard.
        node: Option<usize>,
        /// For so long it is cut off then.
        cut_ms: u64,
    },
    /// A node stops in order and comes back.
    Restart {
        /// Which node.
        node: usize,
        /// How long it is away.
        away_ms: u64,
    },
    /// All nodes are restarted in order, one after the other.
    RestartAll,
    /// A shard is to be led by another node.
    Transfer {
        /// Which shard.
        shard: u16,
        /// By which node.
        to: usize,
    },
    /// A new node joins.
    Join {
        /// Which one.
        node: usize,
    },
    /// A node hands everything over and leaves.
    Drain {
        /// Which one.
        node: usize,
    },
    /// A node loses its disk and comes back as a new one.
    Wipe {
        /// Which one.
        node: usize,
        /// How long it is away.
        away_ms: u64,
    },
}

/// What happens to the disk of a node that is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Harm {
    /// So many bits of logs and snapshots are flipped.
    Flips(u64),
    /// So many bits of bodies are flipped.
    Bodies(u64),
}

/// Which ways are cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One node from all others.
    Alone(Option<usize>),
    /// It can send, and nothing reaches it.
    Deaf(Option<usize>),
    /// It hears, and reaches nobody.
    Mute(Option<usize>),
    /// Two halves.
    Halves(u64),
    /// Two nodes do not reach each other; all others do.
    Pair(usize, usize),
    /// Every node reaches only its neighbours.
    Chain,
    /// Some ways in one direction, drawn from this number.
    Random(u64),
}

/// When something goes wrong.
#[derive(Clone, Debug)]
pub struct Planned {
    /// When.
    pub at_ms: u64,
    /// What.
    pub fault: Fault,
}

impl Shape {
    /// The ways that are cut among so many nodes; `leader` stands for none.
    pub fn ways(self, nodes: usize, leader: usize) -> Vec<(usize, usize)> {
        let all = (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to)));
        let cut = |from: usize, to: usize| match self {
            Shape::Alone(node) => {
                let node = node.unwrap_or(leader);
                from == node || to == node
            }
            Shape::Deaf(node) => to == node.unwrap_or(leader),
            Shape::Mute(node) => from == node.unwrap_or(leader),
            Shape::Halves(sides) => (sides >> from ^ sides >> to) & 1 == 1,
            Shape::Pair(one, other) => (from, to) == (one, other) || (to, from) == (one, other),
            Shape::Chain => from.abs_diff(to) > 1,
            Shape::Random(number) => number >> ((from * nodes + to) % 64) & 1 == 1,
        };
        all.filter(|(from, to)| from != to && cut(*from, *to)).collect()
    }
}
