//! The slow log: the commands that took longest, with their words.

mod kept;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::Node;
use crate::config::Setting;
use crate::monitor::secrets;
use crate::session::Session;
pub use kept::{Kept, KeptWords};

/// An entry keeps so many words; the last one then tells how many are missing.
pub const WORDS_MAX: usize = 32;
/// An entry keeps so many bytes of each word.
pub const WORD_BYTES_MAX: usize = 128;

/// The slow commands.
#[derive(Debug, Default)]
pub struct Slowlog {
    /// Newest first.
    entries: Mutex<VecDeque<Entry>>,
    next_id: AtomicU64,
}

/// One slow command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number, growing, never used again.
    pub id: u64,
    /// When it ended, in seconds since the Unix epoch.
    pub at_seconds: u64,
    /// How long it took.
    pub micros: u64,
    /// Its words, shortened, secrets left out.
    pub words: Vec<Vec<u8>>,
    /// The client's address.
    pub address: String,
    /// The client's name.
    pub name: Vec<u8>,
}

impl Slowlog {
    /// Looks at a command that has ended: into the log with it if it was slow.
    pub fn offer(&self, node: &Node, session: &Session, elapsed: Duration, words: &[&[u8]]) {
        if !words.is_empty() {
            self.offer_shortened(node, session, elapsed, || KeptWords::whole(words));
        }
    }

    /// As [`Slowlog::offer`], with words that were kept.
    pub fn offer_shortened<'a>(
        &self,
        node: &Node,
        session: &Session,
        elapsed: Duration,
        words: impl FnOnce() -> KeptWords<'a>,
    ) {
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        node.latency.offer_command(node, session, micros);
        let slower_than = node.settings.signed(Setting::SlowlogLogSlowerThan);
        let Ok(slower_than) = u64::try_from(slower_than) else { return };
        if micros < slower_than {
            return;
        }
        let entry = entry(session, micros, words().shown());
        self.add(entry, node.settings.size(Setting::SlowlogMaxLen));
    }

    /// A command has ended that waited, which does not count: into the log with what is shown
    /// of it if that takes everything.
    pub fn offer_shown(&self, node: &Node, session: &Session, words: Vec<Vec<u8>>) {
        if node.settings.signed(Setting::SlowlogLogSlowerThan) == 0 {
            let entry = entry(session, 0, words);
            self.add(entry, node.settings.size(Setting::SlowlogMaxLen));
        }
    }

    /// Adds an entry, and gives it its number.
    pub fn add(&self, mut entry: Entry, len_max: usize) {
        let mut entries = self.entries.lock();
        entry.id = self.next_id.fetch_add(1, Ordering::Relaxed);
        entries.push_front(entry);
        entries.truncate(len_max);
    }

    /// The newest entries, at most `count`.
    pub fn newest(&self, count: usize) -> Vec<Entry> {
        self.entries.lock().iter().take(count).cloned().collect()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.lock().len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.lock().is_empty()
    }

    /// Forgets all entries.
    pub fn reset(&self) {
        self.entries.lock().clear();
    }

    /// The number of the entry that comes next.
    pub fn next_id(&self) -> u64 {
        self.next_id.load(Ordering::Relaxed)
    }

    /// Forgets all entries before this one.
    pub fn reset_before(&self, id: u64) {
        self.entries.lock().retain(|entry| entry.id >= id);
    }
}

fn entry(session: &Session, micros: u64, words: Vec<Vec<u8>>) -> Entry {
    Entry {
        id: 0,
        at_seconds: now_seconds(),
        micros,
        words,
        address: session.client.link().peer.to_string(),
        name: session.client.names().name,
    }
}

/// Seconds since the Unix epoch.
pub fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl KeptWords<'_> {
    /// The words as the log shows them.
    pub fn shown(&self) -> Vec<Vec<u8>> {
        let heads: Vec<&[u8]> = self.words().map(|word| word.head).collect();
        let secrets = secrets(&heads);
        let count = self.count();
        let whole = if count > WORDS_MAX { WORDS_MAX - 1 } else { count };
        let mut shown: Vec<Vec<u8>> = self
            .words()
            .take(whole)
            .enumerate()
            .map(|(at, word)| match word.len.checked_sub(word.head.len()) {
                _ if secrets.contains(&at) => b"(redacted)".to_vec(),
                Some(more) if more > 0 => {
                    [word.head, format!("... ({more} more bytes)").as_bytes()].concat()
                }
                _ => word.head.to_vec(),
            })
            .collect();
        if count > whole {
            shown.push(format!("... ({} more arguments)", count - whole).into_bytes());
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(micros: u64) -> Entry {
        Entry {
            id: 0,
            at_seconds: 1,
            micros,
            words: Vec::new(),
            address: String::new(),
            name: Vec::new(),
        }
    }

    #[test]
    fn the_newest_entries_push_the_oldest_out() {
        let log = Slowlog::default();
        for micros in 0..5 {
            log.add(entry(micros), 3);
        }
        let ids: Vec<u64> = log.newest(usize::MAX).iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [4, 3, 2]);
        assert_eq!(log.newest(1)[0].micros, 4);
        log.reset();
        log.add(entry(9), 3);
        assert_eq!(log.newest(1)[0].id, 5, "numbers are not used again");
    }

    #[test]
    fn what_comes_behind_a_transaction_outlives_a_reset_in_it() {
        let log = Slowlog::default();
        log.add(entry(1), 3);
        let next = log.next_id();
        log.add(entry(2), 3);
        log.reset_before(next);
        let micros: Vec<u64> = log.newest(usize::MAX).iter().map(|entry| entry.micros).collect();
        assert_eq!(micros, [2]);
    }

    #[test]
    fn long_words_and_many_words_are_cut() {
        let long = [b'x'; 200];
        let mut words: Vec<&[u8]> = vec![b"MSET", &long];
        words.extend(std::iter::repeat_n(&b"w"[..], 38));
        let shown = KeptWords::whole(&words).shown();
        assert_eq!(shown.len(), WORDS_MAX);
        assert_eq!(shown[1], [&[b'x'; 128][..], b"... (72 more bytes)"].concat());
        assert_eq!(shown[31], b"... (9 more arguments)");
    }

    #[test]
    fn thirty_two_words_are_all_shown() {
        let words = vec![&b"w"[..]; 32];
        assert_eq!(KeptWords::whole(&words).shown(), vec![b"w".to_vec(); 32]);
    }

    #[test]
    fn secrets_are_left_out() {
        let shown = |words: &[&[u8]]| KeptWords::whole(words).shown().concat();
        assert_eq!(shown(&[b"AUTH", b"pw"]), b"AUTH(redacted)");
        assert_eq!(
            shown(&[b"config", b"SET", b"hz", b"10", b"requirepass", b"pw"]),
            b"configSEThz10requirepass(redacted)"
        );
    }
}
