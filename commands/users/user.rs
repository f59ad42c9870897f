//! A user and how it is changed.

use std::fmt;

use sha2::{Digest, Sha256};

use super::selector::{Selector, has_blank};
use crate::{BadArgs, error};

/// A password as it is kept: its SHA-256 in hexadecimal digits.
pub(super) type Hash = [u8; 64];

/// A user: whether and how it may log in, and what it may do.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub(super) on: bool,
    pub(super) no_password: bool,
    /// Whether what RESTORE reads is checked for this user; only told, it always is.
    pub(super) sanitizes: Option<bool>,
    pub(super) passwords: Vec<Hash>,
    /// Its own first.
    pub(super) selectors: Vec<Selector>,
}

/// Secrets have no place in logs, not even hashed.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("on", &self.on).finish_non_exhaustive()
    }
}

/// What is wrong with a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Syntax,
    UnknownCommand,
    WordOfSubcommand,
    AllKeysAlready,
    AllChannelsAlready,
    UnknownPassword,
    BadHash,
}

impl Wrong {
    fn text(self) -> &'static str {
        match self {
            Wrong::Syntax => "Syntax error",
            Wrong::UnknownCommand => "Unknown command or category name in ACL",
            Wrong::WordOfSubcommand => "Allowing first-arg of a subcommand is not supported",
            Wrong::AllKeysAlready => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and \
                 does not have any effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            Wrong::AllChannelsAlready => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid \
                 and does not have any effect. Try 'resetchannels' to start with an empty list \
                 of channels"
            }
            Wrong::UnknownPassword => {
                "The password you are trying to remove from the user does not exist"
            }
            Wrong::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase \
                 hexadecimal characters"
            }
        }
    }
}

impl User {
    /// A user that was just made: it is off and may do nothing, but perhaps use all channels
    /// (`acl-pubsub-default`).
    pub fn new(all_channels: bool) -> Self {
        User {
            on: false,
            no_password: false,
            sanitizes: None,
            passwords: Vec::new(),
            selectors: vec![Selector::new(all_channels)],
        }
    }

    /// The default user as it is at first: it may do everything; without a password
    /// (empty) nobody is asked for one.
    pub fn default_with(password: &str) -> Self {
        let rules: [&[u8]; 5] = [b"on", b"nopass", b"~*", b"&*", b"+@all"];
        let user = User::new(false).changed(&rules, false).expect("these rules are right");
        user.with_password(password)
    }

