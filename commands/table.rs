//! The table of all commands.

use std::sync::LazyLock;

use lockstep_core::Outcome;

use crate::reply::plain;
use crate::{Args, BadArgs, Context, Reply, Request, Spec, error};
use crate::{
    bitmaps, cache, cluster, connection, distinct, geo, hashes, keys, lists, locks, pubsub, queues,
    scripting, server, sessions, sets, streams, strings, transactions, zsets,
};

/// A command: what is known of it, how it is parsed, how its outcome is shown.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// What is known of it.
    pub spec: &'static Spec,
    /// From words to a request. The arity was checked.
    pub parse: for<'a> fn(&Context, Args<'a>) -> Result<Request<'a>, BadArgs>,
    /// From an outcome to a reply.
    pub reply: fn(&Spec, Outcome) -> Reply,
    /// Its subcommands. A container is parsed itself only when it is called bare
    /// and its arity allows that.
    pub subcommands: &'static [Command],
}

impl Command {
    /// A command that is only called with a subcommand.
    pub const fn container(spec: &'static Spec, subcommands: &'static [Command]) -> Self {
        Command { spec, parse: no_subcommand, reply: plain, subcommands }
    }
}

/// A container's own words. Its arity or the lookup of its subcommand speaks first.
fn no_subcommand<'a>(_: &Context, _: Args<'a>) -> Result<Request<'a>, BadArgs> {
    Err(error::SYNTAX)
}

/// The families; a new one is one line.
static FAMILIES: &[&[Command]] = &[
    bitmaps::COMMANDS,
    cache::COMMANDS,
    cluster::COMMANDS,
    connection::COMMANDS,
    distinct::COMMANDS,
    geo::COMMANDS,
    hashes::COMMANDS,
    keys::COMMANDS,
    lists::COMMANDS,
    locks::COMMANDS,
    pubsub::COMMANDS,
    queues::COMMANDS,
    scripting::COMMANDS,
    server::COMMANDS,
    sessions::COMMANDS,
    sets::COMMANDS,
    streams::COMMANDS,
    strings::COMMANDS,
    transactions::COMMANDS,
    zsets::COMMANDS,
];

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new(FAMILIES));

/// All commands without subcommands, sorted by name.
pub fn all() -> &'static [&'static Command] {
    &TABLE.sorted
}

/// All commands and subcommands: each container is followed by its own.
pub fn each() -> impl Iterator<Item = &'static Command> {
    all().iter().flat_map(|command| std::iter::once(*command).chain(command.subcommands))
}

/// Finds the command of these words and how many of them name it (1, or 2 for a
/// subcommand).
///
/// # Errors
/// The text for an unknown command or subcommand, or for a wrong number of words.
pub fn find(words: &[&[u8]]) -> Result<(&'static Command, usize), BadArgs> {
    let (command, named) = name(words)?;
    if command.spec.takes(words.len()) {
        Ok((command, named))
    } else {
        Err(error::wrong_arity(command.spec.name))
    }
}

/// The command that somebody gave last: mostly it is the next one as well.
#[derive(Debug, Default)]
pub struct Recent {
    word: Vec<u8>,
    command: Option<&'static Command>,
}

impl Recent {
    /// As [`find`].
    ///
    /// # Errors
    /// As [`find`].
    pub fn find(&mut self, words: &[&[u8]]) -> Result<(&'static Command, usize), BadArgs> {
        if let (Some(command), Some(word)) = (self.command, words.first())
            && self.word == *word
            && command.spec.takes(words.len())
        {
            return Ok((command, 1));
        }
        let (command, named) = find(words)?;
        // Where the first word alone names it.
        if named == 1 && command.subcommands.is_empty() {
            self.word.clear();
            self.word.extend_from_slice(words[0]);
            self.command = Some(command);
        }
        Ok((command, named))
    }
}

/// As [`find`], whatever the number of words.
///
/// # Errors
/// The text for an unknown command or subcommand.
pub fn name(words: &[&[u8]]) -> Result<(&'static Command, usize), BadArgs> {
    let table = &*TABLE;
    let found = words.first().and_then(|word| table.get(word, None));
    let Some(command) = found else { return Err(error::unknown_command(words)) };
    match words.get(1) {
        Some(sub) if !command.subcommands.is_empty() => match table.get(words[0], Some(sub)) {
            Some(command) => Ok((command, 2)),
            None => Err(error::unknown_subcommand(sub, command.spec.name)),
        },
        _ => Ok((command, 1)),
    }
}

