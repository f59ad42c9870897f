//! Commands that the node answers from what it knows itself, or carries out with
//! several shards.

mod cache;
mod locks;
mod queues;

use lockstep_core::Db;
use lockstep_core::slot::Slot;

use crate::{BadArgs, Protocol, Reply};
pub use cache::{CacheCall, CacheMode, Lines};
pub use locks::LockCall;
pub use queues::QueueCall;

/// A request to the node. Executed in `src/server/here`, those that open, close
/// or leave a transaction where the transaction is kept.
#[derive(Clone, Debug, PartialEq)]
pub enum Here<'a> {
    /// The words alone decide the answer (HELP, commands without meaning here).
    Answer(Reply),
    /// PING, with what to send back.
    Ping(Option<&'a [u8]>),
    /// ECHO.
    Echo(&'a [u8]),
    /// HELLO.
    Hello(Hello<'a>),
    /// AUTH.
    Auth(Auth<'a>),
    /// QUIT.
    Quit,
    /// RESET.
    Reset,
    /// SELECT.
    Select(Db),
    /// CLIENT and its subcommands.
    Client(Client<'a>),
    /// MULTI.
    Multi,
    /// EXEC.
    Exec,
    /// DISCARD.
    Discard,
    /// WATCH.
    Watch(Vec<&'a [u8]>),
    /// UNWATCH.
    Unwatch,
    /// INFO, with the sections asked for; none: the default ones.
    Info(Vec<&'a [u8]>),
    /// CONFIG and its subcommands.
    Config(Config<'a>),
    /// TIME.
    Time,
    /// WAIT: until so many other replicas have this connection's writes.
    Wait {
        /// How many are asked for.
        replicas: i64,
        /// How long to wait for them; 0: without end.
        timeout_ms: u64,
    },
    /// WAITAOF: until the writes are on disk here and on so many other replicas.
    WaitAof {
        /// Whether on this node's disk, too.
        local: bool,
        /// How many others are asked for.
        replicas: i64,
        /// How long to wait for them; 0: without end.
        timeout_ms: u64,
    },
    /// LASTSAVE.
    LastSave,
    /// SAVE.
    Save,
    /// BGSAVE.
    SaveInBackground,
    /// BGREWRITEAOF.
    RewriteLog,
    /// SHUTDOWN.
    Shutdown(Shutdown),
    /// SLOWLOG and its subcommands.
    Slowlog(Slowlog),
    /// LATENCY and its subcommands.
    Latency(Latency<'a>),
    /// MONITOR.
    Monitor,
    /// PFSELFTEST: tries out what counts different elements.
    TryDistinct {
        /// Chooses the elements.
        seed: u64,
        /// How long a sparse string may be.
        sparse_max: u64,
    },
    /// MEMORY and its subcommands (USAGE is an operation on a key).
    Memory(Memory),
    /// DEBUG and what it knows.
    Debug(Debug<'a>),
    /// ROLE.
    Role,
    /// ACL subcommands that need the session or the settings.
    Acl(Acl<'a>),
    /// CLUSTER and its subcommands, READONLY, READWRITE and ASKING. What is wrong
    /// with the words is told in cluster mode only: without it all are refused.
    Cluster(Result<Cluster<'a>, BadArgs>),
    /// NODE and its subcommands.
    Node(Node<'a>),
    /// SESSION and its subcommands, and LOCKRENEW of a session. The reply is made
    /// by the command from the outcome that is named here.
    Session(Session<'a>),
    /// SUBSCRIBE and what belongs to it.
    PubSub(PubSub<'a>),
    /// About locks, more than one operation of one shard.
    Lock(LockCall<'a>),
    /// About queues, more than one operation of one shard.
    Queue(QueueCall<'a>),
    /// About copies of keys.
    Cache(CacheCall<'a>),
}

/// HELLO's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello<'a> {
    /// The protocol to speak from now on.
    pub protocol: Option<Protocol>,
    /// User and password.
    pub auth: Option<(&'a [u8], &'a [u8])>,
    /// The connection's name.
    pub name: Option<&'a [u8]>,
}

/// AUTH's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Auth<'a> {
    /// The user; without one the default user's password is meant.
    pub user: Option<&'a [u8]>,
    /// The password.
    pub password: &'a [u8],
}

/// CLIENT's subcommands.
#[derive(Clone, Debug, PartialEq)]
pub enum Client<'a> {
    /// CLIENT ID.
    Id,
    /// CLIENT GETNAME.
    GetName,
    /// CLIENT SETNAME; the name was checked.
    SetName(&'a [u8]),
    /// CLIENT SETINFO LIB-NAME; the name was checked.
    SetLibraryName(&'a [u8]),
    /// CLIENT SETINFO LIB-VER; the version was checked.
    SetLibraryVersion(&'a [u8]),
    /// CLIENT LIST.
    List(ListFilter),
    /// CLIENT INFO.
    Info,
    /// CLIENT KILL addr:port.
    KillAddress(&'a [u8]),
    /// CLIENT KILL with filters.
    Kill(KillFilter<'a>),
    /// CLIENT PAUSE.
    Pause {
        /// For how long.
        timeout_ms: u64,
        /// Whether only writes wait.
        writes_only: bool,
    },
    /// CLIENT UNPAUSE.
    Unpause,
    /// CLIENT REPLY.
    Reply(ReplySwitch),
    /// CLIENT UNBLOCK.
    Unblock {
        /// Which client.
        id: i64,
        /// Whether it gets an error instead of what a timeout gives.
        error: bool,
    },
    /// CLIENT NO-EVICT.
    NoEvict(bool),
    /// CLIENT NO-TOUCH.
    NoTouch(bool),
    /// CLIENT LOCKEVENTS: whether it is told that others wait for its locks.
    LockEvents(bool),
    /// CLIENT CACHEMODE; none: which it has is asked for.
    CacheMode(Option<CacheMode>),
    /// CLIENT TRACKING.
    Tracking(Tracking<'a>),
    /// CLIENT TRACKINGINFO.
    TrackingInfo,
    /// CLIENT GETREDIR.
    GetRedirect,
    /// CLIENT CACHING: whether the keys of the next command are remembered; none: the
    /// word says neither, which is told to those who may ask at all.
    Caching(Option<bool>),
}

/// CLIENT TRACKING's words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracking<'a> {
    /// ON or OFF; none: the word says neither.
    pub on: Option<bool>,
    /// REDIRECT: the client that is told instead.
    pub redirect: Option<i64>,
    /// REDIRECT stands there twice.
    pub redirects_twice: bool,
    /// PREFIX: what is told of with BCAST.
    pub prefixes: Vec<&'a [u8]>,
    /// BCAST: told of every key with such a prefix, read or not.
    pub broadcast: bool,
    /// OPTIN: only keys of commands behind CLIENT CACHING YES.
    pub opt_in: bool,
    /// OPTOUT: all keys but those of commands behind CLIENT CACHING NO.
    pub opt_out: bool,
    /// NOLOOP: not told of what it changes itself.
    pub no_loop: bool,
}

/// Which clients CLIENT LIST shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListFilter {
    /// All.
    All,
    /// Those of a kind.
    Kind(ClientKind),
    /// Those with these ids, in this order.
    Ids(Vec<i64>),
}

/// A kind of client, as CLIENT LIST and CLIENT KILL name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// `normal`.
    Normal,
    /// `master`: there never is one.
    Master,
    /// `replica` or `slave`: there never is one.
    Replica,
    /// `pubsub`.
    PubSub,
}

/// Which clients CLIENT KILL closes: those for whom all that is named holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillFilter<'a> {
    /// The id.
    pub id: Option<i64>,
    /// The kind.
    pub kind: Option<ClientKind>,
    /// The remote address, `ip:port`.
    pub address: Option<&'a [u8]>,
    /// The local address, `ip:port`.
    pub local_address: Option<&'a [u8]>,
    /// The user.
    pub user: Option<&'a [u8]>,
    /// Whether the asking client is spared.
    pub skip_me: bool,
}

/// CLIENT REPLY's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplySwitch {
    /// Replies are sent.
    On,
    /// Replies are not sent.
    Off,
    /// The next reply is not sent.
    Skip,
}

/// CONFIG's subcommands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config<'a> {
    /// CONFIG GET, with patterns.
    Get(Vec<&'a [u8]>),
    /// CONFIG SET, all or none.
    Set(Vec<(&'a [u8], &'a [u8])>),
    /// CONFIG RESETSTAT.
    ResetStat,
    /// CONFIG REWRITE.
    Rewrite,
}

/// SHUTDOWN's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shutdown {
    /// SAVE: write snapshots first.
    pub save: bool,
    /// NOSAVE: write none.
    pub no_save: bool,
    /// NOW: do not wait for others.
    pub now: bool,
    /// FORCE: go down even when something fails.
    pub force: bool,
    /// ABORT: take a shutdown back.
    pub abort: bool,
}

/// SLOWLOG's subcommands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slowlog {
    /// SLOWLOG GET, the newest so many; none: all.
    Get(Option<usize>),
    /// SLOWLOG LEN.
    Len,
    /// SLOWLOG RESET.
    Reset,
}

/// LATENCY's subcommands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Latency<'a> {
    /// LATENCY LATEST.
    Latest,
    /// LATENCY HISTORY.
    History(&'a [u8]),
    /// LATENCY RESET; no names: all events.
    Reset(Vec<&'a [u8]>),
    /// LATENCY GRAPH.
    Graph(&'a [u8]),
    /// LATENCY DOCTOR.
    Doctor,
    /// LATENCY HISTOGRAM; no names: all commands.
    Histogram(Vec<&'a [u8]>),
}

/// MEMORY's subcommands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// MEMORY STATS.
    Stats,
    /// MEMORY DOCTOR.
    Doctor,
    /// MEMORY PURGE.
    Purge,
    /// MEMORY MALLOC-STATS.
    MallocStats,
}

/// DEBUG's words. All of them are answered only if `enable-debug-command` says so.
#[derive(Clone, Debug, PartialEq)]
pub enum Debug<'a> {
    /// DEBUG SLEEP: this connection's answers wait.
    Sleep {
        /// For how long.
        micros: u64,
    },
    /// DEBUG DIGEST and DIGEST-VALUE: an operation on the key space.
    Op(lockstep_core::keys::Op<'a>),
    /// DEBUG ERROR, PROTOCOL and what is accepted without effect.
    Answer(Reply),
    /// DEBUG LOG.
    Log(&'a [u8]),
}

/// ACL's subcommands that need more than the table of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acl<'a> {
    /// ACL WHOAMI.
    WhoAmI,
    /// ACL USERS.
    Users,
    /// ACL LIST.
    List,
    /// ACL GETUSER.
    GetUser(&'a [u8]),
    /// ACL SETUSER.
    SetUser {
        /// Whom.
        name: &'a [u8],
        /// How: each selector is one rule.
        rules: Vec<Vec<u8>>,
    },
    /// ACL DELUSER.
    DeleteUsers(Vec<&'a [u8]>),
    /// ACL DRYRUN.
    DryRun {
        /// Who would run it.
        user: &'a [u8],
        /// The command.
        words: Vec<&'a [u8]>,
    },
    /// ACL LOG: so many of the newest.
    Log {
        /// At most so many.
        count: usize,
    },
    /// ACL LOG RESET.
    ResetLog,
    /// ACL GENPASS, so many hexadecimal digits.
    GeneratePassword(usize),
}

/// CLUSTER's subcommands, and what else only cluster mode knows.
#[derive(Clone, Debug, PartialEq)]
pub enum Cluster<'a> {
    /// The words alone decide the answer (HELP, KEYSLOT, READONLY and its like).
    Answer(Reply),
    /// CLUSTER SLOTS.
    Slots,
    /// CLUSTER SHARDS.
    Shards,
    /// CLUSTER NODES.
    Nodes,
    /// CLUSTER INFO.
    Info,
    /// CLUSTER MYID.
    MyId,
    /// CLUSTER MYSHARDID.
    MyShardId,
    /// CLUSTER LINKS.
    Links,
    /// CLUSTER COUNTKEYSINSLOT.
    CountKeys(Slot),
    /// CLUSTER GETKEYSINSLOT: of this slot, at most so many.
    Keys(Slot, u64),
    /// CLUSTER MEET.
    Meet {
        /// A name or an IP address.
        host: &'a [u8],
        /// The port that other nodes reach it by.
        peer_port: u16,
    },
    /// CLUSTER FORGET.
    Forget(&'a [u8]),
    /// CLUSTER FAILOVER: the shards of which this node keeps a replica.
    Failover,
    /// CLUSTER REPLICAS and SLAVES.
    Replicas(&'a [u8]),
    /// CLUSTER COUNT-FAILURE-REPORTS.
    FailureReports(&'a [u8]),
}

/// NODE's subcommands. A node is named by its id or by how that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node<'a> {
    /// NODE LIST.
    List,
    /// NODE ADD: the node with this address, `host:port` as clients reach it.
    Add(&'a [u8]),
    /// NODE DRAIN.
    Drain(&'a [u8]),
    /// NODE REMOVE.
    Remove {
        /// Which.
        id: &'a [u8],
        /// Even if it is not drained.
        force: bool,
    },
    /// NODE PROMOTE.
    Promote(&'a [u8]),
}

/// SESSION's subcommands that need the connection, or several shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session<'a> {
    /// SESSION CREATE. Gives the bytes of the id.
    Create {
        /// How long it lives without a connection.
        ttl_ms: u64,
        /// What people call it; may be empty.
        name: &'a [u8],
        /// For how long nobody else gets what it held when it ends.
        delay_ms: u64,
    },
    /// SESSION ATTACH. Gives the time to live as a number.
    Attach(&'a [u8]),
    /// SESSION DETACH: from the session the connection is attached to. 1, or 0 when
    /// it is attached to none.
    Detach,
    /// SESSION KEEPALIVE. Gives 1.
    KeepAlive(&'a [u8]),
    /// SESSION DESTROY. 1, or 0 when there was no such session (any more).
    Destroy(&'a [u8]),
    /// SESSION INFO. Gives what [`lockstep_core::sessions::Op::Info`] gives, with the
    /// home shard as a number behind it.
    Info(&'a [u8]),
    /// SESSION LIST. Gives a list of the next cursor as bytes (`0`: the end) and a
    /// list of ids.
    List {
        /// Where to go on; 0: from the beginning.
        cursor: u64,
        /// About how many.
        count: u64,
    },
}

/// What one may listen to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subscription {
    /// Channels of this name.
    Channel,
    /// All channels whose names fit a glob pattern.
    Pattern,
    /// Shard channels of this name.
    Shard,
}

/// SUBSCRIBE and its kin, PUBLISH, and the subcommands of PUBSUB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PubSub<'a> {
    /// SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE.
    Subscribe(Subscription, Vec<&'a [u8]>),
    /// Their opposites; no names: all.
    Unsubscribe(Subscription, Vec<&'a [u8]>),
    /// PUBLISH and SPUBLISH.
    Publish {
        /// To a shard channel.
        shard: bool,
        /// Its name.
        channel: &'a [u8],
        /// What to send.
        message: &'a [u8],
    },
    /// PUBSUB CHANNELS and SHARDCHANNELS.
    Channels {
        /// Shard channels.
        shard: bool,
        /// Only those whose names fit.
        pattern: Option<&'a [u8]>,
    },
    /// PUBSUB NUMSUB and SHARDNUMSUB.
    Count {
        /// Shard channels.
        shard: bool,
        /// Of which.
        channels: Vec<&'a [u8]>,
    },
    /// PUBSUB NUMPAT.
    CountPatterns,
}
