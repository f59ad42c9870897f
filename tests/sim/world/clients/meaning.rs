//! What a client asks for, as words and as what the checkers need.

use lockstep_commands::{Reply, table};
use lockstep_core::Outcome;

use super::guards::Guarded;
use super::members::Asked;
use super::queues;

/// What one command is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// GET of a register.
    Get(u32),
    /// SET of a register.
    Set(u32, Vec<u8>),
    /// INCRBY.
    Add(u32, i64),
    /// APPEND to a register.
    Append(u32, Vec<u8>),
    /// SET ... IFEQ: from, to.
    Swap(u32, Vec<u8>, Vec<u8>),
    /// DEL of a register.
    Delete(u32),
    /// APPEND of an element to a list.
    Push(u32, u64),
    /// GET of a list.
    List(u32),
    /// MULTI, these, EXEC.
    Multi(Vec<Meaning>),
    /// EVAL of something that reads two lists and appends to one.
    Script(Script),
    /// SET of the client's own key with a time to live.
    SetShort(u64, u64),
    /// GET of it.
    GetShort,
    /// LOCK: which, under a name or by the connection, for how long, waiting how long.
    Lock {
        /// Which lock.
        lock: u32,
        /// Under a name of the client's.
        named: bool,
        /// The lease.
        lease_ms: Option<u64>,
        /// How long to wait in line.
        block_ms: Option<u64>,
    },
    /// UNLOCK of what the client holds.
    Unlock {
        /// Which lock.
        lock: u32,
        /// Whether it is held under a name.
        named: bool,
    },
    /// Something with a queue.
    Queue(queues::Asked),
    /// Something with a lock that may be shared.
    Guarded(Guarded),
    /// Something with a session.
    Session(Asked),
    /// Nobody wants to know.
    Nothing,
}

/// A script: GET of two lists, APPEND of an element to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// The lists that it reads.
    pub read: [u32; 2],
    /// The list that it appends to.
    pub to: u32,
    /// What it appends.
    pub element: u64,
    /// Whether it declares the list that it appends to.
    pub declares: bool,
}

impl Script {
    const BODY: &str = "return {redis.call('GET',ARGV[1]),redis.call('GET',ARGV[2]),\
                        redis.call('APPEND',ARGV[3],ARGV[4])}";

    /// What it does, one behind the other.
    pub fn steps(&self) -> Vec<Meaning> {
        let [one, other] = self.read.map(Meaning::List);
        vec![one, other, Meaning::Push(self.to, self.element)]
    }

    fn words(&self) -> Vec<Vec<u8>> {
        let declared = if self.declares { vec![list(self.to)] } else { Vec::new() };
        let mut words = vec![word("EVAL"), word(Script::BODY), word(declared.len().to_string())];
        words.extend(declared.into_iter().map(word));
        words.extend([self.read[0], self.read[1], self.to].map(|key| word(list(key))));
        words.push(word(element(self.element)));
        words
    }

    /// What its steps gave; none: that is no outcome of it.
    pub fn outcomes(outcome: &Outcome) -> Option<Outcome> {
        let (eval, _) = table::find(&[b"EVAL", b"", b"0"]).ok()?;
        let Reply::Array(items) = (eval.reply)(eval.spec, outcome.clone()) else { return None };
        let one = |item| match item {
            Reply::Bulk(bytes) => Some(Outcome::Bytes(bytes)),
            Reply::Int(number) => Some(Outcome::Int(number)),
            Reply::Nil => Some(Outcome::Nil),
            _ => None,
        };
        items.into_iter().map(one).collect::<Option<Vec<_>>>().map(Outcome::List)
    }
}

/// A word of a command.
pub fn word(text: impl Into<Vec<u8>>) -> Vec<u8> {
    text.into()
}

/// Which key or lock or queue: the names of all of them.
pub fn register(key: u32) -> String {
    format!("r{key}")
}

/// A list.
pub fn list(key: u32) -> String {
    format!("list{key}")
}

/// A lock.
pub fn lock(lock: u32) -> String {
    format!("lock{lock}")
}

/// How an element stands in a list; all are of one length.
pub const ELEMENT_BYTES: usize = 9;

