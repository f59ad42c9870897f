//! Scripts: what a shard remembers of them, and how they are run.
//!
//! The bodies are replicated state, so a script that was loaded through one node is known
//! to all of them and after every failover. A script is carried out when its operation is
//! applied, on every replica. The interpreter is handed in ([`Engine`]): it has to be a pure
//! function of the call and of what the key space answers, and is bounded by counts that
//! stand in the operation ([`Terms`]), so that it stops at the same place everywhere.

pub mod functions;
mod sha1;
mod table;

use std::fmt::Debug;

use crate::{Db, Origin, Outcome, keys, wire_enum};

pub use sha1::{Sha, sha1};
pub use table::{Frozen, Table};

wire_enum! {
    /// An operation on scripts.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Op<'a> {
        /// EVAL, EVALSHA: runs a script. What it gave in the form of the engine, or
        /// [`NoScript`](crate::Fault::NoScript).
        0 => Run {
            /// Which one.
            script: Script<'a>,
            /// The keys it names beforehand.
            keys: Vec<&'a [u8]>,
            /// Its other arguments.
            args: Vec<&'a [u8]>,
            /// Under which conditions.
            terms: Terms,
        },
        /// SCRIPT LOAD: remembers a script. The bytes of its SHA-1 in hexadecimal digits.
        1 => Load {
            /// The script.
            body: &'a [u8],
            /// How many bytes all scripts may have.
            bytes_max: u64,
        },
        /// SCRIPT FLUSH: forgets all scripts.
        2 => Flush {},
        /// SCRIPT EXISTS: a list of 1 and 0. A read.
        3 => Exists {
            /// The SHA-1 of each, in hexadecimal digits.
            shas: Vec<&'a [u8]>,
        },
        /// FCALL: runs a function of a library. What it gave in the form of the engine, or
        /// [`NoFunction`](crate::Fault::NoFunction).
        136 => Call {
            /// Its name.
            function: &'a [u8],
            /// The keys it names beforehand.
            keys: Vec<&'a [u8]>,
            /// Its other arguments.
            args: Vec<&'a [u8]>,
            /// Under which conditions.
            terms: Terms,
        },
        /// The same for a user who may not do everything.
        135 => CallFor {
            /// Its name.
            function: &'a [u8],
            /// The keys it names beforehand.
            keys: Vec<&'a [u8]>,
            /// Its other arguments.
            args: Vec<&'a [u8]>,
            /// Under which conditions.
            terms: Terms,
            /// The user as bytes, as the engine reads them.
            user: &'a [u8],
        },
        /// FUNCTION: on the libraries of functions.
        137 => Function {
            /// The operation.
            op: functions::Op<'a>,
        },
    }
}

wire_enum! {
    /// A script that is called.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Script<'a> {
        /// This one.
        0 => Text {
            /// Its text.
            body: &'a [u8],
        },
        /// One that is remembered.
        1 => Named {
            /// Its SHA-1 in hexadecimal digits.
            sha: &'a [u8],
        },
        /// This one, for a user who may not do everything.
        133 => TextFor {
            /// Its text.
            body: &'a [u8],
            /// The user as bytes, as the engine reads them.
            user: &'a [u8],
        },
        /// One that is remembered, for such a user.
        134 => NamedFor {
            /// Its SHA-1 in hexadecimal digits.
            sha: &'a [u8],
            /// The user as bytes, as the engine reads them.
            user: &'a [u8],
        },
    }
}

impl<'a> Script<'a> {
    /// The same script, for a user who may not do everything.
    #[must_use]
    pub fn for_user(self, user: &'a [u8]) -> Self {
        match self {
            Script::Text { body } | Script::TextFor { body, .. } => Script::TextFor { body, user },
            Script::Named { sha } | Script::NamedFor { sha, .. } => Script::NamedFor { sha, user },
        }
    }

    /// The user for whom it runs; none: one who may do everything.
    pub fn user(&self) -> Option<&'a [u8]> {
        match self {
            Script::Text { .. } | Script::Named { .. } => None,
            Script::TextFor { user, .. } | Script::NamedFor { user, .. } => Some(user),
        }
    }
}

wire_enum! {
    /// The conditions under which a script runs: they come from the settings of the node
    /// that was asked, and must be the same on every replica.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Terms {
        /// The only form.
        1 => Of {
            /// The selected database.
            db: Db,
            /// Whether it must not write (EVAL_RO): then it is a read, which is not logged,
            /// and does not remember the script either.
            read_only: bool,
            /// Whether keys are spread by slot: then only those of the slot of its keys
            /// are for it, unless its shard has them all.
            spread: bool,
            /// How many steps it may take.
            steps_max: u64,
            /// How many bytes of memory it may use.
            memory_max: u64,
            /// How many bytes all remembered scripts may have.
            cache_max: u64,
            /// The largest string a command may make.
            string_bytes_max: u64,
            /// How many entries a block of a stream has; 0: any number.
            block_entries_max: u64,
            /// How many bytes such a block has; 0: any number.
            block_bytes_max: u64,
            /// What else holds: [`LFU`], [`NO_ROOM`], [`ALL_SLOTS`], [`NO_REPLICAS`].
            notes: u8,
        },
    }
}

/// A note of [`Terms`]: the eviction policy counts accesses.
pub const LFU: u8 = 1;
/// A note of [`Terms`]: there is no room for what adds something. Whether there is, whoever
/// leads the shard says.
pub const NO_ROOM: u8 = 2;
/// A note of [`Terms`]: keys are spread by slot, and this shard has every slot.
pub const ALL_SLOTS: u8 = 4;
/// A note of [`Terms`]: there are too few replicas for what writes.
pub const NO_REPLICAS: u8 = 8;

