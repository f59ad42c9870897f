//! Who waits for keys: BLPOP and its relatives, and who reads streams.
//!
//! A request that finds nothing takes a place in the line of each of its keys. The line is
//! replicated state. Whatever gives one of the keys a value of the kind that is waited for
//! is followed, in the same operation, by the pops of those who wait, first come first
//! served; a transaction as a whole. Source: the blocking operations in the Redis
//! documentation of lists.
//!
//! Who reads a stream takes nothing away: everyone gets what is new, and in a group the
//! first in line. What somebody was given in a group stays pending there, and is not given
//! back.
//!
//! What somebody is served is popped. In a cluster it is kept beside until the node of the
//! client has said that it has it ([`Op::ConfirmWait`](crate::keys::Op::ConfirmWait)): when
//! the connection ends before that, it goes back to where it was. So a node that dies, or
//! an answer that is lost on its way, loses no element; and since nobody is told before it
//! is confirmed, none is seen twice.

mod image;
mod index;
mod kept;
mod line;
mod pop;
mod readers;
mod want;

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use crate::image::{Name, Paged};
use crate::lives::Lives;
use crate::{Db, Origin};

pub use image::Frozen;
pub(crate) use kept::Kept;
pub(crate) use line::Asked;
pub(in crate::keys) use pop::{kind_of, pop};
pub use readers::{WOKEN_BYTES_MAX, WOKEN_COUNT_MAX};
pub use want::{Kind, Want};

use index::Index;

/// How many requests may wait for keys of a shard; what is kept for their nodes counts, too.
pub const WAITERS_MAX: usize = 100_000;

/// How many requests may wait for one key.
pub const KEY_WAITERS_MAX: usize = 50_000;

/// How many bytes the names of all keys that are waited for in a shard may have, each
/// counted for everyone who waits for it.
pub const WAITED_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Of how many connections it is known how their last wait ended, when nothing of it has to
/// be given back any more.
pub const SETTLED_MAX: usize = 65_536;

/// The requests that wait for keys of a shard.
#[derive(Debug, Default)]
pub struct Table {
    /// By place in line.
    waiters: Paged<Waiter>,
    /// What was served and may have to be given back, and how the last wait of a
    /// connection ended, in this order.
    kept: Paged<Kept>,
    /// The newest place, in line or among what is kept.
    last_place: u64,
    lives: Lives,
    index: Index,
    /// Keys that were given a value and are waited for, in the order of that. Empty between
    /// operations.
    ready: VecDeque<(Db, Name)>,
    /// The same, to see whether one is among them.
    is_ready: BTreeSet<(Db, Name)>,
}

/// A request that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub origin: Origin,
    pub request: u64,
    /// When it gives up.
    pub deadline_ms: Option<u64>,
    pub db: Db,
    /// The keys, each once.
    pub keys: Arc<[Name]>,
    /// The byte form of what it wants.
    pub want: Arc<[u8]>,
    /// Whether what it is served is kept until its node has it.
    pub keep: bool,
}

impl Waiter {
    /// What it wants.
    pub fn want(&self) -> Want<'_> {
        want::read(&self.want)
    }

    /// Whether it has waited long enough.
    pub fn is_late(&self, now_ms: u64) -> bool {
        self.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms)
    }

    fn bytes(&self) -> usize {
        self.keys.iter().map(|key| key.len()).sum::<usize>() + self.want.len()
    }
}
