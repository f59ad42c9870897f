//! The texts of the server's own commands.

use super::{BadArgs, SHOWN_BYTES_MAX, shown, text};

/// A count below zero.
pub const NOT_POSITIVE: BadArgs = text("ERR value is out of range, must be positive");
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
/// ACL GENPASS with a bad number of bits.
pub const PASSWORD_BITS: BadArgs = text(
    "ERR ACL GENPASS argument must be the number of bits for the output password, a positive \
     number up to 4096",
);
/// FUNCTION FLUSH with a bad word.
pub const FUNCTION_FLUSH_MODE: BadArgs = text("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
/// FUNCTION LIST LIBRARYNAME without a name.
pub const NO_LIBRARY_NAME: BadArgs = text("ERR library name argument was not given");
/// FUNCTION LOAD and RESTORE where no more are kept.
pub const LIBRARIES_FULL: BadArgs = text(
    "ERR the libraries of functions would have more than function-cache-max bytes; FUNCTION \
     DELETE makes room",
);
/// FUNCTION RESTORE with a bad word.
pub const RESTORE_POLICY: BadArgs =
    text("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
/// FCALL of what is not there.
pub const NO_FUNCTION: BadArgs = text("ERR Function not found");
/// FCALL with what is no number.
pub const BAD_NUMKEYS: BadArgs = text("ERR Bad number of keys provided");
/// SCRIPT FLUSH with a bad word.
pub const SCRIPT_FLUSH_MODE: BadArgs = text("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
/// Scripts where there are none.
pub const NO_SCRIPTS: BadArgs =
    text("ERR scripts are not available: this node was started with scripting no");
/// SCRIPT LOAD where no more are remembered.
pub const SCRIPTS_FULL: BadArgs = text(
    "ERR the scripts that are remembered have script-cache-max bytes; SCRIPT FLUSH forgets them",
);
/// EVALSHA of what is not there.
pub const NO_SCRIPT: BadArgs = text("NOSCRIPT No matching script. Please use EVAL.");
/// A script that must not write.
pub const SCRIPT_READ_ONLY: BadArgs =
    text("ERR Write commands are not allowed from read-only scripts.");
/// SCRIPT KILL.
pub const NO_SCRIPT_RUNS: BadArgs = text("NOTBUSY No scripts in execution right now.");
/// EVAL with fewer than no keys.
pub const NEGATIVE_NUMKEYS: BadArgs = text("ERR Number of keys can't be negative");
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

/// CACHE PIN beyond `cache-pinned-max`.
pub const TOO_MANY_PINS: BadArgs =
    text("ERR more of the cache would be pinned than cache-pinned-max allows");
/// CACHE TRACE ON of one more key than `cache-traces-max`.
pub const TOO_MANY_TRACES: BadArgs = text("ERR no more keys may be traced at this node");
/// CACHE TRACE ON by a connection that cannot be pushed anything.
pub const TRACE_NEEDS_RESP3: BadArgs =
    text("ERR CACHE TRACE needs RESP3 (HELLO 3), which has pushes");

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

/// FUNCTION LOAD with a word it does not know.
pub fn unknown_option(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unknown option given: {}", shown(word, SHOWN_BYTES_MAX)).into())
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
