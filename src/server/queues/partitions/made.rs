//! How a partition comes to be: as its queue is set, which home knows.

use lockstep_commands::BadArgs;
use lockstep_core::queues::{Grouping, Op, Order, Overflow, SETTING_NAMES, Setting, WHOLE};
use lockstep_core::{Fault, Outcome};

use super::place;
use crate::Node;
use crate::queues::{ask, shard_of};
use lockstep_raft::Delivery;

/// Makes a partition of a queue that is not there; false if the queue has no such
/// partition.
///
/// # Errors
/// Who has to be asked cannot be reached.
pub(super) async fn make(node: &Node, queue: &[u8], part: u32) -> Result<bool, BadArgs> {
    let Some(config) = config(node, queue).await? else { return Ok(false) };
    let settings = settings(&config);
    if part >= partitions(&settings) {
        return Ok(false);
    }
    let op = Op::Create { queue, part, settings, if_new: true };
    let shard = shard_of(node, queue, part);
    match place::write(node, shard, &op).await {
        Delivery::Done(outcomes) => match outcomes[..] {
            [Outcome::Ok | Outcome::Fault(Fault::QueueExists)] => Ok(true),
            _ => Ok(false),
        },
        other => Err(node.shards.failure(shard, &other)),
    }
}

/// How a queue is set, as its home says; none if there is no such queue.
///
/// # Errors
/// Home cannot be reached.
pub(super) async fn config(node: &Node, queue: &[u8]) -> Result<Option<Outcome>, BadArgs> {
    let op = Op::Config { queue, part: WHOLE, tags: Vec::new() };
    let config = ask(node, shard_of(node, queue, 0), &op).await?;
    Ok(matches!(config, Outcome::List(_)).then_some(config))
}

/// Over how many partitions a queue is spread.
pub(super) fn partitions(settings: &[Setting<'_>]) -> u32 {
    let count = settings.iter().find_map(|setting| match setting {
        Setting::Partitions { count } => Some(*count),
        _ => None,
    });
    count.unwrap_or(1).max(1)
}

/// Whether messages of a queue may have groups.
pub(super) fn has_groups(settings: &[Setting<'_>]) -> bool {
    settings.iter().any(|setting| match setting {
        Setting::Groups { how } => !matches!(how, Grouping::Off {}),
        _ => false,
    })
}

/// The settings in what [`Op::Config`] gives.
pub(super) fn settings(config: &Outcome) -> Vec<Setting<'_>> {
    let Outcome::List(pairs) = config else { return Vec::new() };
    pairs.iter().filter_map(setting).collect()
}

fn setting(pair: &Outcome) -> Option<Setting<'_>> {
    let Outcome::List(pair) = pair else { return None };
    let [Outcome::Word(name), value] = &pair[..] else { return None };
    let tag = SETTING_NAMES.iter().position(|known| known == name)? + 1;
    Some(match tag {
        1 => Setting::Lease { ms: number(value)? },
        2 => Setting::LeaseMax { ms: number(value)? },
        3 => Setting::FailsMax { count: small(value)? },
        4 => Setting::CountMode { attempts: is(value, "attempts") },
        5 => backoff(value)?,
        6 => Setting::Ttl { ms: number(value)? },
        7 => Setting::Expire { dead: is(value, "dead") },
        8 => Setting::Delay { ms: number(value)? },
        9 => Setting::DeadLetters { queue: name_of(value) },
        10 => Setting::Retain { ms: number(value)? },
        11 => Setting::DeadMax { count: number(value)? },
        12 => Setting::LengthMax { count: number(value)? },
        13 => Setting::BytesMax { bytes: number(value)? },
        14 => Setting::Overflow { how: overflow(value)? },
        15 => Setting::Order { how: order(value)? },
        16 => Setting::Groups { how: grouping(value)? },
        17 => Setting::GroupInflight { count: number(value)? },
        18 => Setting::GroupFail { skip: is(value, "skip") },
        19 => Setting::DedupWindow { ms: number(value)? },
        20 => Setting::DedupScope { group: is(value, "group") },
        21 => Setting::DedupMax { count: number(value)? },
        22 => rate(value)?,
        23 => Setting::InflightMax { count: number(value)? },
        24 => Setting::Partitions { count: small(value)? },
        25 => Setting::Sync { relaxed: is(value, "relaxed") },
        26 => Setting::IdleDelete { ms: number(value)? },
        _ => return None,
    })
}

