//! How often which error was sent.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use lockstep_commands::BadArgs;
use parking_lot::Mutex;

/// So many codes are told apart; clients can make up new ones.
const CODES_MAX: usize = 128;
/// What all others are counted as.
const OVERFLOW: &str = "ERRORSTATS_OVERFLOW";
/// Longer codes are cut.
const CODE_BYTES_MAX: usize = 64;

/// How often which error was sent.
#[derive(Debug, Default)]
pub(super) struct Errors {
    total: AtomicU64,
    codes: Mutex<BTreeMap<String, u64>>,
}

/// The code of an error: its first word.
pub(super) fn code(bad: &BadArgs) -> &str {
    bad.0.split(' ').next().unwrap_or_default()
}

impl Errors {
    pub(super) fn add(&self, bad: &BadArgs) {
        self.total.fetch_add(1, Ordering::Relaxed);
        let code = code(bad);
        let cut = code.char_indices().nth(CODE_BYTES_MAX).map_or(code.len(), |(at, _)| at);
        let code = &code[..cut];
        let mut codes = self.codes.lock();
        if let Some(count) = codes.get_mut(code) {
            *count += 1;
            return;
        }
        let code = if codes.len() < CODES_MAX { code } else { OVERFLOW };
        *codes.entry(code.to_owned()).or_default() += 1;
    }

    pub(super) fn all(&self) -> Vec<(String, u64)> {
        self.codes.lock().iter().map(|(code, count)| (code.clone(), *count)).collect()
    }

    pub(super) fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    pub(super) fn reset(&self) {
        self.codes.lock().clear();
        self.total.store(0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_counted_by_their_first_word() {
        let errors = Errors::default();
        for text in ["ERR a", "ERR b", "NOAUTH c"] {
            errors.add(&BadArgs(text.into()));
        }
        assert_eq!(errors.all(), [("ERR".to_owned(), 2), ("NOAUTH".to_owned(), 1)]);
        assert_eq!(errors.total(), 3);
    }

    #[test]
    fn codes_that_clients_make_up_have_a_limit() {
        let errors = Errors::default();
        for at in 0..1000 {
            errors.add(&BadArgs(format!("CODE{at} x").into()));
        }
        let all = errors.all();
        assert_eq!(all.len(), CODES_MAX + 1);
        assert!(all.contains(&(OVERFLOW.to_owned(), 1000 - CODES_MAX as u64)));
    }
}