    /// The same user with this password and no other; empty: with none (`requirepass`).
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.no_password = password.is_empty();
        self.passwords.clear();
        if !password.is_empty() {
            self.passwords.push(hash(password.as_bytes()));
        }
        self
    }

    /// The same user, changed by the rules of ACL SETUSER one after the other; selectors are
    /// in one word each ([`merge_selectors`]).
    ///
    /// # Errors
    /// The first rule that is none, and why; nothing of the others holds then.
    pub fn changed<W: AsRef<[u8]>>(
        &self,
        rules: &[W],
        all_channels: bool,
    ) -> Result<User, BadArgs> {
        let mut user = self.clone();
        for rule in rules {
            let rule = rule.as_ref();
            user.apply(rule, all_channels)
                .map_err(|wrong| error::bad_user_rule(rule, wrong.text()))?;
        }
        Ok(user)
    }

    fn apply(&mut self, rule: &[u8], all_channels: bool) -> Result<(), Wrong> {
        let is = |word: &str| rule.eq_ignore_ascii_case(word.as_bytes());
        if rule.is_empty() {
            return Ok(());
        }
        if is("on") || is("off") {
            self.on = is("on");
        } else if is("nopass") {
            self.no_password = true;
            self.passwords.clear();
        } else if is("resetpass") {
            self.no_password = false;
            self.passwords.clear();
        } else if is("sanitize-payload") || is("skip-sanitize-payload") {
            self.sanitizes = Some(is("sanitize-payload"));
        } else if is("clearselectors") {
            self.selectors.truncate(1);
        } else if is("reset") {
            *self = User { sanitizes: Some(true), ..User::new(all_channels) };
        } else {
            return self.apply_with_word(rule, all_channels);
        }
        Ok(())
    }

    fn apply_with_word(&mut self, rule: &[u8], all_channels: bool) -> Result<(), Wrong> {
        match rule {
            [b'>', password @ ..] => self.add(hash(password)),
            [b'#', digits @ ..] => self.add(read_hash(digits)?),
            [b'<', password @ ..] => return self.remove(hash(password)),
            [b'!', digits @ ..] => return self.remove(read_hash(digits)?),
            [b'(', rules @ .., b')'] => {
                let mut selector = Selector::new(all_channels);
                for rule in rules.split(|byte| *byte == b' ').filter(|rule| !rule.is_empty()) {
                    selector.apply(rule)?;
                }
                self.selectors.push(selector);
            }
            rule => return self.selectors[0].apply(rule),
        }
        Ok(())
    }

    fn add(&mut self, hash: Hash) {
        self.no_password = false;
        if !self.passwords.contains(&hash) {
            self.passwords.push(hash);
        }
    }

    fn remove(&mut self, hash: Hash) -> Result<(), Wrong> {
        let at = self.passwords.iter().position(|known| *known == hash);
        self.passwords.remove(at.ok_or(Wrong::UnknownPassword)?);
        Ok(())
    }

    /// Whether somebody who shows this password is this user. The time it takes does not
    /// tell how much of it is right.
    pub fn admits(&self, password: &[u8]) -> bool {
        let known = self.knows(password);
        self.on && (self.no_password || known)
    }

    /// Whether this is one of its passwords.
    pub fn knows(&self, password: &[u8]) -> bool {
        let given = hash(password);
        let same = |known: &Hash| {
            let differ = known.iter().zip(&given).fold(0, |differ, (a, b)| differ | (a ^ b));
            std::hint::black_box(differ) == 0
        };
        self.passwords.iter().fold(false, |found, known| found | same(known))
    }

    /// Whether no password is asked for.
    pub fn needs_no_password(&self) -> bool {
        self.no_password
    }

    /// Whether it may log in.
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Whether it may do everything, so that nothing has to be looked at.
    pub fn is_unlimited(&self) -> bool {
        self.selectors.iter().any(Selector::allows_all)
    }

    /// How many rules it is made of: passwords, selectors and patterns.
    pub fn rules(&self) -> usize {
        let patterns: usize = self.selectors.iter().map(Selector::patterns).sum();
        self.passwords.len() + self.selectors.len() + patterns
    }
}

fn hash(password: &[u8]) -> Hash {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [0; 64];
    for (at, byte) in Sha256::digest(password).iter().enumerate() {
        digits[2 * at] = DIGITS[usize::from(byte >> 4)];
        digits[2 * at + 1] = DIGITS[usize::from(byte & 15)];
    }
    digits
}

pub(super) fn read_hash(digits: &[u8]) -> Result<Hash, Wrong> {
    let hash = Hash::try_from(digits).map_err(|_| Wrong::BadHash)?;
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if hash.iter().all(is_digit) { Ok(hash) } else { Err(Wrong::BadHash) }
}

/// The name of a user.
///
/// # Errors
/// It has a blank or a zero byte in it.
pub fn check_name(name: &[u8]) -> Result<&[u8], BadArgs> {
    if has_blank(name) { Err(error::BAD_USER_NAME) } else { Ok(name) }
}

/// The rules of ACL SETUSER with each selector in one word, whose parts may have come as
/// several.
///
/// # Errors
/// A selector that does not end.
pub fn merge_selectors(words: &[&[u8]]) -> Result<Vec<Vec<u8>>, BadArgs> {
    let mut rules: Vec<Vec<u8>> = Vec::with_capacity(words.len());
    let mut open: Option<usize> = None;
    for (at, word) in words.iter().enumerate() {
        let ends = word.ends_with(b")");
        match (open, rules.last_mut()) {
            (Some(_), Some(rule)) => {
                rule.push(b' ');
                rule.extend_from_slice(word);
                open = open.filter(|_| !ends);
            }
            _ => {
                open = (word.starts_with(b"(") && !ends).then_some(at);
                rules.push(word.to_vec());
            }
        }
    }
    match open {
        Some(at) => Err(error::open_selector(words[at])),
        None => Ok(rules),
    }
}
