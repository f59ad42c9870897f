//! Every error text a client can see, once.
//!
//! Texts of Redis commands are Redis' own (7.0.15), because clients compare them.

use std::borrow::Cow;

use lockstep_core::Fault;

/// A refusal, as it goes over the wire: a code in capitals, a blank, a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadArgs(pub Cow<'static, str>);

const fn text(text: &'static str) -> BadArgs {
    BadArgs(Cow::Borrowed(text))
}

/// Words in the wrong place.
pub const SYNTAX: BadArgs = text("ERR syntax error");
/// Not a 64-bit integer.
pub const NOT_INTEGER: BadArgs = text("ERR value is not an integer or out of range");
/// Not a number.
pub const NOT_FLOAT: BadArgs = text("ERR value is not a valid float");
/// The key holds another type.
pub const WRONG_TYPE: BadArgs =
    text("WRONGTYPE Operation against a key holding the wrong kind of value");

/// A database number that is not one.
pub const DB_OUT_OF_RANGE: BadArgs = text("ERR DB index is out of range");
/// SWAPDB, the first word.
pub const BAD_FIRST_DB: BadArgs = text("ERR invalid first DB index");
/// SWAPDB, the second word.
pub const BAD_SECOND_DB: BadArgs = text("ERR invalid second DB index");
/// COPY, RENAME, MOVE onto itself.
pub const SAME_OBJECT: BadArgs = text("ERR source and destination objects are the same");
/// DECRBY by the smallest number.
pub const DECREMENT_OVERFLOW: BadArgs = text("ERR decrement would overflow");
/// SETRANGE before the start.
pub const OFFSET_OUT_OF_RANGE: BadArgs = text("ERR offset is out of range");
/// LCS on other types.
pub const LCS_WRONG_TYPE: BadArgs = text("ERR The specified keys must contain string values");
/// LCS LEN IDX.
pub const LCS_LEN_AND_IDX: BadArgs =
    text("ERR If you want both the length and indexes, please just use IDX.");
/// EXPIRE NX with another option.
pub const EXPIRE_NX_EXCLUDES: BadArgs =
    text("ERR NX and XX, GT or LT options at the same time are not compatible");
/// EXPIRE GT LT.
pub const EXPIRE_GT_AND_LT: BadArgs =
    text("ERR GT and LT options at the same time are not compatible");
/// SCAN's cursor.
pub const BAD_CURSOR: BadArgs = text("ERR invalid cursor");
/// RESTORE's time to live.
pub const BAD_TTL: BadArgs = text("ERR Invalid TTL value, must be >= 0");
/// RESTORE IDLETIME.
pub const BAD_IDLE_TIME: BadArgs = text("ERR Invalid IDLETIME value, must be >= 0");
/// RESTORE FREQ.
pub const BAD_FREQUENCY: BadArgs = text("ERR Invalid FREQ value, must be >= 0 and <= 255");
/// OBJECT FREQ without an LFU policy.
pub const NO_FREQUENCY: BadArgs = text(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that \
     when switching between policies at runtime LRU and LFU data will take some time to adjust.",
);
/// OBJECT IDLETIME with an LFU policy.
pub const NO_IDLE_TIME: BadArgs = text(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when \
     switching between policies at runtime LRU and LFU data will take some time to adjust.",
);
/// COMMAND GETKEYS of no command.
pub const INVALID_COMMAND: BadArgs = text("ERR Invalid command specified");
/// COMMAND GETKEYS of a command without keys.
pub const NO_KEY_ARGUMENTS: BadArgs = text("ERR The command has no key arguments");
/// COMMAND GETKEYS of too few or too many words.
pub const INVALID_WORD_COUNT: BadArgs =
    text("ERR Invalid number of arguments specified for command");
/// COMMAND GETKEYS where the keys cannot be told.
pub const INVALID_KEYS: BadArgs = text("ERR Invalid arguments specified for command");