/// A note of what a run gave, a number behind the bytes of its reply; none stands for 0: a
/// command was carried out that only reads.
pub const HAS_READ: i64 = 1;
/// The same: its reply is the error of one of its commands, and was counted as that.
pub const IS_COUNTED: i64 = 2;

impl Terms {
    /// The same with one more note.
    #[must_use]
    pub fn noted(mut self, note: u8) -> Self {
        let Terms::Of { notes, .. } = &mut self;
        *notes |= note;
        self
    }
}

/// A script, or a function of a library, that is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Which function; none: the script itself.
    pub function: Option<&'a Called<'a>>,
    /// The text of the script, or of the library.
    pub body: &'a [u8],
    /// The SHA-1 of that.
    pub sha: Sha,
    /// The keys it names beforehand.
    pub keys: &'a [&'a [u8]],
    /// Its other arguments.
    pub args: &'a [&'a [u8]],
    /// The user for whom it runs, as bytes; none: one who may do everything.
    pub user: Option<&'a [u8]>,
    /// Under which conditions.
    pub terms: Terms,
}

/// A function that is to be run.
#[derive(Clone, Copy, Debug)]
pub struct Called<'a> {
    /// The function.
    pub function: &'a functions::Function,
    /// What it is made from.
    pub source: Source<'a>,
}

/// A library that is to be loaded.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its text.
    pub code: &'a [u8],
    /// The SHA-1 of that.
    pub sha: Sha,
    /// How many steps that may take.
    pub steps_max: u64,
    /// How many bytes of memory.
    pub memory_max: u64,
}

/// What a script reaches of the world: the shard it runs in.
pub trait World {
    /// Carries out an operation on keys, which does not wait.
    fn apply(&mut self, op: &keys::Op<'_>) -> Outcome;
    /// A message for all who listen to a channel.
    fn publish(&mut self, shard: bool, channel: &[u8], message: &[u8]);
    /// The time of the entry, in milliseconds since the Unix epoch.
    fn now_ms(&self) -> u64;
    /// The number of the last operation, the seed of choices.
    fn seed(&self) -> u64;
    /// Who asked for the script, for those who tell of it: what it does must not depend on
    /// that.
    fn asker(&self) -> Asker;
}

/// Who asked for a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A reader: it runs here alone, and is in no log.
    Reader,
    /// This connection: all replicas run it.
    Connection(Origin),
    /// Nobody can say: it comes out of a log.
    Unknown,
}

/// Runs scripts. All replicas have the same one.
pub trait Engine: Send + Sync + Debug + 'static {
    /// Runs a script. The outcome is a pure function of the call and of what `world`
    /// answers; it never panics for what is in the script.
    fn run(&self, call: &Call<'_>, world: &mut dyn World) -> Outcome;
    /// Why this is no script, if it is none.
    fn refuses(&self, body: &[u8]) -> Option<Outcome>;
    /// What a library registers: a pure function of the source.
    ///
    /// # Errors
    /// Why it cannot be loaded, in words for the client.
    fn load(&self, source: &Source<'_>) -> Result<Vec<functions::Function>, String>;
}

impl<'a> Op<'a> {
    /// The same operation, for a user who may not do everything.
    #[must_use]
    pub fn for_user(self, user: &'a [u8]) -> Self {
        match self {
            Op::Run { script, keys, args, terms } => {
                Op::Run { script: script.for_user(user), keys, args, terms }
            }
            Op::Call { function, keys, args, terms }
            | Op::CallFor { function, keys, args, terms, .. } => {
                Op::CallFor { function, keys, args, terms, user }
            }
            other => other,
        }
    }
}

impl Op<'_> {
    /// Whether this changes anything that replicas must agree on. A script may, unless it
    /// must not.
    pub fn is_write(&self) -> bool {
        match self {
            Op::Run { terms: Terms::Of { read_only, .. }, .. }
            | Op::Call { terms: Terms::Of { read_only, .. }, .. }
            | Op::CallFor { terms: Terms::Of { read_only, .. }, .. } => !read_only,
            Op::Function { op } => op.is_write(),
            Op::Load { .. } | Op::Flush {} => true,
            Op::Exists { .. } => false,
        }
    }

    /// The same operation where there is no room for what adds something. None: it runs
    /// nothing.
    #[must_use]
    pub fn without_room(mut self) -> Option<Self> {
        match &mut self {
            Op::Run { terms, .. } | Op::Call { terms, .. } | Op::CallFor { terms, .. } => {
                *terms = terms.noted(NO_ROOM);
                Some(self)
            }
            _ => None,
        }
    }

    /// Whether it runs a script or a function, which may do anything.
    pub fn runs(&self) -> bool {
        matches!(self, Op::Run { .. } | Op::Call { .. } | Op::CallFor { .. })
    }

    /// The database in which it begins, if it runs anything.
    pub fn db(&self) -> Option<Db> {
        match self {
            Op::Run { terms: Terms::Of { db, .. }, .. }
            | Op::Call { terms: Terms::Of { db, .. }, .. }
            | Op::CallFor { terms: Terms::Of { db, .. }, .. } => Some(*db),
            _ => None,
        }
    }

    /// The names of the keys it declares.
    pub fn key_names(&self) -> &[&[u8]] {
        match self {
            Op::Run { keys, .. } | Op::Call { keys, .. } | Op::CallFor { keys, .. } => keys,
            _ => &[],
        }
    }
}
