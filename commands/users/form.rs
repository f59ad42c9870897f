//! A user as bytes: what the cluster keeps of it, and what goes with its scripts.

use lockstep_core::wire::{Malformed, Wire};

use super::selector::{KeyPattern, Selector};
use super::user::{User, read_hash};

const FORMAT: u8 = 1;
const ON: u8 = 1;
const NO_PASSWORD: u8 = 1 << 1;
const SANITIZES: u8 = 1 << 2;
const SANITIZES_NOT: u8 = 1 << 3;
const ALL_KEYS: u8 = 1;
const ALL_CHANNELS: u8 = 1 << 1;
const READ: u8 = 1;
const WRITE: u8 = 1 << 1;

impl User {
    /// The bytes of it. Commands stand there by name, as ACL LIST shows them, so that a
    /// version with other commands reads them as well.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        FORMAT.put(&mut out);
        let sanitizes = match self.sanitizes {
            None => 0,
            Some(true) => SANITIZES,
            Some(false) => SANITIZES_NOT,
        };
        (bit(ON, self.on) | bit(NO_PASSWORD, self.no_password) | sanitizes).put(&mut out);
        self.passwords.len().put(&mut out);
        self.passwords.iter().for_each(|hash| (&hash[..]).put(&mut out));
        self.selectors.len().put(&mut out);
        self.selectors.iter().for_each(|selector| put_selector(selector, &mut out));
        out
    }

    /// The user of these bytes. A command that this version does not have is left out: it
    /// cannot be run here.
    ///
    /// # Errors
    /// They are not what [`User::to_bytes`] gave.
    pub fn from_bytes(mut input: &[u8]) -> Result<User, Malformed> {
        let input = &mut input;
        if u8::take(input)? != FORMAT {
            return Err(Malformed);
        }
        let flags = u8::take(input)?;
        let mut user = User {
            on: flags & ON != 0,
            no_password: flags & NO_PASSWORD != 0,
            sanitizes: match (flags & SANITIZES != 0, flags & SANITIZES_NOT != 0) {
                (false, false) => None,
                (yes, _) => Some(yes),
            },
            passwords: Vec::new(),
            selectors: Vec::new(),
        };
        for _ in 0..usize::take(input)? {
            user.passwords.push(read_hash(<&[u8]>::take(input)?).map_err(|_| Malformed)?);
        }
        for _ in 0..usize::take(input)? {
            user.selectors.push(take_selector(input)?);
        }
        if input.is_empty() && !user.selectors.is_empty() { Ok(user) } else { Err(Malformed) }
    }
}

fn put_selector(selector: &Selector, out: &mut Vec<u8>) {
    (bit(ALL_KEYS, selector.all_keys) | bit(ALL_CHANNELS, selector.all_channels)).put(out);
    selector.commands.text().as_bytes().put(out);
    selector.keys.len().put(out);
    for KeyPattern { pattern, read, write } in &selector.keys {
        (bit(READ, *read) | bit(WRITE, *write)).put(out);
        (&pattern[..]).put(out);
    }
    selector.channels.len().put(out);
    selector.channels.iter().for_each(|channel| (&channel[..]).put(out));
}

fn take_selector(input: &mut &[u8]) -> Result<Selector, Malformed> {
    let flags = u8::take(input)?;
    let mut selector = Selector::new(flags & ALL_CHANNELS != 0);
    selector.all_keys = flags & ALL_KEYS != 0;
    for rule in <&[u8]>::take(input)?.split(|byte| *byte == b' ') {
        // Only one that is not known here can be wrong.
        let _ = selector.apply(rule);
    }
    for _ in 0..usize::take(input)? {
        let flags = u8::take(input)?;
        let (read, write) = (flags & READ != 0, flags & WRITE != 0);
        let pattern = <&[u8]>::take(input)?.into();
        selector.keys.push(KeyPattern { pattern, read, write });
    }
    for _ in 0..usize::take(input)? {
        selector.channels.push(<&[u8]>::take(input)?.into());
    }
    Ok(selector)
}

fn bit(bit: u8, on: bool) -> u8 {
    if on { bit } else { 0 }
}