/// A command before AUTH.
pub const UNAUTHENTICATED: BadArgs = text("NOAUTH Authentication required.");
/// HELLO before AUTH and without it.
pub const HELLO_UNAUTHENTICATED: BadArgs = text(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH \
     <user> <pass> option can be used to authenticate the client and select the RESP protocol \
     version at the same time",
);
/// AUTH with the wrong user or password.
pub const WRONG_PASSWORD: BadArgs =
    text("WRONGPASS invalid username-password pair or user is disabled.");
/// AUTH with a password where none is asked for.
pub const NO_PASSWORD_SET: BadArgs = text(
    "ERR AUTH <password> called without any password configured for the default user. Are you \
     sure your configuration is correct?",
);
/// HELLO with a protocol that is not spoken.
pub const NO_PROTOCOL: BadArgs = text("NOPROTO unsupported protocol version");
/// HELLO with a protocol that is not a number.
pub const PROTOCOL_NOT_INTEGER: BadArgs =
    text("ERR Protocol version is not an integer or out of range");
/// CLIENT SETNAME with a blank.
pub const BAD_CLIENT_NAME: BadArgs =
    text("ERR Client names cannot contain spaces, newlines or special characters.");
/// CLIENT LIST ID of no number.
pub const BAD_CLIENT_ID: BadArgs = text("ERR Invalid client ID");
/// CLIENT KILL ID of no id.
pub const CLIENT_ID_NOT_POSITIVE: BadArgs = text("ERR client-id should be greater than 0");
/// CLIENT KILL of an address that nobody has.
pub const NO_SUCH_CLIENT: BadArgs = text("ERR No such client");
/// A timeout that is not a number.
pub const TIMEOUT_NOT_INTEGER: BadArgs = text("ERR timeout is not an integer or out of range");
/// A timeout that lies in the past.
pub const TIMEOUT_NEGATIVE: BadArgs = text("ERR timeout is negative");
/// CLIENT PAUSE with another word than WRITE or ALL.
pub const PAUSE_MODE: BadArgs = text("ERR CLIENT PAUSE mode must be WRITE or ALL");
/// CLIENT UNBLOCK with another word than TIMEOUT or ERROR.
pub const UNBLOCK_REASON: BadArgs = text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
/// CLIENT TRACKING ON.
pub const TRACKING_MISSING: BadArgs =
    text("ERR client-side caching is not available: CLIENT TRACKING can only be OFF");
/// CLIENT CACHING without tracking.
pub const NOT_TRACKING: BadArgs = text(
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or \
     OPTOUT mode enabled",
);
/// CLIENT TRACKING ON PREFIX without BCAST.
pub const PREFIX_WITHOUT_BROADCAST: BadArgs =
    text("ERR PREFIX option requires BCAST mode to be enabled");
/// What only a cluster can answer.
pub const CLUSTER_DISABLED: BadArgs = text("ERR This instance has cluster support disabled");
/// SHUTDOWN ABORT when none was asked for.
pub const NO_SHUTDOWN: BadArgs = text("ERR No shutdown in progress.");
/// SLOWLOG GET with a bad count.
pub const SLOWLOG_COUNT: BadArgs = text("ERR count should be greater than or equal to -1");
/// DEBUG where `enable-debug-command` does not allow it.
pub const DEBUG_DISABLED: BadArgs = text(
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you \
     can run it from a local connection, otherwise you need to set this option in the \
     configuration file, and then restart the server.",
);
/// What would make this node the replica of another server.
pub const NO_FOREIGN_REPLICATION: BadArgs =
    text("ERR this node replicates by Raft and neither sends nor takes a Redis replication stream");
/// REPLICAOF with a bad port.
pub const BAD_MASTER_PORT: BadArgs = text("ERR Invalid master port");
/// FAILOVER.
pub const NO_REPLICAS_TO_FAIL_OVER: BadArgs = text("ERR FAILOVER requires connected replicas.");
/// C modules.
pub const NO_MODULES: BadArgs = text("ERR modules cannot be loaded into this server");
/// ACL SETUSER, and DELUSER of others than default.
pub const ONE_USER_ONLY: BadArgs =
    text("ERR there is only the default user; its password is set with CONFIG SET requirepass");
