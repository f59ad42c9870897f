//! Settings whose values have a grammar of their own.

use std::net::IpAddr;

use super::row::{Refusal, bytes, plain_integer};
use super::settings::Settings;
use super::table::Setting;

const BAD_ADDRESS: Refusal = Refusal::of("Failed to bind to specified addresses.");
const BAD_SAVE: Refusal = Refusal::of("Invalid save parameters");
const LIMIT_WORDS: Refusal =
    Refusal::of("Wrong number of arguments in buffer limit configuration.");
const LIMIT_CLASS: Refusal =
    Refusal::of("Invalid client class specified in buffer limit configuration.");
const LIMIT_NUMBER: Refusal =
    Refusal::of("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
const BAD_EVENT: Refusal = Refusal::of("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
const BAD_PERCENTILE: Refusal = Refusal::of("Invalid latency-tracking-info-percentiles parameters");
const PERCENTILE_RANGE: Refusal =
    Refusal::of("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
const OOM_WORDS: Refusal = Refusal::of("wrong number of arguments");
const OOM_RANGE: Refusal =
    Refusal::of("Invalid oom-score-adj-values, elements must be between -2000 and 2000.");

/// The addresses to listen on, one by one. A minus in front says that the machine may lack it.
pub fn addresses(settings: &Settings) -> Vec<String> {
    let text = settings.text(Setting::Bind);
    text.split_ascii_whitespace().map(|word| word.replace("::*", "::")).collect()
}

/// How many addresses a node listens on at most.
const ADDRESSES_MAX: usize = 16;

/// The host alone: a name, an IP address or a star.
fn is_address(word: &str) -> bool {
    let host = word.strip_prefix('-').unwrap_or(word);
    let numeric = host.parse::<IpAddr>().is_ok();
    let name = !host.starts_with(['-', '.'])
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    numeric || matches!(host, "*" | "::*") || (name && !host.is_empty())
}

pub(super) fn address_list(raw: &str) -> Result<String, Refusal> {
    let words: Vec<&str> = raw.split_ascii_whitespace().collect();
    let fine = (1..=ADDRESSES_MAX).contains(&words.len()) && words.iter().all(|w| is_address(w));
    if fine { Ok(words.join(" ")) } else { Err(BAD_ADDRESS) }
}

pub(super) fn save_points(raw: &str) -> Result<String, Refusal> {
    let words: Vec<&str> = raw.split_ascii_whitespace().collect();
    let numbers: Option<Vec<i64>> = words.iter().map(|word| plain_integer(word)).collect();
    let numbers = numbers.filter(|n| n.len() % 2 == 0).ok_or(BAD_SAVE)?;
    let fine = numbers.chunks_exact(2).all(|pair| pair[0] >= 1 && pair[1] >= 0);
    if fine { Ok(words.join(" ")) } else { Err(BAD_SAVE) }
}

/// How much may wait for a client that does not read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputLimit {
    /// The client is closed above this, 0 for no limit.
    pub hard_bytes: usize,
    /// The client is closed when it stays above this, 0 for no limit.
    pub soft_bytes: usize,
    /// How long it may stay.
    pub soft_seconds: u64,
}

/// Which clients an output limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputClass {
    /// Most clients.
    Normal = 0,
    /// Clients that Redis would call replicas.
    Replica = 1,
    /// Clients with subscriptions.
    PubSub = 2,
}

/// How many classes there are.
pub(super) const OUTPUT_CLASSES: usize = 3;

const CLASS_NAMES: [&str; OUTPUT_CLASSES] = ["normal", "slave", "pubsub"];

/// Lays the limits named in `raw` over those in `current`.
pub(super) fn output_limits(raw: &str, current: &str) -> Result<String, Refusal> {
    let mut limits = read_output_limits(current);
    let words: Vec<&str> = raw.split_ascii_whitespace().collect();
    let quads = words.chunks_exact(4);
    if !quads.remainder().is_empty() {
        return Err(LIMIT_WORDS);
    }
    for quad in quads {
        let class = output_class(quad[0]).ok_or(LIMIT_CLASS)?;
        limits[class] = output_limit(&quad[1..]).ok_or(LIMIT_NUMBER)?;
    }
    Ok(print_output_limits(&limits))
}

fn output_class(word: &str) -> Option<usize> {
    let word = if word.eq_ignore_ascii_case("replica") { "slave" } else { word };
    CLASS_NAMES.iter().position(|name| name.eq_ignore_ascii_case(word))
}

fn output_limit(words: &[&str]) -> Option<OutputLimit> {
    let [hard, soft, seconds] = words else { return None };
    Some(OutputLimit {
        hard_bytes: size(hard)?,
        soft_bytes: size(soft)?,
        soft_seconds: seconds.parse().ok()?,
    })
}

/// Bytes as a size in memory; more than there can be is the most.
fn size(raw: &str) -> Option<usize> {
    bytes(raw).map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// The limits in a value that was taken; none where it says nothing.
pub(super) fn read_output_limits(value: &str) -> [OutputLimit; OUTPUT_CLASSES] {
    let mut limits = [OutputLimit::default(); OUTPUT_CLASSES];
    let words: Vec<&str> = value.split_ascii_whitespace().collect();
    for quad in words.chunks_exact(4) {
        if let (Some(class), Some(limit)) = (output_class(quad[0]), output_limit(&quad[1..])) {
            limits[class] = limit;
        }
    }
    limits
}

fn print_output_limits(limits: &[OutputLimit; OUTPUT_CLASSES]) -> String {
    let one = |(name, limit): (&&str, &OutputLimit)| {
        format!("{name} {} {} {}", limit.hard_bytes, limit.soft_bytes, limit.soft_seconds)
    };
    CLASS_NAMES.iter().zip(limits).map(one).collect::<Vec<_>>().join(" ")
}

/// Event classes of `notify-keyspace-events`, as bits of its number.
pub mod event {
    use lockstep_core::keys::Class;

    /// `K`: events are published under the name of the key.
    pub const KEYSPACE: u64 = 1 << 0;
    /// `E`: events are published under the name of the event.
    pub const KEYEVENT: u64 = 1 << 1;
    /// `g`: commands of no type, DEL and its like.
    pub const GENERIC: u64 = Class::Generic.bit();
    /// `$`: strings.
    pub const STRING: u64 = Class::String.bit();
    /// `l`: lists.
    pub const LIST: u64 = Class::List.bit();
    /// `s`: sets.
    pub const SET: u64 = Class::Set.bit();
    /// `h`: hashes.
    pub const HASH: u64 = Class::Hash.bit();
    /// `z`: sorted sets.
    pub const ZSET: u64 = Class::Sorted.bit();
    /// `x`: keys that expired.
    pub const EXPIRED: u64 = Class::Expired.bit();
    /// `e`: keys that were evicted.
    pub const EVICTED: u64 = Class::Evicted.bit();
    /// `t`: streams.
    pub const STREAM: u64 = Class::Stream.bit();
    /// `m`: reads that found nothing.
    pub const KEY_MISS: u64 = Class::Miss.bit();
    /// `d`: modules. There are none.
    pub const MODULE: u64 = 1 << 12;
    /// `n`: keys that are new.
    pub const NEW: u64 = Class::New.bit();
    /// `A`: all classes that Redis counts in.
    pub const ALL: u64 =
        GENERIC | STRING | LIST | SET | HASH | ZSET | EXPIRED | EVICTED | STREAM | MODULE;
}

/// The letters, in the order in which Redis prints them.
const EVENT_CLASSES: [(char, u64); 10] = [
    ('g', event::GENERIC),
    ('$', event::STRING),
    ('l', event::LIST),
    ('s', event::SET),
    ('h', event::HASH),
    ('z', event::ZSET),
    ('x', event::EXPIRED),
    ('e', event::EVICTED),
    ('t', event::STREAM),
    ('d', event::MODULE),
];
/// `n` is printed behind the classes. Redis 7.0 leaves it out behind `A`, which
/// would lose it in a rewrite.
const EVENT_NEW: (char, u64) = ('n', event::NEW);
const EVENT_WAYS: [(char, u64); 3] =
    [('K', event::KEYSPACE), ('E', event::KEYEVENT), ('m', event::KEY_MISS)];

pub(super) fn events(raw: &str) -> Result<u64, Refusal> {
    raw.chars().try_fold(0, |bits, letter| match event_bits(letter) {
        Some(bit) => Ok(bits | bit),
        None => Err(BAD_EVENT),
    })
}

fn event_bits(letter: char) -> Option<u64> {
    if letter == 'A' {
        return Some(event::ALL);
    }
    let all = EVENT_CLASSES.iter().chain([&EVENT_NEW]).chain(&EVENT_WAYS);
    all.into_iter().find(|(name, _)| *name == letter).map(|(_, bit)| *bit)
}

pub(crate) fn print_events(bits: u64) -> String {
    let pick = |(letter, bit): &(char, u64)| (bits & bit != 0).then_some(*letter);
    let mut letters = String::new();
    if bits & event::ALL == event::ALL {
        letters.push('A');
    } else {
        letters.extend(EVENT_CLASSES.iter().filter_map(pick));
    }
    letters.extend(pick(&EVENT_NEW));
    letters.extend(EVENT_WAYS.iter().filter_map(pick));
    letters
}

pub(super) fn percentiles(raw: &str) -> Result<String, Refusal> {
    let mut printed = Vec::new();
    for word in raw.split(' ').filter(|_| !raw.is_empty()) {
        let number: f64 = word.parse().map_err(|_| BAD_PERCENTILE)?;
        if !(0.0..=100.0).contains(&number) {
            return Err(PERCENTILE_RANGE);
        }
        printed.push(number.to_string());
    }
    Ok(printed.join(" "))
}

pub(super) fn oom_scores(raw: &str) -> Result<String, Refusal> {
    let words: Vec<&str> = raw.split_ascii_whitespace().collect();
    if words.len() != 3 {
        return Err(OOM_WORDS);
    }
    let fine = words.iter().all(|w| matches!(plain_integer(w), Some(-2000..=2000)));
    if fine { Ok(words.join(" ")) } else { Err(OOM_RANGE) }
}
