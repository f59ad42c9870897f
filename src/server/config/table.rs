//! The table of all settings: the only place that knows their names and defaults.

use lockstep_core::keys::{fills, waits};
use lockstep_core::{ids, locks, queues};

use super::row::{Group, Kind, Row, Unit, When};
use crate::cache::TRACES_MAX;

macro_rules! settings {
    ($($group:ident {
        $($variant:ident $name:literal $(or $alias:literal)? = $default:literal, $kind:expr, $when:ident: $doc:literal;)*
    })*) => {
        /// A setting, by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Setting {
            $($(#[doc = concat!("`", $name, "`: ", $doc)] $variant,)*)*
        }

        /// The rows, in the order of [`Setting`].
        pub static ROWS: &[Row] = &[
            $($(Row {
                setting: Setting::$variant,
                name: $name,
                alias: first(&[$($alias)?]),
                group: Group::$group,
                kind: $kind,
                default: $default,
                when: When::$when,
                doc: $doc,
            },)*)*
        ];
    };
}

impl Setting {
    /// How many settings there are.
    pub const COUNT: usize = ROWS.len();

    /// All settings, in the order of the table.
    pub fn all() -> impl Iterator<Item = Setting> {
        ROWS.iter().map(|row| row.setting)
    }

    /// What is known of the setting.
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// What the setting is called.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The setting called `name` in any letter case, also by its older name.
    pub fn named(name: &str) -> Option<Setting> {
        let is = |known: &str| known.eq_ignore_ascii_case(name);
        ROWS.iter().find(|row| is(row.name) || row.alias.is_some_and(is)).map(|row| row.setting)
    }
}

const fn first(names: &'static [&'static str]) -> Option<&'static str> {
    match names {
        [name, ..] => Some(name),
        [] => None,
    }
}

const INT_MAX: i64 = i32::MAX as i64;
const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;
const BYTES_MAX: u64 = i64::MAX as u64;
/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

const SWITCH: Kind = Kind::Switch;
const TEXT: Kind = Kind::Text;

const fn count(min: i64, max: i64) -> Kind {
    Kind::Integer { min, max, unit: Unit::Count }
}

const fn integer(min: i64, max: i64, unit: Unit) -> Kind {
    Kind::Integer { min, max, unit }
}

const fn seconds(min: i64, max: i64) -> Kind {
    integer(min, max, Unit::Seconds)
}

const fn millis(min: i64, max: i64) -> Kind {
    integer(min, max, Unit::Milliseconds)
}

const fn bytes(min: u64, max: u64) -> Kind {
    Kind::Bytes { min, max }
}

/// What all replicas must agree on: shown, and fixed.
const fn fixed(value: u64) -> Kind {
    Kind::Bytes { min: value, max: value }
}

const fn word(words: &'static [&'static str]) -> Kind {
    Kind::Word { words, alias_words: None }
}

/// `fsync`, with the words of Redis' `appendfsync` in the same places.
const FSYNC: Kind = Kind::Word {
    words: &["everysec", "always", "never"],
    alias_words: Some(&["everysec", "always", "no"]),
};

const POLICIES: Kind = word(&[
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "noeviction",
]);

