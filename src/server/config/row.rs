//! One row of the table of settings: what a setting is called, takes and does.

use std::borrow::Cow;
use std::fmt;

use super::seeds;
use super::special;
use super::table::Setting;

/// What is known of a setting without asking for its value.
#[derive(Debug)]
pub struct Row {
    /// Which setting it is.
    pub setting: Setting,
    /// What it is called: Redis' name, or one of the same build.
    pub name: &'static str,
    /// What older clients call it.
    pub alias: Option<&'static str>,
    /// What it belongs to, in the help and in the reference.
    pub group: Group,
    /// What it takes.
    pub kind: Kind,
    /// What holds when nobody says anything.
    pub default: &'static str,
    /// When it can be set.
    pub when: When,
    /// What it does.
    pub doc: &'static str,
}

/// What a setting belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Addresses, connections and their limits.
    Network,
    /// Who may do what.
    Security,
    /// Where the data is and how it survives.
    Storage,
    /// How much memory keys may take.
    Memory,
    /// Other nodes, and what is decided with them.
    Cluster,
    /// Batches and threads.
    Shards,
    /// Leases, deadlocks and events of locks.
    Locks,
    /// What queues take.
    Queues,
    /// Copies of keys.
    Cache,
    /// What all replicas must agree on, so that it cannot be set.
    Limits,
    /// Logs, slow commands, latency, start and stop.
    Operation,
    /// Accepted and remembered because Redis clients set it; changes nothing.
    Remembered,
}

impl Group {
    /// All groups, in the order of the help.
    pub const ALL: [Group; 12] = [
        Group::Network,
        Group::Security,
        Group::Storage,
        Group::Memory,
        Group::Cluster,
        Group::Shards,
        Group::Locks,
        Group::Queues,
        Group::Cache,
        Group::Operation,
        Group::Limits,
        Group::Remembered,
    ];

    /// The heading above the group's settings.
    pub fn title(self) -> &'static str {
        match self {
            Group::Network => "Network",
            Group::Security => "Security",
            Group::Storage => "Storage and durability",
            Group::Memory => "Memory",
            Group::Cluster => "Cluster",
            Group::Shards => "Batches and threads",
            Group::Locks => "Locks",
            Group::Queues => "Queues",
            Group::Cache => "Coherent cache",
            Group::Limits => "Fixed limits, the same on all replicas",
            Group::Operation => "Operation",
            Group::Remembered => "Accepted for Redis clients, without effect",
        }
    }
}

/// When a setting can be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At start only.
    Start,
    /// At start only; Redis has another refusal for these.
    Protected,
    /// At any time, by CONFIG SET.
    Run,
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Microseconds.
    Microseconds,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Hundredths.
    Percent,
}

impl Unit {
    /// The unit as a word behind a number, empty for things.
    pub fn word(self) -> &'static str {
        match self {
            Unit::Count => "",
            Unit::Microseconds => "microseconds",
            Unit::Milliseconds => "milliseconds",
            Unit::Seconds => "seconds",
            Unit::Percent => "percent",
        }
    }
}

/// What a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// `yes` or `no`.
    Switch,
    /// A whole number in a range; out of it is refused.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
        /// What it counts.
        unit: Unit,
    },
    /// A whole number that is pulled into the range without a word, as Redis does for `hz`.
    Clamped {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A number of bytes, with `kb`, `mb`, `gb` if wanted.
    Bytes {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A number of bytes, or a share of `maxmemory` with `%`.
    BytesOrPercent,
    /// One of some words.
    Word {
        /// The words, in the order of Redis' refusal.
        words: &'static [&'static str],
        /// The same words as the alias calls them.
        alias_words: Option<&'static [&'static str]>,
    },
    /// Any text.
    Text,
    /// Any text that only CONFIG GET shows.
    Secret,
    /// Addresses to listen on.
    Addresses,
    /// Addresses of nodes.
    Seeds,
    /// The name or address of a host, or nothing.
    Host,
    /// Pairs of seconds and changes.
    SavePoints,
    /// Class, hard limit, soft limit, soft seconds; once or more.
    OutputLimits,
    /// Letters of event classes.
    Events,
    /// Numbers from 0 to 100.
    Percentiles,
    /// Three numbers from -2000 to 2000.
    OomScores,
}

