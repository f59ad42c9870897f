//! A parsed command.

use lockstep_core::{Db, Op, Origin};

use crate::{Here, Protocol};

/// The longest HyperLogLog that is not dense, in bytes, where nothing else is said: in
/// scripts, which are the same on all replicas.
pub const SPARSE_BYTES_MAX: u64 = 3_000;

/// What parsing needs to know of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The selected database.
    pub db: Db,
    /// The connection.
    pub origin: Origin,
    /// The number of this request on its connection; a wait is known by it.
    pub request: u64,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// The largest string there may be, in bytes (`proto-max-bulk-len`).
    pub string_bytes_max: u64,
    /// The longest HyperLogLog that is not dense, in bytes (`hll-sparse-max-bytes`).
    pub sparse_bytes_max: u64,
    /// Whether the eviction policy counts accesses (LFU) rather than their times.
    pub lfu: bool,
    /// A seed for random choices of reads.
    pub seed: u64,
    /// What the locks' commands need.
    pub locks: LockContext,
    /// What the queues' commands need.
    pub queues: QueueContext,
    /// What the streams' commands need.
    pub streams: StreamContext,
    /// What the scripts' commands need.
    pub scripts: ScriptContext,
}

/// What parsing the commands on locks needs to know.
///
/// An owner that nobody named is parsed as the connection
/// ([`Owner::Connection`](lockstep_core::locks::Owner)). Where the connection is
/// attached to a session, the front puts the session in its place behind parsing,
/// and lets a named owner's hold without a lease live by the session.
#[derive(Clone, Copy, Debug)]
pub struct LockContext {
    /// Whether the connection is attached to a session: then a named owner
    /// without PX, EX and SESSION gets no lease.
    pub attached: bool,
    /// The lease of a named owner without PX, EX and any session
    /// (`lock-default-lease-ms`).
    pub lease_ms: u64,
    /// How many names one MLOCK or MUNLOCK may have (`lock-max-keys`).
    pub names_max: usize,
    /// The head start that each step of PRIO gives (`lock-prio-age-ms`).
    pub head_start_ms: u64,
    /// How long a hold that is wounded may still last (`wound-grace-ms`).
    pub grace_ms: u64,
}

impl Default for LockContext {
    fn default() -> Self {
        LockContext {
            attached: false,
            lease_ms: lockstep_core::locks::DEFAULT_LEASE_MS,
            names_max: 1024,
            head_start_ms: 1000,
            grace_ms: 100,
        }
    }
}

/// What parsing the commands on queues needs to know.
#[derive(Clone, Copy, Debug)]
pub struct QueueContext {
    /// The largest message (`queue-message-bytes-max`).
    pub body_bytes_max: usize,
}

impl Default for QueueContext {
    fn default() -> Self {
        QueueContext { body_bytes_max: 1024 * 1024 }
    }
}

/// What parsing the commands on streams needs to know.
#[derive(Clone, Copy, Debug)]
pub struct StreamContext {
    /// How many entries a block has (`stream-node-max-entries`); 0: any number.
    pub block_entries_max: u64,
    /// How many bytes a block has (`stream-node-max-bytes`); 0: any number.
    pub block_bytes_max: u64,
}

impl Default for StreamContext {
    fn default() -> Self {
        StreamContext { block_entries_max: 100, block_bytes_max: 4096 }
    }
}

/// What parsing the commands on scripts needs to know.
#[derive(Clone, Copy, Debug)]
pub struct ScriptContext {
    /// Whether there are scripts (`scripting`).
    pub enabled: bool,
    /// How many steps a script may take (`script-steps-max`).
    pub steps_max: u64,
    /// How many bytes of memory it may use (`script-memory-max`).
    pub memory_max: u64,
    /// How many bytes all remembered scripts may have (`script-cache-max`).
    pub cache_max: u64,
    /// How many bytes all libraries of functions may have (`function-cache-max`).
    pub functions_max: u64,
    /// Whether keys are spread by slot.
    pub spread: bool,
    /// Whether one shard has every slot.
    pub all_slots: bool,
    /// Whether there are too few replicas for what writes (`min-replicas-to-write`).
    pub no_replicas: bool,
}

impl Default for ScriptContext {
    fn default() -> Self {
        ScriptContext {
            enabled: true,
            steps_max: 50_000_000,
            memory_max: 64 << 20,
            cache_max: 64 << 20,
            functions_max: 64 << 20,
            spread: false,
            all_slots: false,
            no_replicas: false,
        }
    }
}

/// A parsed command: an operation on a shard, or something for this node.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<'a> {
    /// For a shard.
    Op(Op<'a>),
    /// For this node.
    Here(Here<'a>),
}

impl<'a> From<lockstep_core::keys::Op<'a>> for Request<'a> {
    fn from(op: lockstep_core::keys::Op<'a>) -> Self {
        Request::Op(Op::Key { op })
    }
}

impl<'a> From<lockstep_core::locks::Op<'a>> for Request<'a> {
    fn from(op: lockstep_core::locks::Op<'a>) -> Self {
        Request::Op(Op::Lock { op })
    }
}

impl<'a> From<lockstep_core::queues::Op<'a>> for Request<'a> {
    fn from(op: lockstep_core::queues::Op<'a>) -> Self {
        Request::Op(Op::Queue { op })
    }
}

impl<'a> From<Here<'a>> for Request<'a> {
    fn from(here: Here<'a>) -> Self {
        Request::Here(here)
    }
}