/// An element of a list.
pub fn element(element: u64) -> String {
    format!("{element:08x},")
}

/// Reads a list back.
pub fn elements(bytes: &[u8]) -> Option<Vec<u64>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let words = text.split_terminator(',');
    words.map(|word| u64::from_str_radix(word, 16).ok()).collect()
}

impl Meaning {
    /// The command; of MULTI the commands in between.
    pub fn commands(&self, conn: u64, sorts: &queues::Sorts) -> Vec<Vec<Vec<u8>>> {
        match self {
            Meaning::Multi(inside) => {
                inside.iter().flat_map(|meaning| meaning.commands(conn, sorts)).collect()
            }
            Meaning::Guarded(guarded) => guarded.commands(),
            Meaning::Queue(asked) => asked.commands(sorts),
            one => vec![one.words(conn)],
        }
    }

    /// Whether its commands are carried out as one.
    pub fn is_transaction(&self) -> bool {
        match self {
            Meaning::Multi(_) => true,
            Meaning::Guarded(guarded) => guarded.is_transaction(),
            Meaning::Queue(asked) => matches!(asked, queues::Asked::Exchange(..)),
            _ => false,
        }
    }

    /// Whether its client may have got a lock that it does not know of.
    pub fn may_hold(&self) -> bool {
        match self {
            Meaning::Lock { .. } => true,
            Meaning::Guarded(guarded) => guarded.may_hold(),
            Meaning::Session(asked) => asked.binds(),
            _ => false,
        }
    }

    fn words(&self, conn: u64) -> Vec<Vec<u8>> {
        let mut words = match self {
            Meaning::Get(key) => vec![word("GET"), word(register(*key))],
            Meaning::Set(key, value) => vec![word("SET"), word(register(*key)), value.clone()],
            Meaning::Add(key, by) => {
                vec![word("INCRBY"), word(register(*key)), word(by.to_string())]
            }
            Meaning::Append(key, bytes) => {
                vec![word("APPEND"), word(register(*key)), bytes.clone()]
            }
            Meaning::Swap(key, from, to) => {
                vec![word("SET"), word(register(*key)), to.clone(), word("IFEQ"), from.clone()]
            }
            Meaning::Delete(key) => vec![word("DEL"), word(register(*key))],
            Meaning::Push(key, new) => vec![word("APPEND"), word(list(*key)), word(element(*new))],
            Meaning::List(key) => vec![word("GET"), word(list(*key))],
            Meaning::SetShort(value, ttl_ms) => vec![
                word("SET"),
                word(format!("short{conn}")),
                word(value.to_string()),
                word("PX"),
                word(ttl_ms.to_string()),
            ],
            Meaning::GetShort => vec![word("GET"), word(format!("short{conn}"))],
            Meaning::Script(script) => script.words(),
            Meaning::Lock { lock: which, named, lease_ms, .. } => {
                let mut words = vec![word("LOCK"), word(lock(*which))];
                words.extend(owner(*named, conn));
                words.extend(option("PX", *lease_ms));
                words
            }
            Meaning::Unlock { lock: which, named } => {
                let mut words = vec![word("UNLOCK"), word(lock(*which))];
                words.extend(owner(*named, conn));
                words
            }
            Meaning::Multi(_)
            | Meaning::Guarded(_)
            | Meaning::Queue(_)
            | Meaning::Session(_)
            | Meaning::Nothing => Vec::new(),
        };
        words.extend(option("BLOCK", self.block_ms()));
        words
    }

    /// How long it is ready to wait in line.
    pub fn block_ms(&self) -> Option<u64> {
        match self {
            Meaning::Lock { block_ms, .. } => *block_ms,
            Meaning::Queue(asked) => asked.block_ms(),
            Meaning::Guarded(guarded) => guarded.block_ms(),
            _ => None,
        }
    }
}

fn owner(named: bool, conn: u64) -> Vec<Vec<u8>> {
    if named { vec![word("OWNER"), word(format!("conn{conn}"))] } else { Vec::new() }
}

/// An option of a command, if it is wanted.
pub fn option(name: &str, value: Option<u64>) -> Vec<Vec<u8>> {
    value.map_or_else(Vec::new, |value| vec![word(name), word(value.to_string())])
}
