//! The seam for room, in memory and on the disk.

use std::any::Any;
use std::fmt::Debug;

use lockstep_core::Fault;

use crate::{Group, Ops};

/// Knows what room there is where a shard is led. A node looks itself before it
/// hands in what its own clients want, where it leads; what comes from other nodes
/// is looked at here.
pub trait RoomKeeper: Send + Sync + Debug + 'static {
    /// What room there is for more in a shard that this node leads. `seed` is a
    /// random number, for choices.
    fn room(&self, group: &Group, seed: u64) -> Room;
}

/// What room there is.
#[derive(Debug)]
pub enum Room {
    /// Enough.
    Enough,
    /// Enough, when these operations are carried out first.
    Behind {
        /// What makes the room.
        ops: Ops,
        /// Dropped when they were carried out.
        planned: Box<dyn Any + Send>,
    },
    /// None, and why.
    None(Fault),
}
