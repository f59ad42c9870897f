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
    /// MULTI and EXEC.
    Transactions,
    /// Locks.
    Locks,
    /// Queues.
    Queues,
}

/// Where some of a command's keys stand (Redis' key specifications).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// RW, RO, OW or RM first, then what happens to the value: access, update,
    /// insert, delete, and so on.
    pub flags: &'static [&'static str],
    /// The index of the first key, counting the command's name as 0.
    pub first: i16,
    /// The index of the last one relative to the first; negative from the end (-1: the last word).
    pub last: i16,
    /// The distance from one key to the next.
    pub step: i16,
}

impl Spec {
    /// Whether `count` words, the name among them, are allowed.
    pub fn takes(&self, count: usize) -> bool {
        let arity = i64::from(self.arity);
        let count = count as i64;
        if arity >= 0 { count == arity } else { count >= -arity }
    }

    /// Whether it has this flag.
    pub fn is(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }
}