/// A value as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Switches, numbers (negative ones in two's complement), words by position, events by bit.
    Number(u64),
    /// Everything else, in the form in which it is printed.
    Text(Cow<'static, str>),
}

/// Why a value is not taken, in Redis' words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub Cow<'static, str>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Refusal {
    pub(super) const fn of(text: &'static str) -> Refusal {
        Refusal(Cow::Borrowed(text))
    }
}

const NOT_SWITCH: Refusal = Refusal::of("argument must be 'yes' or 'no'");
const NOT_INTEGER: Refusal = Refusal::of("argument couldn't be parsed into an integer");
const NOT_MEMORY: Refusal = Refusal::of("argument must be a memory value");
const NOT_MEMORY_OR_PERCENT: Refusal = Refusal::of("argument must be a memory or percent value");
const NOT_PERCENT: Refusal = Refusal::of("percentage argument must be less or equal to 100");

fn out_of_range(min: impl fmt::Display, max: impl fmt::Display) -> Refusal {
    Refusal(format!("argument must be between {min} and {max} inclusive").into())
}

impl Row {
    /// Whether the setting changes anything here.
    pub fn acts(&self) -> bool {
        self.group != Group::Remembered
    }

    /// Whether the value must not appear in logs and listings.
    pub fn secret(&self) -> bool {
        matches!(self.kind, Kind::Secret)
    }

    /// Whether the setting takes several words, which flags may give one by one.
    pub fn takes_several(&self) -> bool {
        matches!(
            self.kind,
            Kind::Addresses
                | Kind::Seeds
                | Kind::SavePoints
                | Kind::OutputLimits
                | Kind::Percentiles
                | Kind::OomScores
        )
    }

    /// The name of the setting in the environment.
    pub fn env_name(&self) -> String {
        format!("LOCKSTEP_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }

    /// Reads `raw`, given under `name`. `current` is the value in force: some
    /// settings take a part of a value and keep the rest.
    ///
    /// # Errors
    /// Why the value is not taken.
    pub fn parse(&self, name: &str, raw: &str, current: &str) -> Result<Value, Refusal> {
        match self.kind {
            Kind::Switch => switch(raw),
            Kind::Integer { min, max, .. } => integer(raw, min, max),
            Kind::Clamped { min, max } => {
                integer(raw, 0, i64::from(i32::MAX)).map(|value| clamp(&value, min, max))
            }
            Kind::Bytes { min, max } => bytes_between(raw, min, max).map(Value::Number),
            Kind::BytesOrPercent => bytes_or_percent(raw),
            Kind::Word { words, alias_words } => {
                let asked = self.words_under(name, words, alias_words);
                word(raw, asked, words)
            }
            Kind::Text | Kind::Secret => Ok(Value::Text(raw.to_owned().into())),
            Kind::Addresses => special::address_list(raw).map(text),
            Kind::Seeds => seeds::seeds(raw).map(text),
            Kind::Host => seeds::host(raw).map(text),
            Kind::SavePoints => special::save_points(raw).map(text),
            Kind::OutputLimits => special::output_limits(raw, current).map(text),
            Kind::Events => special::events(raw).map(Value::Number),
            Kind::Percentiles => special::percentiles(raw).map(text),
            Kind::OomScores => special::oom_scores(raw).map(text),
        }
    }

    /// Prints `value` as CONFIG GET `name` shows it.
    pub fn print(&self, name: &str, value: &Value) -> String {
        let number = match value {
            Value::Text(text) => return text.to_string(),
            Value::Number(number) => *number,
        };
        match self.kind {
            Kind::Switch => if number == 0 { "no" } else { "yes" }.to_owned(),
            Kind::Word { words, alias_words } => {
                let words = self.words_under(name, words, alias_words);
                let at = usize::try_from(number).unwrap_or(usize::MAX);
                words.get(at).copied().unwrap_or_default().to_owned()
            }
            Kind::Events => special::print_events(number),
            Kind::Bytes { .. } => number.to_string(),
            _ => number.cast_signed().to_string(),
        }
    }

    fn words_under(
        &self,
        name: &str,
        words: &'static [&'static str],
        alias_words: Option<&'static [&'static str]>,
    ) -> &'static [&'static str] {
        match alias_words {
            Some(theirs) if self.alias.is_some_and(|alias| alias.eq_ignore_ascii_case(name)) => {
                theirs
            }
            _ => words,
        }
    }
}

