//! What becomes of a message: it is delivered, comes back, dies, or leaves.

use std::sync::Arc;

use super::counts::Count;
use super::desk::Desk;
use super::message::{Death, Lease, Message, State};
use super::mutant::{Mutant, is_broken};
use super::op::Reason;
use super::waiter::Ask;
use super::{Receipt, body::Body};
use crate::Stamp;

/// How a delivery ended that was not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blamed {
    /// It failed.
    Yes,
    /// It did not.
    No,
}

impl Desk<'_> {
    /// A message is delivered under a lease.
    pub fn deliver(&mut self, at: &Stamp, seq: u64, ask: &Ask, consumer: u64, asked: u64) -> u32 {
        let rules = self.queue.rules();
        let (own_ms, max_ms) = (rules.lease_ms, rules.lease_ms_max);
        let session = ask.session.clone();
        let mut attempt = 0;
        self.edit(seq, |message| {
            let lease_ms = ask.lease_ms.or(message.extra().lease_ms).unwrap_or(own_ms);
            let until_ms = at.now_ms.saturating_add(lease_ms.min(max_ms));
            message.attempts = message.attempts.saturating_add(1);
            attempt = message.attempts;
            message.state = State::Inflight(Box::new(Lease {
                since_ms: at.now_ms,
                until_ms,
                fence: at.seq,
                consumer,
                asked,
                session,
            }));
        });
        self.count_delivery(attempt);
        attempt
    }

    /// A message is delivered and settled at once. Its receipt and body.
    pub fn deliver_for_good(&mut self, at: &Stamp, seq: u64) -> (Receipt, Body, Message) {
        let number = self.queue.number;
        let mut message = self.remove(seq);
        message.attempts = message.attempts.saturating_add(1);
        self.count_delivery(message.attempts);
        self.queue.counts.settled(Count::Unacked, at.now_ms, message.pushed_ms);
        let receipt = Receipt::Of { part: self.queue.part, seq, attempt: message.attempts };
        (receipt, message.body(number, seq), message)
    }

    fn count_delivery(&mut self, attempt: u32) {
        self.queue.counts.up(Count::Delivered);
        if attempt > 1 {
            self.queue.counts.up(Count::Redelivered);
        }
    }

    /// A delivery ended without being settled: the message goes to `then`, or to its end
    /// if it had enough.
    pub fn come_back(&mut self, at: &Stamp, seq: u64, blamed: Blamed, then: State) {
        let rules = self.queue.rules();
        let (usual_max, by_attempts) = (rules.fails_max, rules.counts_attempts);
        let message = self.queue.messages.get_mut(seq).expect("what was delivered is kept");
        if let Some(since_ms) = message.lease().map(|lease| lease.since_ms)
            && message.extra().first_ms.is_none()
        {
            message.extra_mut().first_ms = Some(since_ms);
        }
        if blamed == Blamed::Yes {
            message.fails = message.fails.saturating_add(1);
        }
        let max = message.extra().fails_max.unwrap_or(usual_max);
        let had = match by_attempts {
            true => message.attempts.saturating_sub(message.extra().attempts_before),
            false => message.fails,
        };
        let enough = max > 0 && had >= max && (by_attempts || blamed == Blamed::Yes);
        if enough {
            self.die(at, seq, Reason::MaxDeliver {});
        } else if message.is_expired(at.now_ms) && !is_broken(Mutant::TtlForgotten) {
            self.grow_too_old(at, seq);
        } else {
            self.edit(seq, |message| message.state = then);
        }
    }

    /// The time of a message that nobody has is over.
    pub fn grow_too_old(&mut self, at: &Stamp, seq: u64) {
        if self.queue.rules().expired_are_dead {
            self.die(at, seq, Reason::Ttl {});
        } else {
            self.drop_out(seq, Count::DroppedByTtl);
        }
    }

    /// A message leaves in a way that its group has to know of.
    pub fn drop_out(&mut self, seq: u64, way: Count) {
        let message = self.remove(seq);
        self.queue.counts.up(way);
        if let Some(group) = message.extra().group
            && self.shape.groups.contains_key(&group)
        {
            self.leave_gap(group, message.extra().rank.unwrap_or(seq));
        }
    }

    /// A message is given up.
    pub fn die(&mut self, at: &Stamp, seq: u64, reason: Reason) {
        let way = match reason {
            Reason::MaxDeliver {} => Count::DeadByFails,
            Reason::Ttl {} => Count::DeadByTtl,
            Reason::Fatal {} => Count::DeadByConsumer,
            Reason::Overflow {} => Count::DeadByOverflow,
        };
        self.queue.counts.up(way);
        let number = self.queue.next_number();
        let retain_ms = self.queue.rules().retain_ms;
        let until_ms = (retain_ms > 0).then(|| coarse(at.now_ms.saturating_add(retain_ms)));
        self.edit(seq, |message| {
            let extra = message.extra_mut();
            extra.reason = Some(reason);
            extra.death = Some(Death { number, at_ms: at.now_ms, until_ms });
            if let State::Inflight(lease) = &message.state
                && message.extra().first_ms.is_none()
            {
                let since_ms = lease.since_ms;
                message.extra_mut().first_ms = Some(since_ms);
            }
            message.state = State::Dead;
        });
        if is_broken(Mutant::DeadCountedTwice) {
            self.shape.inflight.insert(seq);
        }
        self.forget_known_of(seq);
        let message = self.queue.messages.get(seq).expect("it was just changed");
        let (group, rank) = (message.extra().group, message.extra().rank.unwrap_or(seq));
        if let Some(group) = group {
            self.leave_gap(group, rank);
        }
        if self.queue.rules().dead_letters.is_some() {
            self.index.letters.push((self.queue.number, seq));
        }
        self.trim_dead();
    }

    /// Drops the oldest of the dead that are too many.
    pub fn trim_dead(&mut self) {
        let max = self.queue.rules().dead_max;
        while max > 0
            && self.shape.dead.len() as u64 > max
            && let Some((_, seq)) = self.shape.dead.first_key_value()
        {
            let seq = *seq;
            self.remove(seq);
            self.queue.counts.up(Count::DroppedDead);
        }
    }

    /// A new message comes in.
    pub fn push(&mut self, at: &Stamp, seq: u64, message: Message) {
        self.queue.counts.came(at.now_ms);
        self.add(seq, message);
    }
}

/// A time that may come up to a second later, so that many such times are one.
pub(super) fn coarse(at_ms: u64) -> u64 {
    at_ms.checked_next_multiple_of(1000).unwrap_or(u64::MAX)
}

/// A message nobody has asked anything special of.
pub(super) fn plain(at: &Stamp, body: &[u8], state: State) -> Message {
    Message {
        body: Some(Arc::from(body)),
        check: super::body::check_of(body),
        state,
        pushed_ms: at.now_ms,
        extra: None,
        bytes: u32::try_from(body.len()).expect("a body was measured before"),
        attempts: 0,
        fails: 0,
        stored: false,
    }
}
