//! What became of all messages in the end (S2, S4, S14).

use std::collections::{BTreeMap, BTreeSet};

use super::{Book, Came, Deed, Flaw, Id, Left, Push, What, holds};

pub(super) fn check(book: &Book<'_>) -> Result<(), Flaw> {
    let fates = Fates::of(book);
    transactions_are_whole(book)?;
    for left in &book.history.left {
        let known = book.pushes.get(&left.message).into_iter().flatten();
        let there = known.into_iter().any(|push| {
            push.queue == left.queue || book.rule(push.queue).feeds == Some(left.queue)
        });
        holds(there, "S1", || format!("nobody pushed {left:?}"))?;
        let mut touches = book.touches_of((left.queue, left.seq));
        let settled = touches.any(|touch| touch.deed == Deed::Ack { gave: Some(1) });
        holds(!settled, "S4", || format!("{left:?} was settled"))?;
    }
    fates.nothing_is_lost()?;
    fates.drops_are_counted()?;
    fates.batches_are_whole()
}

struct Fates<'a> {
    book: &'a Book<'a>,
    /// Where each body was in the end.
    left: BTreeMap<u64, Vec<&'a Left>>,
    /// Under which numbers each body was delivered.
    numbers: BTreeMap<u64, BTreeSet<Id>>,
}

impl<'a> Fates<'a> {
    fn of(book: &'a Book<'a>) -> Self {
        let mut fates = Fates { book, left: BTreeMap::new(), numbers: BTreeMap::new() };
        for left in &book.history.left {
            fates.left.entry(left.message).or_default().push(left);
        }
        for delivery in &book.history.deliveries {
            let id = (delivery.queue, delivery.seq);
            fates.numbers.entry(delivery.message).or_default().insert(id);
        }
        fates
    }

    /// S2, S10: what was pushed for sure is there in the end, once, unless something
    /// took it away or may have.
    fn nothing_is_lost(&self) -> Result<(), Flaw> {
        for (message, pushes) in &self.book.pushes {
            let left = self.left.get(message).map_or(&[][..], Vec::as_slice);
            holds(left.len() <= 1, "S10", || format!("it is there twice: {left:?}"))?;
            let sure = pushes.iter().any(|push| is_sure(self.book, push));
            let lost = sure && left.is_empty() && !self.may_be_gone(*message, pushes);
            holds(!lost, "S2", || {
                let history = &self.book.history;
                let seen = history.deliveries.iter().filter(|one| one.message == *message);
                let seen: Vec<_> = seen.collect();
                let of_it = |id: &Id| self.book.touches_of(*id).collect::<Vec<_>>();
                let touches: Vec<_> =
                    self.numbers.get(message).into_iter().flatten().map(of_it).collect();
                format!("{pushes:?} is lost; delivered {seen:?}, touched {touches:?}")
            })?;
        }
        Ok(())
    }

    fn may_be_gone(&self, message: u64, pushes: &[&Push]) -> bool {
        let of_rules = pushes.iter().any(|push| {
            let rule = self.book.rule(push.queue);
            rule.drops || (push.ttl_ms > 0 && rule.ttl_drops)
        });
        of_rules || self.may_be_settled(message, pushes)
    }

    /// An ack counted, or may have; a purge came after the push, or may have; or it was
    /// settled with a delivery that nobody saw.
    fn may_be_settled(&self, message: u64, pushes: &[&Push]) -> bool {
        let history = self.book.history;
        let acked = self.numbers.get(&message).into_iter().flatten().any(|id| {
            self.book.touches_of(*id).any(|touch| match touch.deed {
                Deed::Ack { gave: Some(gave) } => gave == 1,
                Deed::Ack { gave: None } => touch.tx == 0 || history.noted.contains(&touch.tx),
                _ => false,
            })
        });
        let purged = pushes.iter().any(|push| {
            let mut orders = history.orders.iter().filter(|order| order.queue == push.queue);
            orders.any(|order| order.what == What::Purge && !order.span.precedes(&push.span))
        });
        let swallowed = pushes.iter().any(|push| {
            let feeds = self.book.rule(push.queue).feeds;
            let queues = [Some(push.queue), feeds];
            queues.into_iter().flatten().any(|queue| history.swallowed.contains(&queue))
        });
        acked || purged || swallowed
    }

    /// What a queue dropped it says so: no more is missing.
    fn drops_are_counted(&self) -> Result<(), Flaw> {
        let mut missing: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        for (message, pushes) in &self.book.pushes {
            let sure = pushes.iter().any(|push| is_sure(self.book, push));
            if sure && !self.left.contains_key(message) && !self.may_be_settled(*message, pushes) {
                missing.entry(pushes[0].queue).or_default().push(*message);
            }
        }
        for (queue, messages) in missing {
            let dropped = self.book.history.dropped.get(&queue).copied().unwrap_or(0);
            holds(messages.len() as u64 <= dropped, "S2", || {
                format!("queue {queue} dropped {dropped}, and these are missing: {messages:?}")
            })?;
        }
        Ok(())
    }

    /// S14: of a batch with an unknown outcome all messages came, or none.
    fn batches_are_whole(&self) -> Result<(), Flaw> {
        let mut batches: BTreeMap<u64, Vec<&Push>> = BTreeMap::new();
        for push in self.book.pushes.values().flatten().filter(|push| push.batch > 0) {
            batches.entry(push.batch).or_default().push(push);
        }
        for pushes in batches.values() {
            let seen = |push: &Push| {
                let delivered = self.numbers.contains_key(&push.message);
                delivered || self.left.contains_key(&push.message)
            };
            let some = pushes.iter().any(|push| seen(push));
            let missing =
                pushes.iter().find(|push| !seen(push) && !self.may_be_gone(push.message, &[push]));
            holds(!some || missing.is_none(), "S14", || format!("a part came: {pushes:?}"))?;
        }
        Ok(())
    }
}

fn is_sure(book: &Book<'_>, push: &Push) -> bool {
    push.came != Came::Unknown || book.history.noted.contains(&push.tx)
}

/// S14: a transaction left its note, and its message came; or neither.
fn transactions_are_whole(book: &Book<'_>) -> Result<(), Flaw> {
    let noted = &book.history.noted;
    for tx in book.history.txs.iter().filter(|tx| tx.span.is_sure()) {
        holds(noted.contains(&tx.number), "S14", || format!("no note of {tx:?}"))?;
    }
    let of_none = |push: &&Push| push.tx > 0 && !noted.contains(&push.tx);
    for push in book.history.pushes.iter().filter(of_none) {
        let deliveries = &book.history.deliveries;
        let came = deliveries.iter().find(|delivery| delivery.message == push.message);
        holds(came.is_none(), "S14", || format!("{push:?} has no note, and {came:?}"))?;
    }
    Ok(())
}
