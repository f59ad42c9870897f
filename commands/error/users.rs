//! The texts about users and what they may do.

use super::{BadArgs, SHOWN_BYTES_MAX, shown, text};

/// A key that the user may not touch.
pub const NO_PERMISSION_KEY: BadArgs =
    text("NOPERM this user has no permissions to access one of the keys used as arguments");
/// A channel that the user may not use.
pub const NO_PERMISSION_CHANNEL: BadArgs =
    text("NOPERM this user has no permissions to access one of the channels used as arguments");
/// A queued command that is denied by now.
pub const EXEC_NO_COMMAND: BadArgs = text(
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC \
     call. This command is no longer allowed for the following reason: no permission to execute \
     the command or subcommand",
);
/// A queued command with a key that is denied by now.
pub const EXEC_NO_KEY: BadArgs = text(
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC \
     call. This command is no longer allowed for the following reason: no permission to touch \
     the specified keys",
);
/// A queued command with a channel that is denied by now.
pub const EXEC_NO_CHANNEL: BadArgs = text(
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC \
     call. This command is no longer allowed for the following reason: no permission to access \
     one of the channels used as arguments",
);
/// SORT BY of a user who may not read every key.
pub const SORT_BY_DENIED: BadArgs =
    text("ERR BY option of SORT denied due to insufficient ACL permissions.");
/// SORT GET of the same.
pub const SORT_GET_DENIED: BadArgs =
    text("ERR GET option of SORT denied due to insufficient ACL permissions.");
/// A user's name with a blank.
pub const BAD_USER_NAME: BadArgs = text("ERR Usernames can't contain spaces or null characters");
/// ACL DELUSER default.
pub const DEFAULT_USER_STAYS: BadArgs = text("ERR The 'default' user cannot be removed");
/// ACL SETUSER of one more user than there may be.
pub const TOO_MANY_USERS: BadArgs =
    text("ERR there are as many users as there may be (acl-users-max)");
/// ACL SETUSER with more rules than a user may have.
pub const TOO_MANY_RULES: BadArgs =
    text("ERR the user has more rules than one may have (acl-user-rules-max)");
/// ACL SETUSER with more bytes than a user may have.
pub const USER_TOO_BIG: BadArgs =
    text("ERR the user has more bytes than one may have (acl-user-bytes-max)");
/// Somebody else changes the same user all the time.
pub const USER_CHANGES: BadArgs =
    text("TRYAGAIN others change this user at the same time; nothing was applied");
/// ACL SAVE and LOAD.
pub const NO_ACL_FILE: BadArgs = text(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users \
     via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis \
     configuration file set) in order to store users in the Redis configuration.",
);
/// A wait of a user who may no longer have what it waits for.
pub const WAIT_DENIED: BadArgs =
    text("NOPERM the rights of this user have changed; the request waits no longer");

/// A command that the user may not run; `name` in lower case.
pub fn no_permission_to_run(name: &str) -> BadArgs {
    BadArgs(format!("NOPERM this user has no permissions to run the '{name}' command").into())
}

/// A rule of ACL SETUSER that is none, and why.
pub fn bad_user_rule(rule: &[u8], why: &str) -> BadArgs {
    let rule = shown(rule, SHOWN_BYTES_MAX);
    BadArgs(format!("ERR Error in ACL SETUSER modifier '{rule}': {why}").into())
}

/// A selector of ACL SETUSER that does not end.
pub fn open_selector(word: &[u8]) -> BadArgs {
    let word = shown(word, SHOWN_BYTES_MAX);
    BadArgs(format!("ERR Unmatched parenthesis in acl selector starting at '{word}'.").into())
}

/// ACL DRYRUN of a user that is none.
pub fn dryrun_no_user(user: &[u8]) -> BadArgs {
    BadArgs(format!("ERR User '{}' not found", shown(user, SHOWN_BYTES_MAX)).into())
}

/// ACL DRYRUN of a command that is none.
pub fn dryrun_no_command(words: &[&[u8]]) -> BadArgs {
    let name = words.first().copied().unwrap_or_default();
    BadArgs(format!("ERR Command '{}' not found", shown(name, SHOWN_BYTES_MAX)).into())
}
