//! What was refused to whom (ACL LOG).

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lockstep_commands::Reply;
use lockstep_commands::users::Denied;
use parking_lot::Mutex;

/// The same refusal within this time is counted with the one before.
const TOGETHER: Duration = Duration::from_secs(60);

/// An entry keeps so many bytes of what was refused, and of a name.
const WORD_BYTES_MAX: usize = 256;

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// To be somebody.
    Auth,
    /// A command.
    Command,
    /// A key.
    Key,
    /// A channel.
    Channel,
}

/// Where it was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// To a command by itself.
    TopLevel,
    /// In a transaction.
    Multi,
    /// In a script.
    Script,
}

/// A refusal.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was refused.
    pub reason: Reason,
    /// Where.
    pub context: Context,
    /// The command, the key, the channel.
    pub object: Vec<u8>,
    /// To whom.
    pub user: Vec<u8>,
    /// The client's line of CLIENT LIST.
    pub client: String,
}

#[derive(Debug)]
struct Kept {
    entry: Entry,
    count: u64,
    last: Instant,
}

/// What was refused to whom, the newest first, and how often of each kind.
#[derive(Debug, Default)]
pub struct Log {
    entries: Mutex<VecDeque<Kept>>,
    counts: [AtomicU64; 4],
}

impl From<Denied> for Reason {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Command => Reason::Command,
            Denied::Key(_) => Reason::Key,
            Denied::Channel(_) => Reason::Channel,
        }
    }
}

impl Log {
    /// Adds a refusal; at most `len_max` entries are kept (`acllog-max-len`).
    pub fn add(&self, mut entry: Entry, len_max: usize) {
        self.counts[entry.reason as usize].fetch_add(1, Ordering::Relaxed);
        entry.object.truncate(WORD_BYTES_MAX);
        entry.user.truncate(WORD_BYTES_MAX);
        let now = Instant::now();
        let mut entries = self.entries.lock();
        let same = |kept: &Kept| {
            let (a, b) = (&kept.entry, &entry);
            (a.reason, a.context) == (b.reason, b.context)
                && (&a.object, &a.user) == (&b.object, &b.user)
                && now.duration_since(kept.last) <= TOGETHER
        };
        let found = entries.iter().position(same).and_then(|at| entries.remove(at));
        let count = 1 + found.map_or(0, |kept| kept.count);
        entries.push_front(Kept { entry, count, last: now });
        entries.truncate(len_max);
    }

    /// How often it happened for this reason since the start or CONFIG RESETSTAT.
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts[reason as usize].load(Ordering::Relaxed)
    }

    /// Begins to count anew.
    pub fn reset_counts(&self) {
        self.counts.iter().for_each(|count| count.store(0, Ordering::Relaxed));
    }

    /// Forgets all entries.
    pub fn reset(&self) {
        self.entries.lock().clear();
    }

    /// The newest entries, at most `count`, as ACL LOG shows them.
    pub fn newest(&self, count: usize) -> Reply {
        let entries = self.entries.lock();
        Reply::Array(entries.iter().take(count).map(Kept::reply).collect())
    }
}

impl Kept {
    fn reply(&self) -> Reply {
        let Entry { reason, context, object, user, client } = &self.entry;
        let reason = match reason {
            Reason::Auth => "auth",
            Reason::Command => "command",
            Reason::Key => "key",
            Reason::Channel => "channel",
        };
        let context = match context {
            Context::TopLevel => "toplevel",
            Context::Multi => "multi",
            Context::Script => "lua",
        };
        let fields = [
            ("count", Reply::Int(i64::try_from(self.count).unwrap_or(i64::MAX))),
            ("reason", Reply::bulk(reason)),
            ("context", Reply::bulk(context)),
            ("object", Reply::bulk(object)),
            ("username", Reply::bulk(user)),
            ("age-seconds", Reply::Double(self.last.elapsed().as_millis() as f64 / 1000.0)),
            ("client-info", Reply::bulk(client)),
        ];
        Reply::Map(fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
    }
}
