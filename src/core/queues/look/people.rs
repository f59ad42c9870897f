//! QPENDING and QCONSUMERS: who has messages.

use std::collections::BTreeMap;

use super::super::message::{Lease, Message};
use super::super::{COUNT_MAX, Receipt};
use super::{View, int};
use crate::Outcome;

/// At most so many messages in flight are looked at.
const LOOKED_AT: usize = 100_000;

impl View<'_> {
    pub(super) fn pending(
        &self,
        consumer: Option<&[u8]>,
        idle_ms: Option<u64>,
        count: u64,
    ) -> Outcome {
        let count = usize::try_from(count.min(COUNT_MAX)).unwrap_or(usize::MAX);
        let number = consumer.and_then(|name| self.shape.consumers.get(name));
        let of_consumer = number.and_then(|number| self.shape.pending.get(number));
        let seqs: Box<dyn Iterator<Item = u64>> = match of_consumer {
            Some(seqs) => Box::new(seqs.iter().copied()),
            None => Box::new(self.shape.inflight.iter().take(LOOKED_AT)),
        };
        let lines = seqs.filter_map(|seq| {
            let message = self.queue.messages.get(seq)?;
            let lease = message.lease()?;
            let age_ms = self.now_ms.saturating_sub(lease.since_ms);
            let who = self.holder(lease);
            let meant = consumer.is_none_or(|name| who == name);
            if !meant || idle_ms.is_some_and(|idle_ms| age_ms < idle_ms) {
                return None;
            }
            let receipt = Receipt::Of { part: self.queue.part, seq, attempt: message.attempts };
            Some(Outcome::List(vec![
                Outcome::Bytes(receipt.text()),
                Outcome::Bytes(who.to_vec()),
                int(age_ms),
                int(message.attempts.into()),
            ]))
        });
        Outcome::List(lines.take(count).collect())
    }

    /// The name under which a message was taken: that of the consumer, or the session.
    fn holder<'l>(&'l self, lease: &'l Lease) -> &'l [u8] {
        match self.queue.consumers.get(lease.consumer) {
            Some(consumer) => &consumer.name,
            None => lease.session.as_deref().unwrap_or_default(),
        }
    }

    pub(super) fn consumers(&self) -> Outcome {
        let mut waiting: BTreeMap<&[u8], u64> = BTreeMap::new();
        for place in self.shape.line.values().flatten() {
            let waiter = self.table.waiters.get(*place);
            if let Some(name) = waiter.and_then(|waiter| waiter.ask.consumer.as_deref()) {
                *waiting.entry(name).or_default() += 1;
            }
        }
        let mut lines = Vec::new();
        for (name, number) in &self.shape.consumers {
            let Some(consumer) = self.queue.consumers.get(*number) else { continue };
            let has = self.shape.pending.get(number).map_or(0, |seqs| seqs.len());
            let idle_ms = self.now_ms.saturating_sub(consumer.seen_ms);
            let waits = waiting.remove(&**name).unwrap_or(0);
            lines.push(line(name, has as u64, idle_ms, waits));
        }
        // Those that never had a message.
        lines.extend(waiting.into_iter().map(|(name, waits)| line(name, 0, 0, waits)));
        lines.extend(self.sessions());
        Outcome::List(lines)
    }

    /// The same of sessions whose consumers have no names.
    fn sessions(&self) -> Vec<Outcome> {
        let mut sessions: BTreeMap<&[u8], (u64, u64, u64)> = BTreeMap::new();
        for seq in self.shape.inflight.iter().take(LOOKED_AT) {
            let lease = self.queue.messages.get(seq).and_then(Message::lease);
            let Some(lease) = lease.filter(|lease| !self.is_named(lease)) else { continue };
            if let Some(session) = &lease.session {
                let (has, seen_ms, _) = sessions.entry(session).or_default();
                (*has, *seen_ms) = (*has + 1, lease.since_ms.max(*seen_ms));
            }
        }
        for place in self.shape.line.values().flatten() {
            let ask = self.table.waiters.get(*place).map(|waiter| &waiter.ask);
            let Some(ask) = ask.filter(|ask| ask.consumer.is_none()) else { continue };
            if let Some(session) = &ask.session {
                let (_, seen_ms, waits) = sessions.entry(session).or_default();
                (*seen_ms, *waits) = (self.now_ms, *waits + 1);
            }
        }
        let shown = |(name, (has, seen_ms, waits)): (&&[u8], &(u64, u64, u64))| {
            line(name, *has, self.now_ms.saturating_sub(*seen_ms), *waits)
        };
        sessions.iter().map(shown).collect()
    }

    fn is_named(&self, lease: &Lease) -> bool {
        self.queue.consumers.get(lease.consumer).is_some()
    }
}

fn line(name: &[u8], has: u64, idle_ms: u64, waits: u64) -> Outcome {
    Outcome::List(vec![Outcome::Bytes(name.to_vec()), int(has), int(idle_ms), int(waits)])
}
