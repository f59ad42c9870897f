//! Where the keys of a command stand, for routing, ACLs and COMMAND GETKEYS.

use super::words;
use crate::args::parse_integer;
use crate::spec::{Begin, Find, KeySpec};
use crate::{BadArgs, Reply, Spec, error, table};

/// A key among the words of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Which word it is, counting the command's name as 0.
    pub word: usize,
    /// What happens to it, as [`KeySpec::flags`] says it.
    pub flags: &'static [&'static str],
}

/// The keys of a command given with its words, in the order of its specifications.
///
/// # Errors
/// When the words do not say where the keys are.
pub fn of(spec: &Spec, words: &[&[u8]]) -> Result<Vec<Key>, BadArgs> {
    let mut keys = Vec::new();
    for key in spec.keys {
        let found = find(key, words, &mut keys);
        if found.is_none() && !key.flags.contains(&"incomplete") {
            return Err(error::INVALID_KEYS);
        }
    }
    Ok(keys)
}

/// COMMAND GETKEYS of a command's words.
///
/// # Errors
/// Redis' texts for no command, no keys, too few or too many words.
pub fn get(call: &[&[u8]]) -> Result<Reply, BadArgs> {
    let keys = of_call(call)?;
    Ok(Reply::Array(keys.iter().map(|key| Reply::bulk(call[key.word])).collect()))
}

/// COMMAND GETKEYSANDFLAGS of a command's words.
///
/// # Errors
/// As [`get`].
pub fn get_with_flags(call: &[&[u8]]) -> Result<Reply, BadArgs> {
    let keys = of_call(call)?;
    let pair = |key: &Key| Reply::Array(vec![Reply::bulk(call[key.word]), words(key.flags)]);
    Ok(Reply::Array(keys.iter().map(pair).collect()))
}

fn of_call(call: &[&[u8]]) -> Result<Vec<Key>, BadArgs> {
    let (command, _) = table::name(call).map_err(|_| error::INVALID_COMMAND)?;
    if command.spec.shown_keys().is_empty() {
        return Err(error::NO_KEY_ARGUMENTS);
    }
    if !command.spec.takes(call.len()) {
        return Err(error::INVALID_WORD_COUNT);
    }
    match of(command.spec, call)? {
        keys if keys.is_empty() && !command.spec.is("no_mandatory_keys") => {
            Err(error::INVALID_KEYS)
        }
        keys => Ok(keys),
    }
}

/// Adds what one specification finds; `None` when the words contradict it.
fn find(spec: &KeySpec, words: &[&[u8]], keys: &mut Vec<Key>) -> Option<()> {
    let count = words.len() as i64;
    let Some(start) = start(spec.begin, words) else { return Some(()) };
    let (first, last, step) = match spec.find {
        Find::Range { last, step, limit } => {
            (start, range_end(start, count, last.into(), limit.into()), step)
        }
        Find::Count { at, first, step } => {
            let at = usize::try_from(start + i64::from(at)).ok()?;
            let wanted = parse_integer(words.get(at)?).filter(|wanted| *wanted >= 0)?;
            // More keys than words is refused before the sum could overflow.
            let wanted = Some(wanted).filter(|wanted| *wanted <= count)?;
            let first = start + i64::from(first);
            (first, first + (wanted - 1) * i64::from(step), step)
        }
        Find::Unknown if matches!(spec.begin, Begin::LastOption { .. }) => (start, start, 1),
        Find::Unknown => return Some(()),
    };
    if last >= count {
        return None;
    }
    let flags = flags(spec, words);
    for word in (first.max(0)..=last).step_by(step.max(1) as usize) {
        keys.push(Key { word: word as usize, flags });
    }
    Some(())
}

fn start(begin: Begin, words: &[&[u8]]) -> Option<i64> {
    let is = |at: usize, word: &str| words[at].eq_ignore_ascii_case(word.as_bytes());
    let behind = |at: usize| at as i64 + 1;
    match begin {
        Begin::Index(index) => Some(index.into()),
        Begin::Keyword { word, from: from @ 0.. } => {
            (from as usize..words.len()).find(|at| is(*at, word)).map(behind)
        }
        Begin::Keyword { word, from } => {
            let end = words.len().checked_sub(usize::from(from.unsigned_abs()))?;
            (1..=end).rev().find(|at| is(*at, word)).map(behind)
        }
        Begin::LastOption { word, others } => last_option(word, others, words).map(behind),
        Begin::Unknown => None,
    }
}

/// Where an option stands last that has a word behind it.
fn last_option(word: &str, others: &[(&str, usize)], words: &[&[u8]]) -> Option<usize> {
    let (mut at, mut found) = (2, None);
    while at < words.len() {
        let is = |option: &str| words[at].eq_ignore_ascii_case(option.as_bytes());
        if is(word) && at + 1 < words.len() {
            found = Some(at);
        }
        at += 1 + others.iter().find(|(other, _)| is(other)).map_or(0, |(_, words)| *words);
    }
    found
}

fn range_end(start: i64, count: i64, last: i64, limit: i64) -> i64 {
    match (last, limit) {
        (0.., _) => start + last,
        (_, 0 | 1) => count + last,
        _ => start + (count - start) / limit + last,
    }
}

/// What happens to a key where a word decides it (`variable_flags`): SET reads the old value
/// only with GET; BITFIELD that does nothing but GET does not write.
fn flags(spec: &KeySpec, words: &[&[u8]]) -> &'static [&'static str] {
    let has = |from: usize, names: &[&str]| {
        let is_one =
            |word: &&[u8]| names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
        words.iter().skip(from).any(is_one)
    };
    if !spec.flags.contains(&"variable_flags") {
        return spec.flags;
    }
    match words[0].eq_ignore_ascii_case(b"bitfield") {
        true if has(2, &["set", "incrby"]) => &["RW", "access", "update"],
        true => &["RO", "access"],
        false if has(3, &["get"]) => &["RW", "access", "update"],
        false => &["OW", "update"],
    }
}
