//! What is known about a command before any argument is read.

/// The description of a command: the only source for arity checks, COMMAND
/// INFO, DOCS and GETKEYS, routing, ACL categories and the reference page.
#[derive(Debug)]
pub struct Spec {
    /// The name in lower case; a subcommand's is `container|name`.
    pub name: &'static str,
    /// The call, in the notation of the Redis documentation: tokens in capitals,
    /// arguments in lower case, `[ ]` optional, `a | b` one of, `< >` grouping,
    /// `...` repeated. COMMAND DOCS' arguments are made from it.
    pub usage: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// The version of Redis it came with, or of Lockstep for its own.
    pub since: &'static str,
    /// The chapter of the reference.
    pub group: Group,
    /// Running time, in the notation of the Redis documentation.
    pub complexity: &'static str,
    /// Number of words with the name; negative: at least so many.
    pub arity: i16,
    /// Redis' command flags, as COMMAND INFO prints them.
    pub flags: &'static [&'static str],
    /// ACL categories with their `@`, as COMMAND INFO prints them.
    pub acl: &'static [&'static str],
    /// Command tips, as COMMAND INFO prints them.
    pub tips: &'static [&'static str],
    /// Where the keys stand.
    pub keys: &'static [KeySpec],
    /// Where it is answered.
    pub road: Road,
}

/// Who answers a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Road {
    /// The node that was asked, from what it knows itself.
    Here,
    /// One shard, through its log.
    Log,
    /// One shard, by a read that sees every finished write.
    Cache,
    /// All shards; the answers are merged.
    Everyone,
}

/// The chapter of the reference a command stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Handshake and session.
    Connection,
    /// The server itself.
    Server,
    /// Any key.
    Generic,
    /// Strings.
    String,
    /// Bits of strings.
    Bitmap,
    /// How many different elements there were.
    HyperLogLog,
    /// Hashes.
    Hash,
    /// Lists.
    List,
    /// Sets.
    Set,
    /// Sorted sets.
    SortedSet,
    /// Places in sorted sets.
    Geo,
    /// Streams.
    Stream,
    /// Channels.
    PubSub,
    /// MULTI and EXEC.
    Transactions,
    /// Locks.
    Locks,
    /// Queues.
    Queues,
    /// Copies of keys.
    Cache,
    /// Cluster membership and topology.
    Cluster,
    /// Scripts and functions.
    Scripting,
}

impl Group {
    /// The name of it in COMMAND DOCS.
    pub fn name(self) -> &'static str {
        match self {
            Group::Connection => "connection",
            Group::Server => "server",
            Group::Generic => "generic",
            Group::String => "string",
            Group::Bitmap => "bitmap",
            Group::HyperLogLog => "hyperloglog",
            Group::Hash => "hash",
            Group::List => "list",
            Group::Set => "set",
            Group::SortedSet => "sorted-set",
            Group::Geo => "geo",
            Group::Stream => "stream",
            Group::PubSub => "pubsub",
            Group::Transactions => "transactions",
            Group::Locks => "locks",
            Group::Queues => "queues",
            Group::Cache => "cache",
            Group::Cluster => "cluster",
            Group::Scripting => "scripting",
        }
    }
}

/// Where some of a command's keys stand (Redis' key specifications).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// RW, RO, OW or RM first, then what happens to the value (access, update,
    /// insert, delete), then `not_key`, `incomplete`, `variable_flags`.
    pub flags: &'static [&'static str],
    /// Where the search starts.
    pub begin: Begin,
    /// How the keys are found from there.
    pub find: Find,
    /// What else is to be known; mostly empty.
    pub notes: &'static str,
    /// Clients are not told of it: they would route by it. What a user may touch is judged by
    /// it all the same.
    pub hidden: bool,
}

/// Where the search for keys starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At this word, counting the command's name as 0.
    Index(i16),
    /// Behind this word, in capitals or not; searched from the word `from`
    /// forward, or backward from the end when `from` is negative.
    Keyword {
        /// The word.
        word: &'static str,
        /// Where its search starts.
        from: i16,
    },
    /// Behind the last one of this option, which may stand anywhere behind the first key:
    /// nowhere that a simple rule could tell.
    LastOption {
        /// The option.
        word: &'static str,
        /// Other options that have words behind them, and how many.
        others: &'static [(&'static str, usize)],
    },
    /// Nowhere that a simple rule could tell.
    Unknown,
}

/// How keys are found from where the search starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// From the start to `last`, every `step`.
    Range {
        /// The last key relative to the start; negative from the end (-1: the last word).
        last: i16,
        /// The distance from one key to the next.
        step: i16,
        /// With `last` = -1 only the first 1/limit of the words that are left; 0 and 1: all.
        limit: i16,
    },
    /// A word says how many keys follow.
    Count {
        /// Where it stands, relative to the start.
        at: i16,
        /// Where the first key stands, relative to the start.
        first: i16,
        /// The distance from one key to the next.
        step: i16,
    },
    /// Not by a simple rule.
    Unknown,
}

impl KeySpec {
    /// The single key at word `index` (1: the one behind the command's name).
    pub const fn one(flags: &'static [&'static str], index: i16) -> Self {
        KeySpec::range(flags, index, 0, 1)
    }

    /// The keys from word `first` to `last` (relative to `first`, or from the end
    /// when negative), every `step` words.
    pub const fn range(flags: &'static [&'static str], first: i16, last: i16, step: i16) -> Self {
        KeySpec {
            flags,
            begin: Begin::Index(first),
            find: Find::Range { last, step, limit: 0 },
            notes: "",
            hidden: false,
        }
    }

    /// As many keys as word `index` says, right behind it.
    pub const fn counted(flags: &'static [&'static str], index: i16) -> Self {
        KeySpec {
            flags,
            begin: Begin::Index(index),
            find: Find::Count { at: 0, first: 1, step: 1 },
            notes: "",
            hidden: false,
        }
    }

    /// The same, of which clients are not told.
    pub const fn hidden(self) -> Self {
        KeySpec { hidden: true, ..self }
    }

    /// The same with notes.
    pub const fn noted(self, notes: &'static str) -> Self {
        KeySpec { notes, ..self }
    }
}

impl Spec {
    /// Whether `count` words, the name among them, are allowed.
    pub fn takes(&self, count: usize) -> bool {
        let arity = i64::from(self.arity);
        let count = count as i64;
        if arity >= 0 { count == arity } else { count >= -arity }
    }

    /// The name of the container, of a subcommand.
    pub fn container(&self) -> Option<&'static str> {
        self.name.split_once('|').map(|(container, _)| container)
    }

    /// The last word of the name.
    pub fn last_name(&self) -> &'static str {
        self.name.split_once('|').map_or(self.name, |(_, name)| name)
    }

    /// The keys that clients are told of, and that it is routed by.
    pub fn shown_keys(&self) -> &'static [KeySpec] {
        if self.keys.iter().any(|key| key.hidden) { &[] } else { self.keys }
    }

    /// Whether it has this flag.
    pub fn is(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }
}
