//! The operations that carry receipts: ack, nack, extend.

use super::counts::Count;
use super::desk::Desk;
use super::fate::Blamed;
use super::message::{Lease, Message, State};
use super::mutant::{Mutant, is_broken};
use super::op::{Reason, Want};
use super::pop::Pop;
use super::push::{short_error, visible_at};
use super::table::Table;
use super::waiter::{Ask, Before};
use super::{Blame, PRIORITY_MAX, Receipt};
use crate::{Effects, Fault, Outcome, Stamp, Wait};

/// What a consumer says about what it gives back.
pub(super) struct Back<'a> {
    pub blame: Blame,
    pub delay_ms: Option<u64>,
    pub error: Option<&'a [u8]>,
    pub priority: Option<u8>,
}

/// What became of an ack.
const SETTLED: i64 = 1;
const UNKNOWN: i64 = 0;
const STALE: i64 = -1;

impl Table {
    pub(super) fn ack(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        receipts: &[Receipt],
        verbose: bool,
        pop: Option<(&Want<'_>, Option<Wait>)>,
        fx: &mut Effects,
    ) -> Outcome {
        let number = self.find_made(name, part);
        let each: Vec<i64> = match number {
            Some(number) => {
                let mut desk = self.desk(number);
                receipts.iter().map(|receipt| desk.ack_one(at, receipt)).collect()
            }
            None => vec![UNKNOWN; receipts.len()],
        };
        let settled = each.iter().filter(|one| **one == SETTLED).count() as i64;
        let before = if verbose { Before::Each(each) } else { Before::Count(settled) };
        if let Some(number) = number {
            self.finish(at, number, fx);
        }
        let Some((want, wait)) = pop else { return before.outcome() };
        let acked = before.outcome();
        let (ask, queues) = (Ask::of(want), [name]);
        let (named, fair, before) = (false, false, Some(before));
        let pop = Pop { queues: &queues, part, ask, named, fair, wait, before };
        match self.pop(at, pop, fx) {
            Outcome::Waits => Outcome::Waits,
            popped => Outcome::List(vec![acked, popped]),
        }
    }

    pub(super) fn nack(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        receipts: &[Receipt],
        back: &Back<'_>,
        fx: &mut Effects,
    ) -> Outcome {
        if back.priority.is_some_and(|priority| priority > PRIORITY_MAX) {
            return Fault::OutOfRange.into();
        }
        let mut given_back = 0;
        if let Some(number) = self.find_made(name, part) {
            let mut desk = self.desk(number);
            given_back = receipts.iter().filter(|receipt| desk.nack_one(at, receipt, back)).count();
            self.finish(at, number, fx);
        }
        match (given_back, receipts.len()) {
            (0, 1) => Fault::StaleReceipt.into(),
            _ => Outcome::Int(given_back as i64),
        }
    }

    pub(super) fn extend(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        receipts: &[Receipt],
        lease_ms: u64,
        fx: &mut Effects,
    ) -> Outcome {
        let mut deadlines = vec![None; receipts.len()];
        if let Some(number) = self.find_made(name, part) {
            let mut desk = self.desk(number);
            for (receipt, deadline) in receipts.iter().zip(&mut deadlines) {
                *deadline = desk.extend_one(at, receipt, lease_ms);
            }
            self.finish(at, number, fx);
        }
        match deadlines[..] {
            [None] => Fault::StaleReceipt.into(),
            _ => {
                let shown = |ms: &Option<u64>| Outcome::Int(ms.map_or(0, |ms| ms as i64));
                Outcome::List(deadlines.iter().map(shown).collect())
            }
        }
    }
}

impl Desk<'_> {
    /// Settles a message if the receipt is its newest. An ack that comes after the lease
    /// is still good as long as nobody else got the message: it saves a delivery. In a
    /// group only the first message that is not settled can be acked so. The dead stay,
    /// because they are for people to look at.
    fn ack_one(&mut self, at: &Stamp, receipt: &Receipt) -> i64 {
        let Receipt::Of { seq, attempt, .. } = *receipt;
        let Some(message) = self.find(receipt) else { return UNKNOWN };
        let pushed_ms = message.pushed_ms;
        if !message.is_at(attempt) && !is_broken(Mutant::AnyAttempt) {
            self.queue.counts.up(Count::StaleAcks);
            return STALE;
        }
        match message.state {
            State::Dead => return UNKNOWN,
            State::Ready | State::Delayed { .. } => {
                let in_order = self.is_first_of_group(seq) || is_broken(Mutant::LateAckOutOfOrder);
                if !in_order {
                    self.queue.counts.up(Count::StaleAcks);
                    return UNKNOWN;
                }
                self.queue.counts.up(Count::LateAcks);
            }
            State::Inflight(_) => {}
        }
        self.remove(seq);
        self.queue.counts.settled(Count::Acked, at.now_ms, pushed_ms);
        self.queue.used_ms = at.now_ms;
        SETTLED
    }

