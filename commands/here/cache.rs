//! What is asked about copies of keys.

use lockstep_core::Db;

/// A request about the copies that nodes keep of keys. The node makes the reply.
#[derive(Clone, Debug, PartialEq)]
pub enum CacheCall<'a> {
    /// CACHE STATE.
    State {
        /// The database of the keys.
        db: Db,
        /// The keys.
        keys: Vec<&'a [u8]>,
    },
    /// CACHE STATS.
    Stats {
        /// The digits of a node's id; none: the node that is asked.
        node: Option<&'a [u8]>,
        /// Begins to count anew.
        reset: bool,
    },
    /// CACHE NODES.
    Nodes,
    /// CACHE LINES.
    Lines(Lines<'a>),
    /// CACHE DIRECTORY.
    Directory {
        /// Of one shard; none: of all that the node leads.
        shard: Option<u16>,
    },
    /// CACHE EXPLAIN.
    Explain {
        /// Whether the key would be written.
        writes: bool,
        /// The database of the key.
        db: Db,
        /// The key.
        key: &'a [u8],
    },
    /// CACHE EVICT.
    Evict {
        /// The database of the key.
        db: Db,
        /// The key.
        key: &'a [u8],
    },
    /// CACHE FLUSH.
    Flush {
        /// The digits of a node's id; none: all nodes.
        node: Option<&'a [u8]>,
    },
    /// CACHE WARM.
    Warm {
        /// The database of the keys.
        db: Db,
        /// The keys.
        keys: Vec<&'a [u8]>,
    },
    /// CACHE PIN.
    Pin {
        /// The database of the keys.
        db: Db,
        /// The keys.
        keys: Vec<&'a [u8]>,
    },
    /// CACHE UNPIN.
    Unpin {
        /// The database of the keys.
        db: Db,
        /// The keys.
        keys: Vec<&'a [u8]>,
    },
    /// CACHE HOTKEYS.
    HotKeys {
        /// At most so many of each kind.
        count: u64,
    },
    /// CACHE TRACE.
    Trace {
        /// Whether it begins.
        on: bool,
        /// The database of the key.
        db: Db,
        /// The key.
        key: &'a [u8],
    },
}

/// CACHE LINES' words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lines<'a> {
    /// The digits of a node's id; none: the node that is asked.
    pub node: Option<&'a [u8]>,
    /// Those whose names fit.
    pub pattern: Option<&'a [u8]>,
    /// Those in this state: M, E, S or I.
    pub state: Option<u8>,
    /// At most so many.
    pub count: Option<u64>,
}

/// What a connection takes for good of the copies that its node keeps (CLIENT CACHEMODE).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheMode {
    /// A copy, under its lease, as far as the node does.
    #[default]
    Strict,
    /// A copy that the leader of the key has confirmed since the command came.
    Validate,
    /// None: the leader is asked for the value.
    Bypass,
}

impl CacheMode {
    /// All of them.
    pub const ALL: [CacheMode; 3] = [CacheMode::Strict, CacheMode::Validate, CacheMode::Bypass];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            CacheMode::Strict => "strict",
            CacheMode::Validate => "validate",
            CacheMode::Bypass => "bypass",
        }
    }
}
