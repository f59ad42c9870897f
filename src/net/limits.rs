//! What one connection may cost.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};

/// The longest inline command, and the longest `*` or `$` line, in bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// The same before its client is authenticated.
pub const UNAUTHENTICATED_LINE_BYTES_MAX: usize = 16 * 1024;

/// The longest command of a client that is not authenticated, in bytes.
pub const UNAUTHENTICATED_QUERY_BYTES_MAX: usize = 32 * 1024;

/// How many words a command may have before its client is authenticated.
pub const UNAUTHENTICATED_WORDS_MAX: usize = 10;

/// The longest word of a command before its client is authenticated, in bytes.
pub const UNAUTHENTICATED_WORD_BYTES_MAX: usize = 16 * 1024;

/// How many bytes of replies may wait for a client that is not authenticated
/// and does not read.
pub const UNAUTHENTICATED_OUTPUT_BYTES_MAX: usize = 16 * 1024;

/// The bounds of one command, as the decoder checks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest word (`proto-max-bulk-len`).
    pub word_bytes_max: usize,
    /// The longest command with everything around its words
    /// (`client-query-buffer-limit`). Positions are kept in 32 bits: more than
    /// 4 GiB never counts.
    pub query_bytes_max: usize,
    /// Whether the client has passed the door. Before, it gets ten words of at most
    /// 16 KiB and 32 KiB in all.
    pub authenticated: bool,
}

impl Limits {
    /// The longest inline command and `*` or `$` line.
    pub(crate) fn line_bytes_max(&self) -> usize {
        if self.authenticated { LINE_BYTES_MAX } else { UNAUTHENTICATED_LINE_BYTES_MAX }
    }

    /// The longest command.
    pub(crate) fn command_bytes_max(&self) -> usize {
        let bytes_max = self.query_bytes_max.min(u32::MAX as usize);
        if self.authenticated { bytes_max } else { bytes_max.min(UNAUTHENTICATED_QUERY_BYTES_MAX) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits { word_bytes_max: 512 << 20, query_bytes_max: 1 << 30, authenticated: true }
    }
}

/// Which of the two bounds for waiting replies holds for a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OutputClass {
    /// A client that asks and gets.
    #[default]
    Normal,
    /// A client that is told (pub/sub).
    PubSub,
}

/// How many bytes of replies may wait for a client that does not read
/// (`client-output-buffer-limit`). Zero switches a bound off.
#[derive(Debug, Default)]
pub struct OutputLimit {
    /// Beyond so many bytes it is closed at once.
    pub hard_bytes: AtomicUsize,
    /// Beyond so many bytes for too long it is closed.
    pub soft_bytes: AtomicUsize,
    /// How long is too long, in seconds.
    pub soft_seconds: AtomicU64,
}

impl OutputLimit {
    /// The three numbers of `client-output-buffer-limit`.
    pub fn new(hard_bytes: usize, soft_bytes: usize, soft_seconds: u64) -> Self {
        OutputLimit {
            hard_bytes: hard_bytes.into(),
            soft_bytes: soft_bytes.into(),
            soft_seconds: soft_seconds.into(),
        }
    }

    /// Sets all three.
    pub fn set(&self, hard_bytes: usize, soft_bytes: usize, soft_seconds: u64) {
        self.hard_bytes.store(hard_bytes, Relaxed);
        self.soft_bytes.store(soft_bytes, Relaxed);
        self.soft_seconds.store(soft_seconds, Relaxed);
    }
}

/// The settings of all connections. Changed while the server runs (CONFIG SET);
/// connections look at them anew with every batch.
#[derive(Debug)]
pub struct ConnectionLimits {
    /// `proto-max-bulk-len`, in bytes.
    pub word_bytes_max: AtomicUsize,
    /// `client-query-buffer-limit`, in bytes.
    pub query_bytes_max: AtomicUsize,
    /// `timeout`: idle clients are closed after so many seconds; 0: never.
    pub timeout_seconds: AtomicU64,
    /// `maxclients`.
    pub clients_max: AtomicUsize,
    /// `maxmemory-clients`: what all clients may hold together, in bytes; 0: no limit.
    pub clients_bytes_max: AtomicUsize,
    /// `tcp-keepalive`, in seconds; 0: off. Holds for connections accepted later.
    pub tcp_keepalive_seconds: AtomicU64,
    /// Whether clients from other machines are turned away, because nothing asks
    /// them for a password (`protected-mode`).
    pub protected: AtomicBool,
    /// For clients of the class normal.
    pub output_normal: OutputLimit,
    /// For clients of the class pubsub.
    pub output_pubsub: OutputLimit,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        let decoder = Limits::default();
        ConnectionLimits {
            word_bytes_max: decoder.word_bytes_max.into(),
            query_bytes_max: decoder.query_bytes_max.into(),
            timeout_seconds: 0.into(),
            clients_max: 10_000.into(),
            clients_bytes_max: 0.into(),
            tcp_keepalive_seconds: 300.into(),
            protected: false.into(),
            output_normal: OutputLimit::new(256 << 20, 0, 0),
            output_pubsub: OutputLimit::new(32 << 20, 8 << 20, 60),
        }
    }
}

impl ConnectionLimits {
    /// The decoder's share of them, for a client that is authenticated or not.
    pub fn decoder(&self, authenticated: bool) -> Limits {
        Limits {
            word_bytes_max: self.word_bytes_max.load(Relaxed),
            query_bytes_max: self.query_bytes_max.load(Relaxed),
            authenticated,
        }
    }

    /// The bounds for waiting replies of a class.
    pub fn output(&self, class: OutputClass) -> &OutputLimit {
        match class {
            OutputClass::Normal => &self.output_normal,
            OutputClass::PubSub => &self.output_pubsub,
        }
    }
}
