//! MONITOR: every command of every client, as it begins, and those of scripts.

mod redact;

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lockstep_commands::Command;
use lockstep_core::Db;
use parking_lot::RwLock;

use crate::clients::{Client, Flag};
use crate::session::Session;
pub use redact::secrets;

/// The connections that watch all commands.
#[derive(Debug, Default)]
pub struct Monitors {
    /// As long as the list: nobody watching costs one load per command.
    count: AtomicUsize,
    list: RwLock<Vec<Arc<Client>>>,
}

impl Monitors {
    /// A client begins to watch.
    pub fn enter(&self, client: &Arc<Client>) {
        let mut list = self.list.write();
        if !list.iter().any(|there| there.id() == client.id()) {
            client.set(Flag::Monitor, true);
            list.push(client.clone());
        }
        self.count.store(list.len(), Ordering::Release);
    }

    /// A client no longer watches.
    pub fn leave(&self, client: &Client) {
        let mut list = self.list.write();
        list.retain(|there| there.id() != client.id());
        client.set(Flag::Monitor, false);
        self.count.store(list.len(), Ordering::Release);
    }

    /// How many watch.
    pub fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Whether nobody watches.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Shows a command to all who watch. Administrative ones are not shown, and what runs a
    /// script was shown ahead of it.
    pub fn feed(&self, session: &Session, command: &Command, words: &[&[u8]]) {
        if !self.is_empty() && !command.spec.is("admin") && !is_shown_ahead(command) {
            self.show(session.db, &session.client.link().peer.to_string(), words);
        }
    }

    /// The same of a command that is about to run a script, whose commands stand behind it.
    pub fn feed_ahead(&self, session: &Session, command: &Command, words: &[&[u8]]) {
        if !self.is_empty() && is_shown_ahead(command) {
            self.show(session.db, &session.client.link().peer.to_string(), words);
        }
    }

    /// Shows a command that a script has called.
    pub fn feed_called(&self, db: Db, command: &Command, words: &[&[u8]]) {
        if !self.is_empty() && !command.spec.is("admin") {
            self.show(db, "lua", words);
        }
    }

    fn show(&self, db: Db, address: &str, words: &[&[u8]]) {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let line = line(since, db.0, address, words);
        for client in self.list.read().iter() {
            client.push(line.as_bytes());
        }
    }
}

/// Whether a command runs a script: Redis does not show it of itself, but the script does.
fn is_shown_ahead(command: &Command) -> bool {
    command.spec.is("skip_monitor")
}

/// A command's line, as it goes over the wire.
pub fn line(since: Duration, db: u8, address: &str, words: &[&[u8]]) -> String {
    let secrets = secrets(words);
    let mut line = format!("+{}.{:06} [{db} {address}]", since.as_secs(), since.subsec_micros());
    for (at, word) in words.iter().enumerate() {
        let word = if secrets.contains(&at) { &b"(redacted)"[..] } else { word };
        line.push(' ');
        quote(word, &mut line);
    }
    line.push_str("\r\n");
    line
}

/// Appends a word in quotes, everything that is no plain ASCII escaped.
fn quote(word: &[u8], line: &mut String) {
    line.push('"');
    for &byte in word {
        match byte {
            b'\\' | b'"' => line.extend(['\\', char::from(byte)]),
            b'\n' => line.push_str("\\n"),
            b'\r' => line.push_str("\\r"),
            b'\t' => line.push_str("\\t"),
            0x07 => line.push_str("\\a"),
            0x08 => line.push_str("\\b"),
            b' '..=b'~' => line.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(line, "\\x{byte:02x}");
            }
        }
    }
    line.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(words: &[&[u8]]) -> String {
        line(Duration::new(1_339_518_083, 107_412_000), 3, "127.0.0.1:60866", words)
    }

    #[test]
    fn a_line_has_time_database_and_address() {
        assert_eq!(
            shown(&[b"keys", b"*"]),
            "+1339518083.107412 [3 127.0.0.1:60866] \"keys\" \"*\"\r\n"
        );
    }

    #[test]
    fn words_are_quoted_so_that_a_line_stays_a_line() {
        let word = b"a\"b\\c\n\r\t\x07\x08\x00\xff~ \xc3\xa9";
        let quoted = r#""a\"b\\c\n\r\t\a\b\x00\xff~ \xc3\xa9""#;
        assert!(shown(&[b"ECHO", word]).ends_with(&format!(" \"ECHO\" {quoted}\r\n")));
    }

    #[test]
    fn secrets_are_left_out() {
        let line = shown(&[b"HELLO", b"3", b"AUTH", b"me", b"pw", b"SETNAME", b"x"]);
        assert!(line.contains(r#""AUTH" "(redacted)" "(redacted)" "SETNAME" "x""#), "{line}");
        assert!(!line.contains("pw"), "{line}");
    }
}
