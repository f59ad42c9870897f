//! What is asked of the locks that is more than one operation of one shard.

use lockstep_core::locks::{Filter, Mode, Owner, Terms};

/// A request about locks that the node carries out with several shards or
/// several operations. What comes of it is shown by the command's `reply`, like
/// the outcome of an operation.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "made once per command and taken apart at once")]
pub enum LockCall<'a> {
    /// MLOCK: all names or none. `List[Int token ...]` in the order of the names,
    /// nil when it did not get them all in time, or the fault of the first that
    /// was refused. At most [`LockContext::names_max`](crate::LockContext) names;
    /// the same name may come twice. `terms.mode` is not looked at, nor are
    /// `terms.asynchronous` and `terms.full`.
    AcquireMany {
        /// The names.
        names: Vec<&'a [u8]>,
        /// The mode for each.
        modes: Vec<Mode>,
        /// Everything else, with `wait` as LOCK has it.
        terms: Terms<'a>,
    },
    /// MUNLOCK. `Int`: how many were held until now.
    ReleaseMany {
        /// The names.
        names: Vec<&'a [u8]>,
        /// The token of each, 0 for any; empty: any for all.
        tokens: Vec<u64>,
        /// Who asks.
        owner: Owner<'a>,
    },
    /// LOCKSCAN. `List[Bytes next cursor in digits, List[Bytes name ...]]`.
    Scan {
        /// Where to go on; 0: at the beginning.
        cursor: u64,
        /// About how many names are looked at.
        count: u32,
        /// Which locks.
        filter: Filter<'a>,
    },
    /// LOCKINFO KEY. Nil for a free lock, else the list that
    /// [`Op::Info`](lockstep_core::locks::Op) gives, and behind its elements: `Int`
    /// slot, `Int` shard, `Bytes` address of the leader (empty: not known), and for
    /// each holder, in their order, `List[Bytes client's address, Bytes client's
    /// name]`, both empty where it is not known.
    Info {
        /// The lock's name.
        name: &'a [u8],
    },
    /// LOCKINFO OWNER. A list of what
    /// [`Op::OfOwner`](lockstep_core::locks::Op) gives, of each shard one, those
    /// left out that know nothing of the owner.
    OfOwner {
        /// The owner, as it is shown.
        text: &'a [u8],
    },
    /// LOCKINFO GRAPH. `List[List[Int shard, locks ...] ...]` with the locks as
    /// [`Op::Graph`](lockstep_core::locks::Op) gives them.
    Graph {
        /// Only this shard.
        shard: Option<u16>,
        /// As a text for Graphviz: the list begins with `Word "dot"`, which `reply`
        /// turns it into one by.
        dot: bool,
    },
    /// LOCKINFO DEADLOCKS. A list of what
    /// [`Op::Deadlocks`](lockstep_core::locks::Op) gives, of all shards, the newest
    /// first.
    Deadlocks {
        /// At most so many.
        count: u64,
    },
}