fn number(value: &Outcome) -> Option<u64> {
    match value {
        Outcome::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}

fn small(value: &Outcome) -> Option<u32> {
    number(value).and_then(|number| u32::try_from(number).ok())
}

fn is(value: &Outcome, word: &str) -> bool {
    matches!(value, Outcome::Word(found) if *found == word)
}

/// A name; a word stands for none.
fn name_of(value: &Outcome) -> &[u8] {
    match value {
        Outcome::Bytes(name) => name,
        _ => b"",
    }
}

fn backoff(value: &Outcome) -> Option<Setting<'_>> {
    let Outcome::List(parts) = value else { return None };
    let [min, max, how, jitter] = &parts[..] else { return None };
    let linear = is(how, "linear");
    let jitter = u8::try_from(number(jitter)?).ok()?;
    Some(Setting::Backoff { min_ms: number(min)?, max_ms: number(max)?, linear, jitter })
}

fn rate(value: &Outcome) -> Option<Setting<'_>> {
    match value {
        Outcome::List(parts) => match &parts[..] {
            [count, per] => Some(Setting::Rate { count: number(count)?, per_ms: number(per)? }),
            _ => None,
        },
        // No limit.
        _ => Some(Setting::Rate { count: 0, per_ms: 1000 }),
    }
}

fn overflow(value: &Outcome) -> Option<Overflow> {
    let all = [Overflow::Reject {}, Overflow::DropHead {}, Overflow::DeadHead {}];
    all.into_iter().find(|how| is(value, how.word()))
}

fn order(value: &Outcome) -> Option<Order> {
    let all = [Order::Fifo {}, Order::Lifo {}, Order::Priority {}];
    all.into_iter().find(|how| is(value, how.word()))
}

fn grouping(value: &Outcome) -> Option<Grouping> {
    let all = [Grouping::Off {}, Grouping::Optional {}, Grouping::Required {}];
    all.into_iter().find(|how| is(value, how.word()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lockstep_core::wire::Wire;
    use lockstep_core::{Effects, Stamp, queues};

    use super::*;

    /// One setting of each kind, none of them as usual.
    fn all() -> Vec<Setting<'static>> {
        vec![
            Setting::Lease { ms: 1_234 },
            Setting::LeaseMax { ms: 99_000 },
            Setting::FailsMax { count: 3 },
            Setting::CountMode { attempts: true },
            Setting::Backoff { min_ms: 5, max_ms: 50, linear: true, jitter: 7 },
            Setting::Ttl { ms: 60_001 },
            Setting::Expire { dead: true },
            Setting::Delay { ms: 3 },
            Setting::DeadLetters { queue: b"{q}dead" },
            Setting::Retain { ms: 4 },
            Setting::DeadMax { count: 5 },
            Setting::LengthMax { count: 6 },
            Setting::BytesMax { bytes: 7 },
            Setting::Overflow { how: Overflow::DeadHead {} },
            Setting::Order { how: Order::Priority {} },
            Setting::Groups { how: Grouping::Optional {} },
            Setting::GroupInflight { count: 8 },
            Setting::GroupFail { skip: true },
            Setting::DedupWindow { ms: 9 },
            Setting::DedupScope { group: true },
            Setting::DedupMax { count: 10 },
            Setting::Rate { count: 11, per_ms: 12 },
            Setting::InflightMax { count: 13 },
            Setting::Partitions { count: 14 },
            Setting::Sync { relaxed: true },
            Setting::IdleDelete { ms: 15 },
        ]
    }

    fn told(settings: Vec<Setting<'static>>) -> Outcome {
        let (mut table, at) = (queues::Table::new(), Stamp { now_ms: 1, seq: 1, version: 1 });
        let (queue, part) = (&b"q"[..], 0);
        let create = Op::Create { queue, part, settings, if_new: false };
        assert_eq!(table.apply(&at, &create, &mut Effects::new(false)), Outcome::Ok);
        table.apply(&at, &Op::Config { queue, part, tags: Vec::new() }, &mut Effects::new(false))
    }

    #[test]
    fn a_partition_is_set_as_its_queue() {
        for settings in [all(), Vec::new()] {
            let first = told(settings.clone());
            let read = super::settings(&first);
            assert_eq!(read.len(), SETTING_NAMES.len());
            for (place, setting) in read.iter().enumerate() {
                let mut bytes = Vec::new();
                setting.put(&mut bytes);
                assert_eq!(usize::from(bytes[0]), place + 1);
                assert!(settings.is_empty() || settings[place] == *setting);
            }
            let mut copy = Vec::new();
            read.put(&mut copy);
            let again = Vec::<Setting<'_>>::take(&mut &*copy.leak()).unwrap();
            assert_eq!(told(again), first);
        }
    }

    #[test]
    fn what_says_nothing_of_partitions_has_one() {
        assert_eq!(partitions(&[]), 1);
        assert_eq!(partitions(&all()), 14);
        assert!(has_groups(&all()) && !has_groups(&[]));
    }
}
