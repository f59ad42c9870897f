//! The operations that carry receipts: ack, nack, extend.

use super::message::{Message, State};
use super::queue::{Desk, Queue};
use super::receipt::PART;
use super::table::{Table, visible_at};
use super::{BACKOFF_MS_MAX, BACKOFF_MS_MIN, Blame, DEFAULT_LEASE_MS, LEASE_MS_MAX, Receipt};
use crate::{Effects, Outcome, Stamp};

impl Table {
    pub(super) fn ack(&mut self, name: &[u8], receipts: &[Receipt]) -> Outcome {
        let Some(name) = self.queues.shared_name(name) else { return Outcome::Int(0) };
        let mut desk = self.desk(&name);
        let settled = receipts.iter().filter(|receipt| ack_one(&mut desk, receipt)).count();
        Outcome::Int(settled as i64)
    }

    pub(super) fn nack(
        &mut self,
        at: &Stamp,
        name: &[u8],
        receipts: &[Receipt],
        blame: Blame,
        delay_ms: Option<u64>,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(name) = self.queues.shared_name(name) else { return Outcome::Int(0) };
        let mut desk = self.desk(&name);
        let mut given_back = 0;
        for receipt in receipts {
            let Some((seq, ..)) = in_flight(desk.queue, receipt) else { continue };
            nack_one(at, &mut desk, seq, blame, delay_ms);
            given_back += 1;
        }
        self.serve(at, &name, fx);
        Outcome::Int(given_back)
    }

    pub(super) fn extend(
        &mut self,
        at: &Stamp,
        name: &[u8],
        receipts: &[Receipt],
        lease_ms: u64,
    ) -> Outcome {
        let Some(name) = self.queues.shared_name(name) else {
            return Outcome::List(vec![Outcome::Int(0); receipts.len()]);
        };
        let mut desk = self.desk(&name);
        let lease_ms = if lease_ms == 0 { DEFAULT_LEASE_MS } else { lease_ms };
        let deadlines = receipts.iter().map(|receipt| {
            let until_ms = extend_one(at, &mut desk, receipt, lease_ms);
            Outcome::Int(until_ms.map_or(0, |until_ms| until_ms as i64))
        });
        Outcome::List(deadlines.collect())
    }
}

/// Settles a message if the receipt is its newest. An ack that comes after the
/// lease is still good as long as nobody else got the message: it saves a
/// delivery. The dead stay, because they are for people to look at.
fn ack_one(desk: &mut Desk<'_>, receipt: &Receipt) -> bool {
    let Receipt::Of { seq, attempt, .. } = *receipt;
    let Some(message) = find(desk.queue, receipt) else { return false };
    if !message.is_at(attempt) {
        desk.queue.counts.stale_acks += 1;
        return false;
    }
    match message.state {
        State::Dead => return false,
        State::Ready | State::Delayed { .. } => desk.queue.counts.late_acks += 1,
        State::Inflight { .. } => {}
    }
    desk.queue.counts.acked += 1;
    desk.remove(seq);
    true
}

fn nack_one(at: &Stamp, desk: &mut Desk<'_>, seq: u64, blame: Blame, delay_ms: Option<u64>) {
    desk.queue.counts.nacked += 1;
    let after = |delay_ms: u64| visible_at(at, at.now_ms.saturating_add(delay_ms));
    match blame {
        Blame::Fail {} => {
            let fails = desk.queue.messages.get(seq).map_or(0, |message| message.fails);
            let delay_ms = delay_ms.unwrap_or_else(|| backoff_ms(at, seq, fails));
            desk.fail(seq, after(delay_ms));
        }
        Blame::Silent {} => desk.change(seq, after(delay_ms.unwrap_or(0))),
        Blame::Fatal {} => desk.die(seq),
    }
}

fn extend_one(at: &Stamp, desk: &mut Desk<'_>, receipt: &Receipt, lease_ms: u64) -> Option<u64> {
    let (seq, since_ms, until_ms) = in_flight(desk.queue, receipt)?;
    if until_ms <= at.now_ms {
        // The lease is over, though nobody has ended it yet.
        return None;
    }
    let longest_ms = since_ms.saturating_add(LEASE_MS_MAX);
    let until_ms = at.now_ms.saturating_add(lease_ms).min(longest_ms);
    desk.change(seq, State::Inflight { since_ms, until_ms });
    Some(until_ms)
}

/// The number and the lease of the delivery with this receipt, if it lasts.
fn in_flight(queue: &Queue, receipt: &Receipt) -> Option<(u64, u64, u64)> {
    let Receipt::Of { seq, attempt, .. } = *receipt;
    let message = find(queue, receipt).filter(|message| message.is_at(attempt))?;
    match message.state {
        State::Inflight { since_ms, until_ms } => Some((seq, since_ms, until_ms)),
        _ => None,
    }
}

fn find<'a>(queue: &'a Queue, receipt: &Receipt) -> Option<&'a Message> {
    let Receipt::Of { part, seq, .. } = *receipt;
    if part == PART { queue.messages.get(seq) } else { None }
}

/// How long a message stays away after a failure when it had failed `fails`
/// times before: twice as long each time, a fifth more or less, so that what
/// failed together does not come back together.
fn backoff_ms(at: &Stamp, seq: u64, fails: u32) -> u64 {
    let doubled = BACKOFF_MS_MIN.saturating_mul(1 << fails.min(16)).min(BACKOFF_MS_MAX);
    let chance = (at.seq ^ seq.rotate_left(32)).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    doubled - doubled / 5 + chance % (doubled / 5 * 2 + 1)
}