fn text(text: String) -> Value {
    Value::Text(text.into())
}

fn switch(raw: &str) -> Result<Value, Refusal> {
    if raw.eq_ignore_ascii_case("yes") {
        Ok(Value::Number(1))
    } else if raw.eq_ignore_ascii_case("no") {
        Ok(Value::Number(0))
    } else {
        Err(NOT_SWITCH)
    }
}

fn integer(raw: &str, min: i64, max: i64) -> Result<Value, Refusal> {
    let number = plain_integer(raw).ok_or(NOT_INTEGER)?;
    if number < min || number > max {
        return Err(out_of_range(min, max));
    }
    Ok(Value::Number(number.cast_unsigned()))
}

fn clamp(value: &Value, min: i64, max: i64) -> Value {
    match value {
        Value::Number(number) => {
            Value::Number(number.cast_signed().clamp(min, max).cast_unsigned())
        }
        Value::Text(_) => value.clone(),
    }
}

/// A number with no sign but minus, no leading zero and nothing around it.
pub(super) fn plain_integer(raw: &str) -> Option<i64> {
    let digits = raw.strip_prefix('-').unwrap_or(raw);
    let plain = match digits.as_bytes() {
        [b'0'] => raw == "0",
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if plain { raw.parse().ok() } else { None }
}

/// A number of bytes as Redis reads it: `k` is 1,000, `kb` is 1,024; too much is the most.
pub(super) fn bytes(raw: &str) -> Option<u64> {
    let unit_at = raw.find(|c: char| !c.is_ascii_digit()).unwrap_or(raw.len());
    let (digits, unit) = raw.split_at(unit_at);
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" => 1_000,
        "kb" => 1 << 10,
        "m" => 1_000_000,
        "mb" => 1 << 20,
        "g" => 1_000_000_000,
        "gb" => 1 << 30,
        _ => return None,
    };
    if digits.is_empty() {
        return raw.is_empty().then_some(0);
    }
    Some(digits.parse().unwrap_or(u64::MAX).saturating_mul(factor))
}

fn bytes_between(raw: &str, min: u64, max: u64) -> Result<u64, Refusal> {
    let number = bytes(raw).ok_or(NOT_MEMORY)?;
    if number < min || number > max {
        return Err(out_of_range(min, max));
    }
    Ok(number)
}

fn bytes_or_percent(raw: &str) -> Result<Value, Refusal> {
    let Some(share) = raw.strip_suffix('%') else {
        return bytes(raw).map(|n| text(n.to_string())).ok_or(NOT_MEMORY_OR_PERCENT);
    };
    match plain_integer(share) {
        Some(0..=100) => Ok(text(raw.to_owned())),
        Some(share) if share > 100 => Err(NOT_PERCENT),
        _ => Err(NOT_MEMORY_OR_PERCENT),
    }
}

/// The position of `raw` in the words it was asked for in, or in the setting's own.
fn word(raw: &str, asked: &[&str], own: &[&str]) -> Result<Value, Refusal> {
    let find = |words: &[&str]| words.iter().position(|word| word.eq_ignore_ascii_case(raw));
    match find(asked).or_else(|| find(own)) {
        Some(at) => Ok(Value::Number(at as u64)),
        None => Err(Refusal(
            format!("argument(s) must be one of the following: {}", asked.join(", ")).into(),
        )),
    }
}
