//! What can be set for a queue: how each setting is called, read, shown and
//! explained. QCREATE, QCONFIG, the reference page and the error texts go by it.

mod table;

use lockstep_core::Outcome;
use lockstep_core::queues::{PARTITIONS_MAX, Setting};

use super::words::{name, same_home};
use crate::locks::words::value_of;
use crate::{Args, BadArgs, Reply, Spec, error};

pub(super) use table::TABLE;

/// One setting.
#[derive(Debug)]
pub(super) struct Row {
    /// What it is called, in capitals.
    pub name: &'static str,
    /// How its value is written, in the notation of usage lines.
    pub value: &'static str,
    /// The value of a queue for which nobody said another.
    pub default: &'static str,
    /// What it means, a sentence.
    pub meaning: &'static str,
    /// What its value must be, for the error.
    pub rule: &'static str,
    /// How its value is read.
    kind: Kind,
}

/// How a value is read.
#[derive(Debug)]
enum Kind {
    /// A number within bounds.
    Number { min: u64, max: u64, make: fn(u64) -> Setting<'static> },
    /// One of several words.
    Choice(&'static [(&'static str, Setting<'static>)]),
    /// `min-ms max-ms [LINEAR | EXP] [jitter-percent]`.
    Backoff,
    /// `count [per-ms]`.
    Rate,
    /// SELF or the name of a queue.
    DeadLetters,
    /// A number or AUTO.
    Partitions,
}

/// The setting of this name, in capitals or not.
///
/// # Errors
/// There is none.
pub(super) fn find(word: &[u8]) -> Result<&'static Row, BadArgs> {
    let found = TABLE.iter().find(|row| word.eq_ignore_ascii_case(row.name.as_bytes()));
    found.ok_or_else(|| error::unknown_setting(word))
}

/// Takes the name of a setting and its value.
///
/// # Errors
/// There is none of that name, the value is not what it must be, or the setting
/// was `given` before.
pub(super) fn take<'a>(
    queue: &[u8],
    given: &mut Vec<Setting<'a>>,
    args: &mut Args<'a>,
) -> Result<(), BadArgs> {
    let row = find(args.word()?)?;
    if args.is_empty() {
        return Err(error::SYNTAX);
    }
    let setting = row.take(args)?;
    if let Setting::DeadLetters { queue: other } = setting
        && !other.is_empty()
        && !same_home(queue, other)
    {
        return Err(error::OTHER_SLOT);
    }
    if given.iter().any(|before| std::mem::discriminant(before) == std::mem::discriminant(&setting))
    {
        return Err(error::SETTING_TWICE);
    }
    given.push(setting);
    Ok(())
}

impl Row {
    /// The number of the setting in the table, from 1: its tag in the log.
    pub fn tag(&self) -> u8 {
        let place = TABLE.iter().position(|row| std::ptr::eq(row, self));
        place.map_or(0, |place| place as u8 + 1)
    }

    /// The next words as a value.
    pub fn take<'a>(&self, args: &mut Args<'a>) -> Result<Setting<'a>, BadArgs> {
        match &self.kind {
            Kind::Number { min, max, make } => Ok(make(self.number(*min, *max, args)?)),
            Kind::Choice(choices) => {
                let chosen = choices.iter().find(|(word, _)| args.token(word));
                chosen.map(|(_, setting)| *setting).ok_or_else(|| self.refusal())
            }
            Kind::Backoff => self.backoff(args),
            Kind::Rate => self.rate(args),
            Kind::DeadLetters => dead_letters(args),
            Kind::Partitions if args.token("auto") => Ok(Setting::Partitions { count: 0 }),
            Kind::Partitions => {
                let count = self.number(1, PARTITIONS_MAX.into(), args)?;
                Ok(Setting::Partitions { count: count as u32 })
            }
        }
    }

    fn refusal(&self) -> BadArgs {
        error::invalid_value(self.name, self.rule)
    }

    fn number(&self, min: u64, max: u64, args: &mut Args<'_>) -> Result<u64, BadArgs> {
        let number = args.integer().ok().and_then(|number| u64::try_from(number).ok());
        number.filter(|number| (min..=max).contains(number)).ok_or_else(|| self.refusal())
    }

    fn backoff<'a>(&self, args: &mut Args<'a>) -> Result<Setting<'a>, BadArgs> {
        let min_ms = self.number(0, table::BACKOFF_MS_MAX, args)?;
        let max_ms = self.number(min_ms, table::BACKOFF_MS_MAX, args)?;
        let linear = args.token("linear");
        if !linear {
            args.token("exp");
        }
        let jitter = match args.peek() {
            Some(word) if word.first().is_some_and(u8::is_ascii_digit) => {
                self.number(0, 100, args)?
            }
            _ => table::JITTER,
        };
        Ok(Setting::Backoff { min_ms, max_ms, linear, jitter: jitter as u8 })
    }

    fn rate<'a>(&self, args: &mut Args<'a>) -> Result<Setting<'a>, BadArgs> {
        let count = self.number(0, table::RATE_MAX, args)?;
        let per_ms = match args.peek() {
            Some(word) if word.first().is_some_and(u8::is_ascii_digit) => {
                self.number(u64::from(count > 0), table::RATE_MS_MAX, args)?
            }
            _ => 1000,
        };
        // Without a limit there is nothing that it is counted in.
        let per_ms = if count == 0 { 0 } else { per_ms };
        Ok(Setting::Rate { count, per_ms })
    }
}

fn dead_letters<'a>(args: &mut Args<'a>) -> Result<Setting<'a>, BadArgs> {
    if args.token("self") {
        return Ok(Setting::DeadLetters { queue: b"" });
    }
    Ok(Setting::DeadLetters { queue: name(args)? })
}

/// Names and values as a map, in the words that QCONFIG SET takes.
pub(super) fn shown(spec: &Spec, pairs: Vec<Outcome>) -> Reply {
    let pair = |pair| match pair {
        Outcome::List(parts) => {
            let mut parts = parts.into_iter();
            Some((value_of(spec, parts.next()?), value(spec, parts.next()?)))
        }
        _ => None,
    };
    Reply::Map(pairs.into_iter().filter_map(pair).collect())
}

/// A value; only the queue for the dead can be no name at all.
fn value(spec: &Spec, outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Bytes(name) if name.is_empty() => Reply::bulk("self"),
        other => value_of(spec, other),
    }
}

/// The settings as a part of the reference page.
pub(crate) fn page() -> String {
    let mut page = String::from(
        "\n### Settings of a queue\n\nQCREATE and QCONFIG SET take them, QCONFIG GET and QINFO show \
         them. Times are milliseconds; 0 means none.\n\n| setting | value | unless set | meaning |\n\
         | --- | --- | --- | --- |\n",
    );
    for row in TABLE {
        let value = row.value.replace('|', "\\|");
        page += &format!("| {} | `{value}` | {} | {} |\n", row.name, row.default, row.meaning);
    }
    page
}

#[cfg(test)]
mod tests;