    fn nack_one(&mut self, at: &Stamp, receipt: &Receipt, back: &Back<'_>) -> bool {
        let Some((seq, _)) = self.in_flight(receipt) else { return false };
        let (priority, has_group) = (back.priority, self.has_group(seq));
        self.queue.counts.up(Count::Nacked);
        if back.error.is_some() || (priority.is_some() && !has_group) {
            let error = back.error.map(|error| short_error(error).into());
            self.edit(seq, |message| {
                let extra = message.extra_mut();
                extra.error = error.or(extra.error.take());
                extra.priority = priority.filter(|_| !has_group).unwrap_or(extra.priority);
            });
        }
        let after = |delay_ms: u64| visible_at(at, at.now_ms.saturating_add(delay_ms));
        match back.blame {
            Blame::Fail {} => {
                let fails = self.queue.messages.get(seq).map_or(0, |message| message.fails);
                let delay_ms = back.delay_ms.unwrap_or_else(|| {
                    self.queue.rules().backoff.ms(fails, at.seq ^ seq.rotate_left(32))
                });
                self.come_back(at, seq, Blamed::Yes, after(delay_ms));
            }
            Blame::Silent {} => {
                self.come_back(at, seq, Blamed::No, after(back.delay_ms.unwrap_or(0)));
            }
            Blame::Fatal {} => self.die(at, seq, Reason::Fatal {}),
        }
        true
    }

    fn extend_one(&mut self, at: &Stamp, receipt: &Receipt, lease_ms: u64) -> Option<u64> {
        let (seq, lease) = self.in_flight(receipt)?;
        if lease.until_ms <= at.now_ms {
            // The lease is over, though nobody has ended it yet.
            return None;
        }
        Some(self.extend_lease(at, seq, (lease_ms > 0).then_some(lease_ms)))
    }

    /// A lease lasts so long from now on, as far as it may; none: as usual.
    pub fn extend_lease(&mut self, at: &Stamp, seq: u64, lease_ms: Option<u64>) -> u64 {
        let rules = self.queue.rules();
        let (own_ms, max_ms) = (rules.lease_ms, rules.lease_ms_max);
        let mut end_ms = 0;
        self.edit(seq, |message| {
            let lease_ms = lease_ms.or(message.extra().lease_ms).unwrap_or(own_ms);
            if let State::Inflight(lease) = &mut message.state {
                let longest_ms = lease.since_ms.saturating_add(max_ms);
                lease.until_ms = at.now_ms.saturating_add(lease_ms).min(longest_ms);
                end_ms = lease.until_ms;
            }
        });
        end_ms
    }

    /// The number and the lease of the delivery with this receipt, if it lasts.
    fn in_flight(&self, receipt: &Receipt) -> Option<(u64, Lease)> {
        let Receipt::Of { seq, attempt, .. } = *receipt;
        let newest = |message: &&Message| message.is_at(attempt) || is_broken(Mutant::AnyAttempt);
        let message = self.find(receipt).filter(newest)?;
        Some((seq, message.lease()?.clone()))
    }

    fn find(&self, receipt: &Receipt) -> Option<&Message> {
        let Receipt::Of { part, seq, .. } = *receipt;
        if part == self.queue.part { self.queue.messages.get(seq) } else { None }
    }
}