settings! {
    Network {
        Port "port" = "6379", count(0, 65_535), Start:
            "TCP port for clients.";
        AdminPort "admin-port" = "7379", count(0, 65_535), Start:
            "TCP port for metrics and health; 0 turns it off. Not set: port + 1000.";
        PeerPort "peer-port" = "16379", count(0, 65_535), Start:
            "TCP port for other nodes, used in a cluster only. Not set: port + 10000.";
        Bind "bind" = "127.0.0.1 -::1", Kind::Addresses, Start:
            "IP addresses to listen on; `*` and `::*` mean all. With a minus in front, a machine without the address is fine.";
        ProtectedMode "protected-mode" = "yes", SWITCH, Run:
            "Refuses clients from other machines as long as there is no password.";
        Maxclients "maxclients" = "10000", count(1, u32::MAX as i64), Run:
            "Clients at the same time; the next one is refused.";
        Timeout "timeout" = "0", seconds(0, INT_MAX), Run:
            "An idle client is closed after this time; 0 means never.";
        TcpKeepalive "tcp-keepalive" = "300", seconds(0, INT_MAX), Run:
            "Time between probes on silent connections; 0 turns them off.";
        ProtoMaxBulkLen "proto-max-bulk-len" = "512mb", bytes(MB, BYTES_MAX), Run:
            "The longest single argument, and the longest string that commands may build.";
        ClientQueryBufferLimit "client-query-buffer-limit" = "1gb", bytes(MB, BYTES_MAX), Run:
            "Unread input of one client above which it is closed.";
        MaxmemoryClients "maxmemory-clients" = "0", Kind::BytesOrPercent, Run:
            "Memory for what all clients together have sent and not read, watch and listen to; with `%` a share of `maxmemory`. Of more, those that hold most are closed, unless they said CLIENT NO-EVICT ON; 0 means no limit.";
        ClientOutputBufferLimit "client-output-buffer-limit" = "normal 1gb 256mb 60 slave 256mb 64mb 60 pubsub 32mb 8mb 60", Kind::OutputLimits, Run:
            "Per class of client: unread replies above which it is closed at once, above which it is closed after some seconds, and these seconds; 0 means no limit.";
        AdminConnectionsMax "admin-connections-max" = "64", count(1, 65_535), Start:
            "Connections to the admin port at the same time; the next one is closed.";
        AdminHeaderTimeoutMs "admin-header-timeout-ms" = "5000", millis(10, DAY_MS), Start:
            "Time a client of the admin port may take to send the head of a request.";
    }
    Security {
        Requirepass "requirepass" = "", Kind::Secret, Run:
            "Password of the default user; empty means none. CONFIG SET changes it in the whole cluster, which then remembers it: what other nodes are started with holds only as long as it remembers none.";
        AclPubsubDefault "acl-pubsub-default" = "resetchannels", word(&["allchannels", "resetchannels"]), Run:
            "Which channels a user may use that ACL SETUSER has just made.";
        AcllogMaxLen "acllog-max-len" = "128", count(0, i64::MAX), Run:
            "Refusals that ACL LOG remembers, each node its own.";
        AclUsersMax "acl-users-max" = "10000", count(1, 1 << 20), Run:
            "Users there may be; ACL SETUSER of one more is refused.";
        AclUserRulesMax "acl-user-rules-max" = "1024", count(1, 1 << 20), Run:
            "Passwords, selectors and patterns of keys and channels that one user may have.";
        AclUserBytesMax "acl-user-bytes-max" = "64kb", bytes(1024, MB), Run:
            "Bytes of one user.";
        EnableDebugCommand "enable-debug-command" = "no", word(&["no", "yes", "local"]), Start:
            "Who may use DEBUG: nobody, everybody, or clients on this machine.";
        Scripting "scripting" = "yes", SWITCH, Start:
            "Whether clients of this node may run scripts.";
    }
    Storage {
        Dir "dir" = "./lockstep-data", TEXT, Protected:
            "The data directory; made at the first start.";
        Fsync "fsync" or "appendfsync" = "always", FSYNC, Run:
            "When writes are forced to disk: before the answer, every second, or when the system likes.";
        SnapshotLogBytes "snapshot-log-bytes" = "64mb", bytes(MB, 1 << 40), Run:
            "Log written since the last snapshot that starts the next one.";
        LogSegmentBytes "log-segment-bytes" = "64mb", bytes(MB, 4 * GB), Start:
            "Size of one file of the log.";
    }
    Memory {
        Maxmemory "maxmemory" = "0", bytes(0, u64::MAX), Run:
            "Memory for keys above which they are evicted or writes refused; 0 means no limit.";
        MaxmemoryPolicy "maxmemory-policy" = "noeviction", POLICIES, Run:
            "Which keys go when memory is full.";
        NotifyKeyspaceEvents "notify-keyspace-events" = "", Kind::Events, Run:
            "Which events on keys are published, on `__keyspace@<db>__:<key>` (`K`) and `__keyevent@<db>__:<event>` (`E`); `CONFIG SET` changes it on all nodes that can be reached; they need the same, since the leader of a shard publishes.";
        TrackingTableMaxKeys "tracking-table-max-keys" = "1000000", count(0, i64::MAX), Run:
            "Keys that a node remembers for clients that cache (CLIENT TRACKING); of more than these some, chosen by chance, are said to have changed and forgotten. 0 means no limit.";
        ScriptStepsMax "script-steps-max" = "10000000", count(1000, i64::MAX), Run:
            "Steps a script may take before it is stopped: instructions of Lua, 80 for each command, and work on long strings and tables. Ten million take 0.04 to 0.2 seconds, in which the shard does nothing else. Heartbeats go on meanwhile.";
        ScriptMemoryMax "script-memory-max" = "64mb", bytes(MB, 512 * MB), Run:
            "Memory that a script may use before it is stopped.";
        ScriptCacheMax "script-cache-max" = "64mb", bytes(0, GB), Run:
            "Bytes of all scripts that a shard remembers. Behind that SCRIPT LOAD is refused, and EVAL runs scripts without remembering them.";
        FunctionCacheMax "function-cache-max" = "64mb", bytes(0, GB), Run:
            "Bytes of all libraries of functions that a shard keeps. Behind that FUNCTION LOAD and RESTORE are refused.";
        StreamNodeMaxEntries "stream-node-max-entries" = "100", count(0, i64::MAX), Run:
            "Entries of a block of a stream; 0 means any number. What is trimmed with `~` goes by whole blocks.";
        StreamNodeMaxBytes "stream-node-max-bytes" = "4096", bytes(0, BYTES_MAX), Run:
            "Bytes of a block of a stream; 0 means any number.";
        HllSparseMaxBytes "hll-sparse-max-bytes" = "3000", bytes(0, BYTES_MAX), Run:
            "Up to how many bytes a HyperLogLog keeps only what is not zero.";
    }
    Cluster {
        Seeds "seeds" = "", Kind::Seeds, Start:
            "The nodes that found the cluster, or let this one in: client addresses, host:port, the same list on each of them; host:port@peer-port where a port for nodes is not port + 10000. Empty: a node alone.";
        Expect "expect" = "1", count(1, 9), Start:
            "How many nodes found the cluster; none of them begins before all have answered. Not set: the number of seeds.";
        Shards "shards" = "1", count(1, 256), Start:
            "Raft groups; chosen when the cluster is founded and kept from then on. Not set: 1 for a node alone, else 2 for each seed.";
        Replicas "replicas" = "3", count(1, 7), Start:
            "On how many nodes each shard is kept, an odd number; chosen when the cluster is founded.";
        Zone "zone" = "", TEXT, Start:
            "Where this node stands; the replicas of a shard are spread over zones first.";
        AnnounceHost "announce-host" or "cluster-announce-ip" = "", Kind::Host, Start:
            "The host that clients and other nodes are told to reach this node by. Not set: as the seeds call this node, else its address.";
        AnnouncePort "announce-port" or "cluster-announce-port" = "0", count(0, 65_535), Start:
            "The port that clients are told; 0: `port`.";
        AnnouncePeerPort "announce-peer-port" or "cluster-announce-bus-port" = "0", count(0, 65_535), Start:
            "The port that other nodes are told; 0: `peer-port`.";
        ClusterEnabled "cluster-enabled" = "no", SWITCH, Start:
            "Spreads keys over the shards by slot and speaks the protocol of Redis Cluster; chosen when the cluster is founded.";
        ClusterMode "cluster-mode" = "redirect", word(&["redirect", "proxy"]), Run:
            "What becomes of a command for keys that another node leads, with `cluster-enabled`: the client is sent there, or this node passes it on.";
        ClusterCommandBytesMax "cluster-command-bytes-max" = "16mb", bytes(64 << 10, GB), Run:
            "Bytes of one command or transaction that writes, and of a string it makes, where there are other nodes: larger ones are refused, because sending them would hold up heartbeats.";
        MinReplicasToWrite "min-replicas-to-write" or "min-slaves-to-write" = "0", count(0, INT_MAX), Run:
            "So many other nodes have to be there (INFO `connected_slaves`) for keys to be written here, not for locks and queues; a write is always on a majority of the nodes.";
        ClusterSecretFile "cluster-secret-file" = "", TEXT, Start:
            "A file with the secret that nodes show each other before anything else is read; empty: none.";
        NodeTimeout "node-timeout" = "1500", count(500, 60_000), Start:
            "Milliseconds without a word from a node after which what its connections hold and wait for ends; 8 times as long with `profile wan`. All nodes need the same.";
        Profile "profile" = "lan", word(&["lan", "wan"]), Start:
            "How long nodes wait for each other: `wan` waits 8 times as long before it takes a leader for dead.";
    }
    Shards {
        DisableThp "disable-thp" = "yes", SWITCH, Start:
            "Keeps the kernel from backing memory with pages of 2 MiB, of which an empty node would occupy 60 MB.";
        WorkerThreads "worker-threads" = "0", count(0, 1024), Start:
            "Threads that serve connections and shards; 0 means one fewer than there are cores, at least one.";
        BatchBytesMax "batch-bytes-max" = "1mb", bytes(1024, GB), Run:
            "Bytes gathered into one entry of the log, unless one command is larger.";
        BatchOpsMax "batch-ops-max" = "4096", count(1, 1_000_000), Run:
            "Commands gathered into one entry of the log.";
        InboxBytesMax "inbox-bytes-max" = "256mb", bytes(MB, 1 << 40), Run:
            "Bytes of commands that may wait for one shard; more is answered with BUSY.";
    }
    Locks {
        LockDefaultLeaseMs "lock-default-lease-ms" = "30000", millis(locks::LEASE_MS_MIN as i64, DAY_MS), Run:
            "Lease of a lock with a named owner, no time and no session.";
        LockMaxKeys "lock-max-keys" = "1024", count(1, 65_535), Run:
            "Names that one MLOCK or MUNLOCK may have.";
        LockPrioAgeMs "lock-prio-age-ms" = "1000", millis(0, DAY_MS), Run:
            "Head start in the line that each step of PRIO gives.";
        MlockCoordinatorLeaseMs "mlock-coordinator-lease-ms" = "5000", millis(500, DAY_MS), Run:
            "Time that what an MLOCK over several shards has got so far outlives the node that carries it out.";
        DeadlockDetectDelayMs "deadlock-detect-delay-ms" = "10", millis(0, DAY_MS), Run:
            "Waits shorter than this are not looked at for deadlocks over several shards.";
        WoundGraceMs "wound-grace-ms" = "100", millis(0, DAY_MS), Run:
            "Time a holder that is wounded has left.";
        NotifyLockEvents "notify-lock-events" = "no", SWITCH, Run:
            "Publishes what happens to locks on the channels `__lockspace__:<key>` and `__lockevent__:<event>`.";
    }
    Queues {
        QueueMessageBytesMax "queue-message-bytes-max" = "1mb", bytes(1024, queues::BODY_BYTES_MAX as u64), Run:
            "The largest message; larger ones are refused with QTOOBIG.";
        QueueMemory "queue-memory" = "256mb", bytes(1 << 20, u64::MAX), Run:
            "Memory for messages: about 150 bytes for each, and bodies; of these what is more (an eighth of it may always stay), and older than two seconds, is kept on disk.";
    }
    Cache {
        CacheReadMode "cache-read-mode" = "lease", word(&["lease", "validate", "off"]), Run:
            "Whether this node keeps copies of keys that others lead, and lets others keep copies of those that it leads: under a lease; to have each confirmed by the leader when it is read, which takes a round trip and not the value, for hosts whose clocks may stand still; or not at all.";
        CacheWriteMode "cache-write-mode" = "through", word(&["through", "back"]), Run:
            "Who answers writes: the leader of their shard, when all copies are gone and a majority has them; or, with `back`, also the node that wrote a key last by a plain SET, from the only copy of it, and the leader has it a little later. When that node dies, or the leader does, or the two do not reach each other, the last such writes of a shard are lost, those of at most twice `cache-writeback-delay`; nobody but clients of that node has seen them. No other node reads anything older meanwhile: the leader calls the key back first, which everything behind it waits for. Replicas are not read (`cache-replica-reads`); nothing is answered so while keyspace events are on, or memory or disk are full. Set it, and the prefix, at all nodes alike.";
        CacheWritebackPrefix "cache-writeback-prefix" = "", TEXT, Run:
            "Keys whose names begin with this are written back, with `cache-write-mode back`; the others are written through.";
        CacheWritebackDelay "cache-writeback-delay" = "10", millis(1, 1_000), Run:
            "How long what was written may rest before the leader is told, at most a quarter of `cache-lease-ms`; 8 times as long with `profile wan`. When anything is not in the log after twice that time, keys of its shard are written through.";
        CacheMaxEntries "cache-max-entries" = "1000", count(0, u32::MAX as i64), Run:
            "Keys that this node keeps copies of, those counted of which only the place is kept.";
        CacheMaxBytes "cache-max-bytes" = "64mb", bytes(0, 1 << 40), Run:
            "Bytes of these copies: keys and values, and about 192 for each.";
        CacheMaxValue "cache-max-value" = "64kb", bytes(0, 16 * MB), Run:
            "Longer values are not copied; the leader of their shard answers for them.";
        CachePinnedMax "cache-pinned-max" = "25", integer(0, 90, Unit::Percent), Run:
            "How much of the copies, and of their bytes, may be pinned (CACHE PIN).";
        CachePolicy "cache-policy" = "s3fifo", word(&["s3fifo", "sieve", "lru"]), Start:
            "Which copy goes when room is needed.";
        CacheNegative "cache-negative" = "yes", SWITCH, Run:
            "Whether it is kept, too, that a key is not there.";
        CacheLeaseMs "cache-lease-ms" = "500", millis(150, 60_000), Start:
            "How long a node may use its copies without a word of their leader, and so how long a dead one holds up writes; 8 times as long with `profile wan`. All nodes need the same.";
        CacheRenewMs "cache-renew-ms" = "100", millis(10, 10_000), Start:
            "How often it asks for more time; 8 times as long with `profile wan`.";
        CacheClockDrift "cache-clock-drift" = "1", integer(0, 10, Unit::Percent), Start:
            "How far the rates of two nodes' clocks may differ, in hundredths. All nodes need the same.";
        CacheRefresh "cache-refresh" = "auto", word(&["off", "adaptive", "on", "auto"]), Run:
            "Whether those who lost a copy to a write are sent a new one when somebody reads the key: never, if they read the last one, always, or always with up to 5 nodes.";
        CacheHotUpdate "cache-hot-update" = "no", word(&["no", "auto", "always"]), Run:
            "Whether a write takes its value to those who have copies, instead of telling them to drop theirs: never, where at least two come back after every write, always.";
        CacheReplicaReads "cache-replica-reads" = "auto", word(&["auto", "yes", "no"]), Run:
            "Whether a node that has a replica of a shard reads all of its keys from that, whatever `cache-max-entries` is; then every write waits for its word: never, whenever keys are read there, or with up to 5 nodes, while a hundred reads a second need it.";
        CacheDirectoryMax "cache-directory-max" = "1000000", count(1, u32::MAX as i64), Run:
            "Keys of a shard of which the leader knows who has copies; the oldest are called back for more.";
        CacheSlowSharerMs "cache-slow-sharer-ms" = "50", millis(1, 60_000), Run:
            "A node that takes longer to give up its copies, on average, gets no more of them for a while.";
    }
    Limits {
        Databases "databases" = "16", fixed(ids::DATABASES as u64), Start:
            "Databases for SELECT.";
        KeyWaitersMax "key-waiters-max" = "50000", fixed(waits::KEY_WAITERS_MAX as u64), Start:
            "Requests that may wait for one key (BLPOP and its relatives).";
        KeyWaitersShardMax "key-waiters-shard-max" = "100000", fixed(waits::WAITERS_MAX as u64), Start:
            "Requests that may wait for keys of one shard.";
        KeyWaitedBytesMax "key-waited-bytes-max" = "67108864", fixed(waits::WAITED_BYTES_MAX as u64), Start:
            "Bytes that the names of all keys of a shard may have that are waited for, each counted for everyone who waits.";
        CacheTracesMax "cache-traces-max" = "64", fixed(TRACES_MAX as u64), Start:
            "Keys that may be watched at a node (CACHE TRACE), counted for everyone who does.";
        CacheFillsMax "cache-fills-max" = "65536", fixed(fills::FILLS_MAX as u64), Start:
            "Keys of a shard that may be filled at once (CACHE FILL).";
        CacheFilledBytesMax "cache-filled-bytes-max" = "16777216", fixed(fills::FILLED_BYTES_MAX as u64), Start:
            "Bytes that the names of these keys may have together.";
        LockLeaseMaxMs "lock-lease-max-ms" = "86400000", fixed(locks::LEASE_MS_MAX), Start:
            "The longest lease of a lock.";
        LockWaitersMax "lock-waiters-max" = "100000", fixed(locks::WAITERS_MAX as u64), Start:
            "Requests that may wait for one lock.";
        LockNameBytesMax "lock-name-bytes-max" = "4096", fixed(locks::NAME_BYTES_MAX as u64), Start:
            "The longest name of a lock or an owner.";
        QueueDefaultVisibilityMs "queue-default-visibility-ms" = "30000", fixed(queues::DEFAULT_LEASE_MS), Start:
            "Time a consumer has for a message before another gets it.";
        QueueVisibilityMaxMs "queue-visibility-max-ms" = "43200000", fixed(queues::LEASE_MS_MAX), Start:
            "The longest such time.";
        QueueNameBytesMax "queue-name-bytes-max" = "4096", fixed(queues::NAME_BYTES_MAX as u64), Start:
            "The longest name of a queue.";
        QueuePopMax "queue-pop-max" = "10000", fixed(queues::COUNT_MAX), Start:
            "Messages that one request may ask for.";
        QueueFailsMax "queue-fails-max" = "20", fixed(queues::FAILS_MAX as u64), Start:
            "A message that fails so often is dead.";
        QueueConsumersMax "queue-consumers-max" = "100000", fixed(queues::CONSUMERS_MAX as u64), Start:
            "Requests that may wait for one queue.";
        QueueQueuesMax "queue-queues-max" = "1000000", fixed(queues::QUEUES_MAX as u64), Start:
            "Queues that a shard may have, each partition counted.";
        QueuePartitionsMax "queue-partitions-max" = "1024", fixed(queues::PARTITIONS_MAX as u64), Start:
            "Partitions that one queue may have.";
        QueueGroupsMax "queue-groups-max" = "1000000", fixed(queues::GROUPS_MAX as u64), Start:
            "Groups of one queue that may have messages.";
        QueueNamesPerPopMax "queue-names-per-pop-max" = "1024", fixed(queues::QUEUES_PER_POP as u64), Start:
            "Queues that one request may name.";
        QueueHeadersMax "queue-headers-max" = "64", fixed(queues::HEADERS_MAX as u64), Start:
            "Headers that one message may have.";
        QueueDedupMax "queue-dedup-max" = "1000000", fixed(queues::DEDUP_MAX), Start:
            "Messages of one queue of which copies are known, unless DEDUPMAX says otherwise.";
    }
    Operation {
        Loglevel "loglevel" = "notice", word(&["debug", "verbose", "notice", "warning", "trace", "info"]), Run:
            "How much is logged; `info` is `notice` by another name.";
        LogFormat "log-format" = "pretty", word(&["pretty", "json"]), Start:
            "How log lines look.";
        ShutdownTimeout "shutdown-timeout" = "10", seconds(0, INT_MAX), Run:
            "Time for unfinished work after SIGTERM, SIGINT or SHUTDOWN.";
        SlowlogLogSlowerThan "slowlog-log-slower-than" = "10000", integer(-1, i64::MAX, Unit::Microseconds), Run:
            "Commands that take longer go to SLOWLOG; -1 turns it off.";
        SlowlogMaxLen "slowlog-max-len" = "128", count(0, i64::MAX), Run:
            "Commands that SLOWLOG remembers.";
        LatencyMonitorThreshold "latency-monitor-threshold" = "0", millis(0, i64::MAX), Run:
            "Events that take at least this long go to LATENCY; 0 turns it off.";
        LatencyTracking "latency-tracking" = "yes", SWITCH, Run:
            "Counts how long each command takes.";
        LatencyTrackingInfoPercentiles "latency-tracking-info-percentiles" = "50 99 99.9", Kind::Percentiles, Run:
            "Percentiles that INFO shows for each command.";
    }
    Remembered {
        Appendonly "appendonly" = "yes", SWITCH, Run:
            "Everything is logged always; see `fsync`.";
        Save "save" = "", Kind::SavePoints, Run: "Snapshots follow `snapshot-log-bytes`.";
        TcpBacklog "tcp-backlog" = "511", count(0, INT_MAX), Start: "Connections that may wait to be accepted; 511 do.";
        EnableProtectedConfigs "enable-protected-configs" = "no", word(&["no", "yes", "local"]), Start: "Protected settings are fixed at start.";
        EnableModuleCommand "enable-module-command" = "no", word(&["no", "yes", "local"]), Start: "There are no modules.";
        HideUserDataFromLog "hide-user-data-from-log" = "yes", SWITCH, Run: "Keys and values are never logged.";
        MaxmemorySamples "maxmemory-samples" = "5", count(1, INT_MAX), Run: "Keys looked at for each key that is evicted; Lockstep has its own number.";
        MaxmemoryEvictionTenacity "maxmemory-eviction-tenacity" = "10", count(0, 100), Run: "How much work eviction may do in one go.";
        LfuLogFactor "lfu-log-factor" = "10", count(0, INT_MAX), Run: "How the use counter of a key grows.";
        LfuDecayTime "lfu-decay-time" = "1", count(0, INT_MAX), Run: "How the use counter of a key falls.";
        BusyReplyThreshold "busy-reply-threshold" or "lua-time-limit" = "5000", millis(0, i64::MAX), Run: "When a script counts as slow.";
        Appendfilename "appendfilename" = "appendonly.aof", TEXT, Start: "Name of Redis' log.";
        Appenddirname "appenddirname" = "appendonlydir", TEXT, Start: "Directory of Redis' log.";
        Dbfilename "dbfilename" = "dump.rdb", TEXT, Protected: "Name of Redis' snapshot.";
        AofUseRdbPreamble "aof-use-rdb-preamble" = "yes", SWITCH, Run: "Form of Redis' log.";
        AofLoadTruncated "aof-load-truncated" = "yes", SWITCH, Run: "A torn end of the log is always cut.";
        AofTimestampEnabled "aof-timestamp-enabled" = "no", SWITCH, Run: "Form of Redis' log.";
        AofRewriteIncrementalFsync "aof-rewrite-incremental-fsync" = "yes", SWITCH, Run: "Writing of Redis' log.";
        AutoAofRewritePercentage "auto-aof-rewrite-percentage" = "100", integer(0, INT_MAX, Unit::Percent), Run: "Growth of Redis' log.";
        AutoAofRewriteMinSize "auto-aof-rewrite-min-size" = "64mb", bytes(0, BYTES_MAX), Run: "Growth of Redis' log.";
        NoAppendfsyncOnRewrite "no-appendfsync-on-rewrite" = "no", SWITCH, Run: "Writing of Redis' log.";
        Rdbcompression "rdbcompression" = "yes", SWITCH, Run: "Form of Redis' snapshot.";
        Rdbchecksum "rdbchecksum" = "yes", SWITCH, Start: "Snapshots always carry checksums.";
        RdbSaveIncrementalFsync "rdb-save-incremental-fsync" = "yes", SWITCH, Run: "Writing of Redis' snapshot.";
        StopWritesOnBgsaveError "stop-writes-on-bgsave-error" = "yes", SWITCH, Run: "A disk that fails stops the node.";
        SanitizeDumpPayload "sanitize-dump-payload" = "no", word(&["no", "yes", "clients"]), Run: "Payloads of RESTORE are always checked.";
        ListMaxListpackSize "list-max-listpack-size" or "list-max-ziplist-size" = "-2", count(-INT_MAX - 1, INT_MAX), Run: "How Redis packs lists.";
        ListCompressDepth "list-compress-depth" = "0", count(0, INT_MAX), Run: "How Redis packs lists.";
        SetMaxIntsetEntries "set-max-intset-entries" = "512", count(0, i64::MAX), Run: "How Redis packs sets.";
        HashMaxListpackEntries "hash-max-listpack-entries" or "hash-max-ziplist-entries" = "512", count(0, i64::MAX), Run: "How Redis packs hashes.";
        HashMaxListpackValue "hash-max-listpack-value" or "hash-max-ziplist-value" = "64", bytes(0, BYTES_MAX), Run: "How Redis packs hashes.";
        ZsetMaxListpackEntries "zset-max-listpack-entries" or "zset-max-ziplist-entries" = "128", count(0, i64::MAX), Run: "How Redis packs sorted sets.";
        ZsetMaxListpackValue "zset-max-listpack-value" or "zset-max-ziplist-value" = "64", bytes(0, BYTES_MAX), Run: "How Redis packs sorted sets.";
        Activerehashing "activerehashing" = "yes", SWITCH, Run: "Growth of Redis' tables.";
        ActiveExpireEffort "active-expire-effort" = "1", count(1, 10), Run: "Keys past their time always go at once.";
        Activedefrag "activedefrag" = "no", SWITCH, Run: "Redis' allocator.";
        ActiveDefragCycleMin "active-defrag-cycle-min" = "1", integer(1, 99, Unit::Percent), Run: "Redis' allocator.";
        ActiveDefragCycleMax "active-defrag-cycle-max" = "25", integer(1, 99, Unit::Percent), Run: "Redis' allocator.";
        ActiveDefragIgnoreBytes "active-defrag-ignore-bytes" = "100mb", bytes(1, BYTES_MAX), Run: "Redis' allocator.";
        ActiveDefragMaxScanFields "active-defrag-max-scan-fields" = "1000", count(1, i64::MAX), Run: "Redis' allocator.";
        ActiveDefragThresholdLower "active-defrag-threshold-lower" = "10", integer(0, 1000, Unit::Percent), Run: "Redis' allocator.";
        ActiveDefragThresholdUpper "active-defrag-threshold-upper" = "100", integer(0, 1000, Unit::Percent), Run: "Redis' allocator.";
        LazyfreeLazyEviction "lazyfree-lazy-eviction" = "no", SWITCH, Run: "Redis' background freeing.";
        LazyfreeLazyExpire "lazyfree-lazy-expire" = "no", SWITCH, Run: "Redis' background freeing.";
        LazyfreeLazyServerDel "lazyfree-lazy-server-del" = "no", SWITCH, Run: "Redis' background freeing.";
        LazyfreeLazyUserDel "lazyfree-lazy-user-del" = "no", SWITCH, Run: "Redis' background freeing.";
        LazyfreeLazyUserFlush "lazyfree-lazy-user-flush" = "no", SWITCH, Run: "Redis' background freeing.";
        KeyLoadDelay "key-load-delay" = "0", integer(i32::MIN as i64, i32::MAX as i64, Unit::Microseconds), Run: "Delays of Redis' own tests; CONFIG GET shows it only by name.";
        Hz "hz" = "10", Kind::Clamped { min: 1, max: 500 }, Run: "Beat of Redis' background work.";
        DynamicHz "dynamic-hz" = "yes", SWITCH, Run: "Beat of Redis' background work.";
        IoThreads "io-threads" = "1", count(1, 128), Start: "Redis' threads; see `worker-threads`.";
        IoThreadsDoReads "io-threads-do-reads" = "no", SWITCH, Start: "Redis' threads; see `worker-threads`.";
        OomScoreAdj "oom-score-adj" = "no", word(&["no", "yes", "relative", "absolute"]), Run: "What the system kills first when memory is short.";
        OomScoreAdjValues "oom-score-adj-values" = "0 200 800", Kind::OomScores, Run: "What the system kills first when memory is short.";
        CrashLogEnabled "crash-log-enabled" = "yes", SWITCH, Run: "Redis' crash report.";
        SetProcTitle "set-proc-title" = "yes", SWITCH, Start: "Redis' title in the list of processes.";
        Daemonize "daemonize" = "no", SWITCH, Start: "A service manager keeps the node in the background.";
        Pidfile "pidfile" = "", TEXT, Start: "A service manager knows the process.";
        Logfile "logfile" = "", TEXT, Start: "Logs go to standard error.";
        SyslogEnabled "syslog-enabled" = "no", SWITCH, Start: "Logs go to standard error.";
        AlwaysShowLogo "always-show-logo" = "no", SWITCH, Start: "Redis' picture at start.";
        Supervised "supervised" = "no", word(&["upstart", "systemd", "auto", "no"]), Start: "How Redis talks to a service manager.";
        Aclfile "aclfile" = "", TEXT, Start: "File of users.";
        Unixsocket "unixsocket" = "", TEXT, Start: "Local socket for clients.";
        Unixsocketperm "unixsocketperm" = "0", count(0, 0o777), Start: "Local socket for clients.";
        Replicaof "replicaof" or "slaveof" = "", TEXT, Start: "Redis' replication.";
        ReplicaServeStaleData "replica-serve-stale-data" or "slave-serve-stale-data" = "yes", SWITCH, Run: "Redis' replication.";
        ReplicaReadOnly "replica-read-only" or "slave-read-only" = "yes", SWITCH, Run: "Redis' replication.";
        ReplicaPriority "replica-priority" or "slave-priority" = "100", count(0, INT_MAX), Run: "Redis' replication.";
        ReplicaIgnoreMaxmemory "replica-ignore-maxmemory" or "slave-ignore-maxmemory" = "yes", SWITCH, Run: "Redis' replication.";
        ReplicaLazyFlush "replica-lazy-flush" or "slave-lazy-flush" = "no", SWITCH, Run: "Redis' replication.";
        ReplicaAnnounced "replica-announced" = "yes", SWITCH, Run: "Redis' replication.";
        ReplicaAnnounceIp "replica-announce-ip" or "slave-announce-ip" = "", TEXT, Run: "Redis' replication.";
        ReplicaAnnouncePort "replica-announce-port" or "slave-announce-port" = "0", count(0, 65_535), Run: "Redis' replication.";
        MinReplicasMaxLag "min-replicas-max-lag" or "min-slaves-max-lag" = "10", seconds(0, INT_MAX), Run: "A write is always on a majority of the nodes.";
        ReplBacklogSize "repl-backlog-size" = "1mb", bytes(1, BYTES_MAX), Run: "Redis' replication.";
        ReplBacklogTtl "repl-backlog-ttl" = "3600", seconds(0, i64::MAX), Run: "Redis' replication.";
        ReplTimeout "repl-timeout" = "60", seconds(1, INT_MAX), Run: "Redis' replication.";
        ReplPingReplicaPeriod "repl-ping-replica-period" or "repl-ping-slave-period" = "10", seconds(1, INT_MAX), Run: "Redis' replication.";
        ReplDisklessSync "repl-diskless-sync" = "yes", SWITCH, Run: "Redis' replication.";
        ReplDisklessSyncDelay "repl-diskless-sync-delay" = "5", seconds(0, INT_MAX), Run: "Redis' replication.";
        ReplDisklessLoad "repl-diskless-load" = "disabled", word(&["disabled", "on-empty-db", "swapdb"]), Run: "Redis' replication.";
        ReplDisableTcpNodelay "repl-disable-tcp-nodelay" = "no", SWITCH, Run: "Redis' replication.";
        ClusterNodeTimeout "cluster-node-timeout" = "15000", millis(0, i64::MAX), Run: "Redis Cluster's bus.";
        ClusterRequireFullCoverage "cluster-require-full-coverage" = "yes", SWITCH, Run: "Redis Cluster's answer to lost slots.";
        ClusterAllowReadsWhenDown "cluster-allow-reads-when-down" = "no", SWITCH, Run: "Redis Cluster's answer to lost slots.";
    }
}
