//! The texts of the handshake and of CLIENT.

use super::{BadArgs, SHOWN_BYTES_MAX, shown, text};

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
/// A timeout in seconds that is not a number.
pub const TIMEOUT_NOT_FLOAT: BadArgs = text("ERR timeout is not a float or out of range");
/// A timeout that lies in the past.
pub const TIMEOUT_NEGATIVE: BadArgs = text("ERR timeout is negative");
/// CLIENT PAUSE with another word than WRITE or ALL.
pub const PAUSE_MODE: BadArgs = text("ERR CLIENT PAUSE mode must be WRITE or ALL");
/// CLIENT UNBLOCK with another word than TIMEOUT or ERROR.
pub const UNBLOCK_REASON: BadArgs = text("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
/// CLIENT TRACKING REDIRECT to nobody.
pub const REDIRECT_TO_NOBODY: BadArgs =
    text("ERR The client ID you want redirect to does not exist");
/// CLIENT TRACKING with two REDIRECT.
pub const REDIRECT_TWICE: BadArgs = text("ERR A client can only redirect to a single other client");
/// CLIENT TRACKING ON BCAST where it was on without, or the other way round.
pub const BROADCAST_SWITCHED: BadArgs = text(
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then \
     re-enabling it with a different mode.",
);
/// CLIENT TRACKING ON BCAST with OPTIN or OPTOUT.
pub const BROADCAST_WITH_CHOICE: BadArgs =
    text("ERR OPTIN and OPTOUT are not compatible with BCAST");
/// CLIENT TRACKING ON OPTIN OPTOUT.
pub const CHOICE_TWICE: BadArgs = text("ERR You can't specify both OPTIN mode and OPTOUT mode");
/// CLIENT TRACKING ON OPTIN where it was on with OPTOUT, or the other way round.
pub const CHOICE_SWITCHED: BadArgs = text(
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then \
     re-enabling it with a different mode.",
);
/// CLIENT CACHING YES without OPTIN.
pub const NOT_OPTED_IN: BadArgs =
    text("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
/// CLIENT CACHING NO without OPTOUT.
pub const NOT_OPTED_OUT: BadArgs =
    text("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
/// CLIENT CACHING without tracking.
pub const NOT_TRACKING: BadArgs = text(
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or \
     OPTOUT mode enabled",
);
/// CLIENT TRACKING ON PREFIX without BCAST.
pub const PREFIX_WITHOUT_BROADCAST: BadArgs =
    text("ERR PREFIX option requires BCAST mode to be enabled");
/// CLIENT TRACKING ON PREFIX with a prefix of a prefix that the client has already.
pub fn prefix_overlaps(prefix: &[u8], other: &[u8]) -> BadArgs {
    overlaps(prefix, "an existing", other)
}

/// CLIENT TRACKING ON with two prefixes of which one begins with the other.
pub fn prefixes_overlap(prefix: &[u8], other: &[u8]) -> BadArgs {
    overlaps(prefix, "another provided", other)
}

fn overlaps(prefix: &[u8], which: &str, other: &[u8]) -> BadArgs {
    let (prefix, other) = (shown(prefix, SHOWN_BYTES_MAX), shown(other, SHOWN_BYTES_MAX));
    BadArgs(
        format!(
            "ERR Prefix '{prefix}' overlaps with {which} prefix '{other}'. Prefixes for a single \
             client must not overlap."
        )
        .into(),
    )
}

/// What a subscriber that speaks RESP2 may not do; `name` in lower case.
pub fn subscribed(name: &str) -> BadArgs {
    BadArgs(
        format!(
            "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / \
             RESET are allowed in this context"
        )
        .into(),
    )
}

/// SSUBSCRIBE inside a transaction.
pub const SSUBSCRIBE_WAITS: BadArgs =
    text("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");

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