/// The command of this full name (`get`, `client|setname`), in capitals or not.
pub fn by_name(name: &[u8]) -> Option<&'static Command> {
    match name.iter().position(|byte| *byte == b'|') {
        Some(bar) => TABLE.get(&name[..bar], Some(&name[bar + 1..])),
        None => TABLE.get(name, None),
    }
}

/// A hash table with open addressing, built once, at most a quarter full.
struct Table {
    slots: Vec<Option<&'static Command>>,
    sorted: Vec<&'static Command>,
}

impl Table {
    fn new(families: &[&'static [Command]]) -> Self {
        let mut sorted: Vec<&Command> = families.iter().copied().flatten().collect();
        sorted.sort_by_key(|command| command.spec.name);
        let count: usize = sorted.iter().map(|command| 1 + command.subcommands.len()).sum();
        let slots = vec![None; (count * 4).next_power_of_two()];
        let mut table = Table { slots, sorted };
        for index in 0..table.sorted.len() {
            let command = table.sorted[index];
            table.insert(command);
            command.subcommands.iter().for_each(|sub| table.insert(sub));
        }
        table
    }

    fn insert(&mut self, command: &'static Command) {
        let mut at = hash(command.spec.name.as_bytes(), BASIS);
        let mask = self.slots.len() - 1;
        while let Some(there) = self.slots[at & mask] {
            assert!(there.spec.name != command.spec.name, "{} is there twice", there.spec.name);
            at = at.wrapping_add(1);
        }
        self.slots[at & mask] = Some(command);
    }

    fn get(&self, name: &[u8], sub: Option<&[u8]>) -> Option<&'static Command> {
        let mut at = hash(name, BASIS);
        if let Some(sub) = sub {
            at = hash(sub, hash(b"|", at));
        }
        let mask = self.slots.len() - 1;
        loop {
            let command = self.slots[at & mask]?;
            if is_called(command.spec.name.as_bytes(), name, sub) {
                return Some(command);
            }
            at = at.wrapping_add(1);
        }
    }
}

/// Whether `full` is `name`, or `name|sub`. A bar inside `name` is not a bar.
fn is_called(full: &[u8], name: &[u8], sub: Option<&[u8]>) -> bool {
    match sub {
        None => full.eq_ignore_ascii_case(name) && !full.contains(&b'|'),
        Some(sub) => {
            full.len() == name.len() + 1 + sub.len()
                && full[name.len()] == b'|'
                && full[..name.len()].eq_ignore_ascii_case(name)
                && full[name.len() + 1..].eq_ignore_ascii_case(sub)
        }
    }
}

const BASIS: usize = 0xcbf2_9ce4_8422_2325;

/// FNV-1a over the lower-case bytes. Names are short and the table is fixed, so
/// that nobody can make them collide; a word longer than any name is not read to its end.
fn hash(word: &[u8], basis: usize) -> usize {
    const NAME_BYTES_MAX: usize = 64;
    let word = &word[..word.len().min(NAME_BYTES_MAX)];
    let mix = |hash: usize, byte: &u8| {
        (hash ^ usize::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0000_01b3)
    };
    word.iter().fold(basis, mix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_gives_a_command_again_gets_what_anybody_gets() {
        let mut recent = Recent::default();
        let lines: [&[&[u8]]; 9] = [
            &[b"GET", b"a"],
            &[b"GET", b"b"],
            &[b"get", b"b"],
            &[b"get"],
            &[b"get", b"b"],
            &[b"CLIENT", b"ID"],
            &[b"CLIENT", b"GETNAME"],
            &[b"CLIENT|ID"],
            &[b"SET", b"a", b"1"],
        ];
        for line in lines {
            let got = recent.find(line).map(|(command, named)| (command.spec.name, named));
            assert_eq!(got, find(line).map(|(command, named)| (command.spec.name, named)));
        }
    }
}
