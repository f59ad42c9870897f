//! What the leaders of shards tell the detector, as bytes.

use lockstep_core::locks::Mode;
use lockstep_core::wire::{Malformed, Wire};
use lockstep_core::{ShardId, wire_enum};

use super::picture::{Lock, Party, Report, Waiter};

/// Bytes of a message about; what is more goes into the next one.
pub const MESSAGE_BYTES: usize = 1 << 20;

wire_enum! {
    /// A message to the detector.
    pub enum Message<'a> {
        /// All contended locks of a shard.
        1 => Report {
            shard: ShardId,
            term: u64,
            number: u64,
            locks: Vec<Contended<'a>>,
        },
    }
}

wire_enum! {
    /// A lock that somebody waits for.
    pub enum Contended<'a> {
        1 => Lock {
            name: &'a [u8],
            holders: Vec<At<'a>>,
            line: Vec<Waits<'a>>,
        },
    }
}

wire_enum! {
    /// An owner at a lock.
    pub enum At<'a> {
        1 => Party { owner: &'a [u8], id: u64, mode: Mode, birth_ms: u64 },
    }
}

wire_enum! {
    /// An owner in a line. How long it waits is told, not since when: nodes have
    /// clocks of their own.
    pub enum Waits<'a> {
        1 => For { party: At<'a>, prio: u64, waited_ms: u64 },
    }
}

/// Appends a report to a message; what waits does so since a time by this node's
/// clock, which shows `now_ms`.
pub fn put(shard: ShardId, report: &Report, now_ms: u64, out: &mut Vec<u8>) {
    let locks = report.locks.iter().map(|lock| contended(lock, now_ms)).collect();
    Message::Report { shard, term: report.term, number: report.number, locks }.put(out);
}

/// The reports of a message; times become those of this node's clock.
///
/// # Errors
/// The bytes are no message of this version.
pub fn take(mut message: &[u8], now_ms: u64) -> Result<Vec<(ShardId, Report)>, Malformed> {
    let mut reports = Vec::new();
    while !message.is_empty() {
        let Message::Report { shard, term, number, locks } = Message::take(&mut message)?;
        let locks = locks.into_iter().map(|lock| kept(lock, now_ms)).collect();
        reports.push((shard, Report { term, number, locks }));
    }
    Ok(reports)
}

fn contended(lock: &Lock, now_ms: u64) -> Contended<'_> {
    Contended::Lock {
        name: &lock.name,
        holders: lock.holders.iter().map(at).collect(),
        line: lock.line.iter().map(|waiter| waits(waiter, now_ms)).collect(),
    }
}

fn waits(waiter: &Waiter, now_ms: u64) -> Waits<'_> {
    let Waiter { party, prio, since_ms } = waiter;
    let waited_ms = now_ms.saturating_sub(*since_ms);
    Waits::For { party: at(party), prio: (*prio).into(), waited_ms }
}

fn at(party: &Party) -> At<'_> {
    let Party { owner, id, mode, birth_ms } = party;
    At::Party { owner, id: *id, mode: *mode, birth_ms: *birth_ms }
}

fn kept(lock: Contended<'_>, now_ms: u64) -> Lock {
    let Contended::Lock { name, holders, line } = lock;
    let waiter = |Waits::For { party: waiting, prio, waited_ms }| Waiter {
        party: party(waiting),
        prio: u8::try_from(prio).unwrap_or(u8::MAX),
        since_ms: now_ms.saturating_sub(waited_ms),
    };
    Lock {
        name: name.to_vec(),
        holders: holders.into_iter().map(party).collect(),
        line: line.into_iter().map(waiter).collect(),
    }
}

fn party(at: At<'_>) -> Party {
    let At::Party { owner, id, mode, birth_ms } = at;
    Party { owner: owner.to_vec(), id, mode, birth_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_arrives_as_it_was_and_its_times_by_the_clock_of_who_reads_it() {
        let party = |owner: &[u8], id| Party {
            owner: owner.to_vec(),
            id,
            mode: Mode::Exclusive {},
            birth_ms: 7,
        };
        let lock = |since_ms| Lock {
            name: b"l".to_vec(),
            holders: vec![party(b"a", 1)],
            line: vec![Waiter { party: party(b"b", 2), prio: 9, since_ms }],
        };
        let report = |since_ms| Report { term: 3, number: 4, locks: vec![lock(since_ms)] };
        let mut message = Vec::new();
        put(ShardId(5), &report(1_000), 1_020, &mut message);
        put(ShardId(6), &Report::default(), 1_020, &mut message);
        let wanted = vec![(ShardId(5), report(480)), (ShardId(6), Report::default())];
        assert_eq!(take(&message, 500), Ok(wanted));
        assert_eq!(take(&message[..message.len() - 1], 500), Err(Malformed));
    }
}
