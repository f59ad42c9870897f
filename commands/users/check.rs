//! Whether a user may run a command.

use std::cell::OnceCell;

use super::selector::{Access, Selector};
use super::user::User;
use crate::introspect::keys::{self, Key};
use crate::{BadArgs, Spec, error};

/// What a user may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Denied {
    /// Run the command at all.
    Command,
    /// Touch the key that is this word.
    Key(usize),
    /// Use the channel that is this word.
    Channel(usize),
}

impl Denied {
    /// What the client is told.
    pub fn text(self, spec: &Spec) -> BadArgs {
        match self {
            Denied::Command => error::no_permission_to_run(spec.name),
            Denied::Key(_) => error::NO_PERMISSION_KEY,
            Denied::Channel(_) => error::NO_PERMISSION_CHANNEL,
        }
    }

    /// What the client is told within EXEC: when the command was queued it was allowed.
    pub fn text_at_exec(self) -> BadArgs {
        match self {
            Denied::Command => error::EXEC_NO_COMMAND,
            Denied::Key(_) => error::EXEC_NO_KEY,
            Denied::Channel(_) => error::EXEC_NO_CHANNEL,
        }
    }

    /// What a script is told.
    pub fn text_in_script(self) -> &'static str {
        match self {
            Denied::Command => {
                "ERR The user executing the script can't run this command or subcommand"
            }
            Denied::Key(_) => {
                "ERR The user executing the script can't access at least one of the keys \
                 mentioned in the command arguments"
            }
            Denied::Channel(_) => {
                "ERR The user executing the script can't publish to the channel mentioned in the \
                 command"
            }
        }
    }

    /// What was denied, for the log and for DRYRUN: the command, the key or the channel.
    pub fn object<'a>(self, spec: &'static Spec, words: &[&'a [u8]]) -> &'a [u8]
    where
        'static: 'a,
    {
        match self {
            Denied::Command => spec.name.as_bytes(),
            Denied::Key(word) | Denied::Channel(word) => {
                words.get(word).copied().unwrap_or_default()
            }
        }
    }
}

/// What a command does that a user needs to be granted.
pub struct Grant<'a> {
    spec: &'static Spec,
    words: &'a [&'a [u8]],
    keys: OnceCell<Result<Vec<Key>, BadArgs>>,
}

impl<'a> Grant<'a> {
    /// Of a command, whose name is the first of its words.
    pub fn of(spec: &'static Spec, words: &'a [&'a [u8]]) -> Self {
        Grant { spec, words, keys: OnceCell::new() }
    }

    fn refused_by(&self, selector: &Selector) -> Option<Denied> {
        if !selector.allows_command(self.spec, self.words) {
            return Some(Denied::Command);
        }
        self.refused_key(selector).or_else(|| self.refused_channel(selector))
    }

    fn refused_key(&self, selector: &Selector) -> Option<Denied> {
        if selector.all_keys || self.spec.keys.is_empty() {
            return None;
        }
        let keys = self.keys.get_or_init(|| keys::of(self.spec, self.words));
        // Words that do not say where the keys are: nobody knows what they would touch.
        let Ok(keys) = keys else { return Some(Denied::Key(0)) };
        let touched = keys.iter().filter(|key| !key.flags.contains(&"not_key"));
        let mut refused =
            touched.filter(|key| !selector.allows_key(self.words[key.word], access(key.flags)));
        refused.next().map(|key| Denied::Key(key.word))
    }

    fn refused_channel(&self, selector: &Selector) -> Option<Denied> {
        if selector.all_channels {
            return None;
        }
        let (words, is_pattern) = channels(self.spec.name, self.words.len())?;
        let mut refused =
            words.filter(|word| !selector.allows_channel(self.words[*word], is_pattern));
        refused.next().map(Denied::Channel)
    }
}

impl User {
    /// Whether a command may run with these words, its name the first of them.
    ///
    /// # Errors
    /// What is denied. Of several selectors the one counts that came farthest: it allows the
    /// command, and denies the last key or channel.
    pub fn check(&self, spec: &'static Spec, words: &[&[u8]]) -> Result<(), Denied> {
        let grant = Grant::of(spec, words);
        let mut worst = Denied::Command;
        for selector in &self.selectors {
            match grant.refused_by(selector) {
                None => return Ok(()),
                Some(denied) => worst = worst.max(denied),
            }
        }
        Err(worst)
    }

    /// Whether a key may be read with a command that names it by no word of its own.
    pub fn sees_key(&self, spec: &'static Spec, key: &[u8]) -> bool {
        let access = Access { read: true, write: false };
        let words: [&[u8]; 1] = [spec.name.as_bytes()];
        let sees = |it: &Selector| it.allows_command(spec, &words) && it.allows_key(key, access);
        self.selectors.iter().any(sees)
    }

    /// Whether a key may be read, with whatever command.
    pub fn reads_key(&self, key: &[u8]) -> bool {
        let access = Access { read: true, write: false };
        self.selectors.iter().any(|it| it.allows_key(key, access))
    }

    /// Whether a channel may be listened to.
    pub fn hears(&self, channel: &[u8], is_pattern: bool) -> bool {
        self.selectors.iter().any(|selector| selector.allows_channel(channel, is_pattern))
    }
}

/// What the flags of a key's specification ask for.
fn access(flags: &[&str]) -> Access {
    let has = |flag: &str| flags.contains(&flag);
    Access { read: has("access"), write: has("insert") || has("delete") || has("update") }
}

/// Which words are channels, and whether they are patterns, for commands that send to them
/// or begin to listen.
fn channels(name: &str, count: usize) -> Option<(std::ops::Range<usize>, bool)> {
    match name {
        "subscribe" | "ssubscribe" => Some((1..count, false)),
        "psubscribe" => Some((1..count, true)),
        "publish" | "spublish" => Some((1..count.min(2), false)),
        _ => None,
    }
}