/// ACL DELUSER default.
pub const DEFAULT_USER_STAYS: BadArgs = text("ERR The 'default' user cannot be removed");
/// ACL SAVE and LOAD.
pub const NO_ACL_FILE: BadArgs = text("ERR this server keeps no ACL file");
/// ACL GENPASS with a bad number of bits.
pub const PASSWORD_BITS: BadArgs = text(
    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive \
     number up to 4096",
);
/// FUNCTION FLUSH with a bad word.
pub const FUNCTION_FLUSH_MODE: BadArgs = text("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
/// FUNCTION LIST LIBRARYNAME without a name.
pub const NO_LIBRARY_NAME: BadArgs = text("ERR library name argument was not given");
/// SCRIPT FLUSH with a bad word.
pub const SCRIPT_FLUSH_MODE: BadArgs = text("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
/// What scripts would need.
pub const NO_SCRIPTS: BadArgs = text("ERR scripts are not available");
/// CONFIG REWRITE without a file.
pub const NO_CONFIG_FILE: BadArgs = text("ERR The server is running without a config file");
/// WAITAOF of more than this node's disk.
pub const WAITAOF_LOCAL: BadArgs = text("ERR value is out of range, value must between 0 and 1");
/// WAITAOF for this node's disk when the log is never forced there.
pub const WAITAOF_WITHOUT_FSYNC: BadArgs =
    text("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
/// SHUTDOWN inside a transaction.
pub const SHUTDOWN_WAITS: BadArgs =
    text("ERR SHUTDOWN without NOW or ABORT isn't allowed for DENY BLOCKING client");
/// BGSAVE during another.
pub const SAVE_IN_PROGRESS: BadArgs = text("ERR Background save already in progress");

/// HELLO with a word it does not know.
pub fn bad_hello_option(word: &[u8]) -> BadArgs {
    let word = shown(word, SHOWN_BYTES_MAX);
    BadArgs(format!("ERR Syntax error in HELLO option '{word}'").into())
}

/// CLIENT LIST and KILL with a kind that is none.
pub fn unknown_client_type(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unknown client type '{}'", shown(word, SHOWN_BYTES_MAX)).into())
}

/// CLIENT KILL USER with a user that is none.
pub fn no_such_user(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR No such user '{}'", shown(word, SHOWN_BYTES_MAX)).into())
}

/// CLIENT SETINFO with an attribute that is none.
pub fn unrecognized_option(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unrecognized option '{}'", shown(word, SHOWN_BYTES_MAX)).into())
}

/// CLIENT SETINFO with a blank in the value.
pub fn bad_client_attribute(attribute: &[u8]) -> BadArgs {
    let attribute = shown(attribute, SHOWN_BYTES_MAX);
    BadArgs(
        format!("ERR {attribute} cannot contain spaces, newlines or special characters.").into(),
    )
}

/// A subcommand with too few or too many words; `sub` as the client wrote it.
pub fn wrong_subcommand(sub: &[u8], container: &str) -> BadArgs {
    let sub = shown(sub, SHOWN_BYTES_MAX);
    BadArgs(
        format!(
            "ERR unknown subcommand or wrong number of arguments for '{sub}'. Try {container} HELP."
        )
        .into(),
    )
}

/// LATENCY GRAPH of an event that never was.
pub fn no_latency_samples(event: &[u8]) -> BadArgs {
    let event = shown(event, SHOWN_BYTES_MAX);
    BadArgs(format!("ERR No samples available for event '{event}'").into())
}

/// ACL CAT of a category that is none.
pub fn unknown_category(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unknown category '{}'", shown(word, SHOWN_BYTES_MAX)).into())
}

/// FUNCTION LIST with a word it does not know.
pub fn unknown_argument(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unknown argument {}", shown(word, SHOWN_BYTES_MAX)).into())
}

/// DEBUG with a word that means nothing here.
pub fn debug_refused(word: &[u8]) -> BadArgs {
    let word = shown(word, SHOWN_BYTES_MAX);
    BadArgs(format!("ERR DEBUG {word} is not available on this server").into())
}

/// DEBUG ERROR: whatever the client asks for.
pub fn as_asked(word: &[u8]) -> BadArgs {
    BadArgs(shown(word, usize::MAX).into())
}

/// SAVE that failed.
pub fn save_failed(why: &str) -> BadArgs {
    BadArgs(
        format!("ERR the snapshot could not be written: {}", why.replace(['\r', '\n'], " ")).into(),
    )
}

/// A number outside its bounds.
pub fn not_between(min: i64, max: i64) -> BadArgs {
    BadArgs(format!("ERR value is out of range, value must between {min} and {max}").into())
}

/// A time that ends before it begins, or never comes.
pub fn invalid_expire(name: &str) -> BadArgs {
    BadArgs(format!("ERR invalid expire time in '{name}' command").into())
}

/// An option that the command does not have.
pub fn unsupported_option(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unsupported option {}", shown(word, usize::MAX)).into())
}

/// MULTI inside MULTI.
pub const NESTED_MULTI: BadArgs = text("ERR MULTI calls can not be nested");
/// WATCH inside MULTI.
pub const WATCH_IN_MULTI: BadArgs = text("ERR WATCH inside MULTI is not allowed");
/// EXEC outside MULTI.
pub const EXEC_WITHOUT_MULTI: BadArgs = text("ERR EXEC without MULTI");
/// DISCARD outside MULTI.
pub const DISCARD_WITHOUT_MULTI: BadArgs = text("ERR DISCARD without MULTI");
/// EXEC of a transaction of which a command was refused.
pub const EXEC_ABORT: BadArgs =
    text("EXECABORT Transaction discarded because of previous errors.");
/// A command that cannot be part of a transaction.
pub const NOT_IN_MULTI: BadArgs = text("ERR Command not allowed inside a transaction");
/// The queued commands are larger than `client-query-buffer-limit`.
pub const TRANSACTION_TOO_BIG: BadArgs =
    text("ERR the transaction is larger than client-query-buffer-limit");
/// The operations of a transaction belong to several shards.
pub const CROSS_SHARD: BadArgs =
    text("CROSSSLOT the keys, locks and queues of a transaction must be in one shard");
/// No memory is left and nothing may be evicted.
pub const OUT_OF_MEMORY: BadArgs =
    text("OOM command not allowed when used memory > 'maxmemory'.");
/// Not applied: nobody leads the shard.
pub const NO_LEADER: BadArgs =
    text("CLUSTERDOWN the shard has no leader at the moment; nothing was applied, try again");
/// Not applied: too much is waiting.
pub const BUSY: BadArgs =
    text("BUSY the shard has too much to do (inbox-bytes-max); nothing was applied, try again");
/// Not applied: the node is on its way down.
pub const STOPPING: BadArgs =
    text("CLUSTERDOWN the node is stopping; nothing was applied, try another one");
/// Perhaps applied.
pub const UNCERTAIN: BadArgs =
    text("UNCERTAIN the command was proposed, but whether it was applied is not known");

/// An inline command that does not end.
pub const TOO_BIG_INLINE: BadArgs = text("ERR Protocol error: too big inline request");
/// A `*` line that does not end.
pub const TOO_BIG_COUNT: BadArgs = text("ERR Protocol error: too big mbulk count string");
/// A `$` line that does not end.
pub const TOO_BIG_LENGTH: BadArgs = text("ERR Protocol error: too big bulk count string");
/// An inline command with a quote that is not closed, or closed inside a word.
pub const UNBALANCED_QUOTES: BadArgs =
    text("ERR Protocol error: unbalanced quotes in request");
/// A `*` line without a number, or with one too large.
pub const INVALID_COUNT: BadArgs = text("ERR Protocol error: invalid multibulk length");
/// A `$` line without a number, or with one too large.
pub const INVALID_LENGTH: BadArgs = text("ERR Protocol error: invalid bulk length");
/// More words than a client may send before it is authenticated.
pub const UNAUTHENTICATED_COUNT: BadArgs =
    text("ERR Protocol error: unauthenticated multibulk length");
/// A longer word than a client may send before it is authenticated.
pub const UNAUTHENTICATED_LENGTH: BadArgs =
    text("ERR Protocol error: unauthenticated bulk length");
/// Nobody else can connect at the moment.
pub const MAX_CLIENTS: BadArgs = text("ERR max number of clients reached");
/// Protected mode: a client of another machine, and no password.
pub const DENIED: BadArgs = text(
    "DENIED Lockstep runs in protected mode: no password is set, so it serves clients of this \
     machine only. To let others in, set a password (--requirepass, or CONFIG SET requirepass \
     from this machine), or switch protected mode off (--protected-mode no, or CONFIG SET \
     protected-mode no) if only trusted machines can reach this port.",
);

/// A word of a command that does not begin with its length.
pub fn expected_length(found: u8) -> BadArgs {
    let found = String::from_utf8_lossy(&[found]).into_owned();
    BadArgs(format!("ERR Protocol error: expected '$', got '{found}'").into())
}

/// The wrong number of words for the command `name` (lower case, `container|sub`).
pub fn wrong_arity(name: &str) -> BadArgs {
    BadArgs(format!("ERR wrong number of arguments for '{name}' command").into())
}

/// No command of this name; `words` starts with the name.
///
/// Redis quotes the name, then arguments until 128 bytes are full, each behind
/// the other in quotes and with a blank.
pub fn unknown_command(words: &[&[u8]]) -> BadArgs {
    let name = shown(words.first().copied().unwrap_or_default(), SHOWN_BYTES_MAX);
    let mut args = String::new();
    for word in words.iter().skip(1) {
        if args.len() >= SHOWN_BYTES_MAX {
            break;
        }
        args.push_str(&format!("'{}' ", shown(word, SHOWN_BYTES_MAX - args.len())));
    }
    BadArgs(format!("ERR unknown command '{name}', with args beginning with: {args}").into())
}

/// The container `name` has no subcommand `sub`.
pub fn unknown_subcommand(sub: &[u8], name: &str) -> BadArgs {
    let sub = shown(sub, SHOWN_BYTES_MAX);
    let name = name.to_ascii_uppercase();
    BadArgs(format!("ERR unknown subcommand '{sub}'. Try {name} HELP.").into())
}

const SHOWN_BYTES_MAX: usize = 128;

/// What Redis shows of a client's word in an error: at most so many bytes, up to
/// the first NUL, line ends as blanks.
fn shown(word: &[u8], bytes_max: usize) -> String {
    let word = &word[..word.len().min(bytes_max)];
    let word = word.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(word).replace(['\r', '\n'], " ")
}

/// The text for a refusal by a state machine, for the command `name`.
pub fn of_fault(fault: Fault, name: &str) -> BadArgs {
    match fault {
        Fault::WrongType => WRONG_TYPE,
        Fault::NotInteger => NOT_INTEGER,
        Fault::NotFloat => NOT_FLOAT,
        Fault::Overflow => text("ERR increment or decrement would overflow"),
        Fault::NotFinite => text("ERR increment would produce NaN or Infinity"),
        Fault::NoSuchKey => text("ERR no such key"),
        Fault::StringTooLong => {
            text("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
        }
        Fault::InvalidExpire => invalid_expire(name),
        Fault::BusyKey => text("BUSYKEY Target key name already exists."),
        Fault::BadPayload => text("ERR DUMP payload version or checksum are wrong"),
        Fault::BadData => text("ERR Bad data format"),
        Fault::LcsTooLong => text("ERR String too long for LCS"),
        Fault::Nested => NESTED_MULTI,
        Fault::SameObject => SAME_OBJECT,
        Fault::OutOfRange => text("ERR index out of range"),
        Fault::NotHeld => text("NOTHELD the lock is not held by this owner"),
        Fault::AlreadyHeld => text("LOCKED already held by this owner"),
        Fault::Limit => text("LOCKLIMIT the limit is reached"),
        Fault::QueueFull => text("QFULL the queue is full"),
        Fault::TooBig => text("QTOOBIG the message is too big"),
        Fault::BadReceipt => text("QBADID not a message receipt"),
        Fault::Deadlock => text("DEADLOCK victim of a cycle of waits"),
        Fault::Unblocked => text("UNBLOCKED client unblocked via CLIENT UNBLOCK"),
    }
}
