//! A selector: some commands, together with the keys and channels they may touch.

use lockstep_core::glob;

use super::categories;
use super::commands::Commands;
use super::user::Wrong;
use crate::{Spec, table};

/// Some commands, together with the keys and channels they may touch. A user has one of its
/// own and any number of others; what one of them allows is allowed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    pub(super) commands: Commands,
    pub(super) all_keys: bool,
    pub(super) keys: Vec<KeyPattern>,
    pub(super) all_channels: bool,
    pub(super) channels: Vec<Box<[u8]>>,
}

/// Keys that may be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyPattern {
    /// A glob pattern.
    pub pattern: Box<[u8]>,
    /// What is in them may be read.
    pub read: bool,
    /// ... may be changed.
    pub write: bool,
}

/// What happens to a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Access {
    pub read: bool,
    pub write: bool,
}

impl Selector {
    /// One that allows nothing, but perhaps all channels.
    pub(super) fn new(all_channels: bool) -> Self {
        Selector { all_channels, ..Selector::default() }
    }

    /// Whether it allows everything.
    pub(super) fn allows_all(&self) -> bool {
        self.commands.are_all() && self.all_keys && self.all_channels
    }

    /// Changes it by one rule.
    pub(super) fn apply(&mut self, rule: &[u8]) -> Result<(), Wrong> {
        let is = |word: &str| rule.eq_ignore_ascii_case(word.as_bytes());
        if is("allkeys") || is("~*") {
            self.all_keys = true;
            self.keys.clear();
        } else if is("resetkeys") {
            self.all_keys = false;
            self.keys.clear();
        } else if is("allchannels") || is("&*") {
            self.all_channels = true;
            self.channels.clear();
        } else if is("resetchannels") {
            self.all_channels = false;
            self.channels.clear();
        } else if is("allcommands") || is("+@all") {
            self.commands = Commands::all();
        } else if is("nocommands") || is("-@all") {
            self.commands = Commands::default();
        } else {
            return self.apply_with_word(rule);
        }
        Ok(())
    }

    fn apply_with_word(&mut self, rule: &[u8]) -> Result<(), Wrong> {
        match rule {
            [b'~', pattern @ ..] => self.add_keys(pattern, Access { read: true, write: true }),
            [b'%', rest @ ..] => {
                let (access, pattern) = access(rest).ok_or(Wrong::Syntax)?;
                self.add_keys(pattern, access)
            }
            [b'&', channel @ ..] => self.add_channel(channel),
            [sign @ (b'+' | b'-'), b'@', name @ ..] => {
                let category = categories::named(name).ok_or(Wrong::UnknownCommand)?;
                self.commands.set_category(category, *sign == b'+');
                Ok(())
            }
            [b'-', name @ ..] => {
                let command = table::by_name(name).ok_or(Wrong::UnknownCommand)?;
                self.commands.set(command, false);
                Ok(())
            }
            [b'+', name @ ..] => self.allow(name),
            _ => Err(Wrong::Syntax),
        }
    }

    fn add_keys(&mut self, pattern: &[u8], access: Access) -> Result<(), Wrong> {
        if self.all_keys {
            return Err(Wrong::AllKeysAlready);
        }
        if has_blank(pattern) {
            return Err(Wrong::Syntax);
        }
        match self.keys.iter_mut().find(|known| *known.pattern == *pattern) {
            Some(known) => {
                known.read |= access.read;
                known.write |= access.write;
            }
            None => {
                let Access { read, write } = access;
                self.keys.push(KeyPattern { pattern: pattern.into(), read, write });
            }
        }
        Ok(())
    }

    fn add_channel(&mut self, channel: &[u8]) -> Result<(), Wrong> {
        if self.all_channels {
            return Err(Wrong::AllChannelsAlready);
        }
        if has_blank(channel) {
            return Err(Wrong::Syntax);
        }
        if !self.channels.iter().any(|known| **known == *channel) {
            self.channels.push(channel.into());
        }
        Ok(())
    }

    /// `+command`, `+command|subcommand`, `+command|word`.
    fn allow(&mut self, name: &[u8]) -> Result<(), Wrong> {
        let Some(bar) = name.iter().rposition(|byte| *byte == b'|') else {
            let command = table::by_name(name).ok_or(Wrong::UnknownCommand)?;
            self.commands.set(command, true);
            return Ok(());
        };
        let word = &name[bar + 1..];
        let command = table::by_name(&name[..bar]).ok_or(Wrong::UnknownCommand)?;
        if command.spec.container().is_some() {
            return Err(Wrong::WordOfSubcommand);
        }
        if word.is_empty() || has_blank(word) {
            return Err(Wrong::Syntax);
        }
        if command.subcommands.is_empty() {
            self.commands.allow_with(command, word);
        } else {
            let sub = table::by_name(name).ok_or(Wrong::UnknownCommand)?;
            self.commands.set(sub, true);
        }
        Ok(())
    }

    /// How many patterns it has.
    pub(super) fn patterns(&self) -> usize {
        self.keys.len() + self.channels.len()
    }

    pub(super) fn allows_command(&self, spec: &'static Spec, words: &[&[u8]]) -> bool {
        self.commands.allow(spec, words)
    }

    pub(super) fn allows_key(&self, key: &[u8], access: Access) -> bool {
        let fits = |it: &KeyPattern| {
            (it.read || !access.read)
                && (it.write || !access.write)
                && glob::matches(&it.pattern, key)
        };
        self.all_keys || self.keys.iter().any(fits)
    }

    /// Whether every key may be touched so.
    pub(super) fn allows_every_key(&self, access: Access) -> bool {
        let fits = |it: &KeyPattern| {
            (it.read || !access.read) && (it.write || !access.write) && *it.pattern == *b"*"
        };
        self.all_keys || self.keys.iter().any(fits)
    }

    /// Whether a channel may be used; one that is a pattern itself has to stand among the
    /// patterns as it is.
    pub(super) fn allows_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        let fits = |it: &[u8]| match is_pattern {
            true => it == channel,
            false => glob::matches(it, channel),
        };
        self.all_channels || self.channels.iter().any(|it| fits(it))
    }
}

/// The letters behind `%`, and the pattern behind them.
fn access(rest: &[u8]) -> Option<(Access, &[u8])> {
    let tilde = rest.iter().position(|byte| *byte == b'~')?;
    let mut access = Access::default();
    for letter in &rest[..tilde] {
        let flag = match letter.to_ascii_lowercase() {
            b'r' => &mut access.read,
            b'w' => &mut access.write,
            _ => return None,
        };
        if std::mem::replace(flag, true) {
            return None;
        }
    }
    (access != Access::default()).then_some((access, &rest[tilde + 1..]))
}

/// What would tear a user's line apart.
pub(super) fn has_blank(word: &[u8]) -> bool {
    word.iter().any(|byte| matches!(byte, 0 | b'\t'..=b'\r' | b' '))
}
