//! Messages are handed out.

use std::collections::BTreeSet;

use super::desk::Desk;
use super::look::meta_of;
use super::message::Message;
use super::mutant::{Mutant, is_broken};
use super::op::Order;
use super::push::limit;
use super::queue::Queue;
use super::shape::Filter;
use super::table::Table;
use super::waiter::{Ask, Before, Waiter, shaped};
use super::{CONSUMERS_MAX, FILTERS_MAX, QUEUES_PER_POP, Receipt, SHORT_BYTES_MAX, STALE_PER_POP};
use crate::image::Name;
use crate::{Effects, Fault, Outcome, Stamp, Wait};

/// A request for messages.
pub(super) struct Pop<'a> {
    pub queues: &'a [&'a [u8]],
    pub part: u32,
    pub ask: Ask,
    pub named: bool,
    pub fair: bool,
    pub wait: Option<Wait>,
    pub before: Option<Before>,
}

/// What is delivered next.
enum Next {
    /// A message without a group.
    Message(u64),
    /// The first messages of a group.
    Group(u64),
}

impl Table {
    pub(super) fn pop(&mut self, at: &Stamp, pop: Pop<'_>, fx: &mut Effects) -> Outcome {
        let count = pop.queues.len();
        if count == 0 || count > QUEUES_PER_POP || !is_short(&pop.ask) {
            return Fault::OutOfRange.into();
        }
        let first = if pop.fair { (at.seq % count as u64) as usize } else { 0 };
        for place in 0..count {
            let name = pop.queues[(first + place) % count];
            let Some(number) = self.find(name, pop.part) else { continue };
            let mut desk = self.desk(number);
            let outcome = desk.take(at, &pop.ask, pop.named);
            self.finish(at, number, fx);
            if outcome != Outcome::Nil {
                return outcome;
            }
        }
        match pop.wait {
            Some(Wait::For { origin, .. }) if self.lives.is_over(origin) => Outcome::Nil,
            Some(wait) => self.wait(at, wait, pop),
            None => Outcome::Nil,
        }
    }

    fn wait(&mut self, at: &Stamp, wait: Wait, pop: Pop<'_>) -> Outcome {
        let Wait::For { origin, request, block_ms } = wait;
        if self.index.place_of(origin, request).is_some() {
            // The same request, sent once more after a change of leader.
            return Outcome::Waits;
        }
        let mut numbers = Vec::with_capacity(pop.queues.len());
        for name in pop.queues {
            match self.open(name, pop.part) {
                Ok(number) if numbers.contains(&number) => {}
                Ok(number) => numbers.push(number),
                Err(full) => return self.give_up_waiting(&numbers, full),
            }
        }
        let full = numbers.iter().find_map(|number| {
            let shape = &self.sides.get(number)?.shape;
            let new = !shape.line.contains_key(&pop.ask.filter);
            if shape.waiting >= CONSUMERS_MAX {
                Some(Fault::Limit.into())
            } else if new && shape.line.len() >= FILTERS_MAX {
                Some(limit("too many groups and priorities are waited for in this queue"))
            } else {
                None
            }
        });
        if let Some(full) = full {
            return self.give_up_waiting(&numbers, full);
        }
        let deadline_ms = (block_ms > 0).then(|| at.now_ms.saturating_add(block_ms));
        let (ask, named, before) = (pop.ask, pop.named, pop.before);
        let queues = numbers.into();
        self.last_place += 1;
        let waiter = Waiter { origin, request, deadline_ms, queues, ask, named, before };
        self.enqueue(self.last_place, waiter);
        Outcome::Waits
    }

    fn give_up_waiting(&mut self, numbers: &[u64], full: Outcome) -> Outcome {
        numbers.iter().for_each(|number| self.close_if_idle(*number));
        full
    }

    /// Takes somebody into the lines.
    pub(super) fn enqueue(&mut self, place: u64, waiter: Waiter) {
        self.index.add_waiter(place, &waiter);
        for number in waiter.queues.iter() {
            let mut desk = self.desk(*number);
            let line = desk.shape.line.entry(waiter.ask.filter.clone()).or_default();
            line.insert(place);
            desk.shape.waiting += 1;
            desk.rearm();
        }
        self.waiters.insert(place, waiter);
    }

    /// Takes somebody out of the lines.
    pub(super) fn dequeue(&mut self, place: u64) -> Option<Waiter> {
        let waiter = self.waiters.remove(place)?;
        self.index.remove_waiter(place, &waiter);
        for number in waiter.queues.iter() {
            let mut desk = self.desk(*number);
            if let Some(line) = desk.shape.line.get_mut(&waiter.ask.filter) {
                line.remove(&place);
                if line.is_empty() {
                    desk.shape.line.remove(&waiter.ask.filter);
                }
            }
            desk.shape.waiting -= 1;
            desk.rearm();
        }
        Some(waiter)
    }

    /// Hands out what there is to those who wait, in the order they came.
    pub(super) fn serve(&mut self, at: &Stamp, number: u64, fx: &mut Effects) {
        loop {
            let mut desk = self.desk(number);
            let Some(place) = desk.first_to_serve(at) else { return };
            let Some(waiter) = self.dequeue(place) else { return };
            let outcome = if waiter.is_late(at.now_ms) {
                Outcome::Nil
            } else {
                self.desk(number).take(at, &waiter.ask, waiter.named)
            };
            waiter.answer(outcome, fx);
            self.close_other_idle(&waiter, number);
        }
    }

    fn close_other_idle(&mut self, waiter: &Waiter, number: u64) {
        for other in waiter.queues.iter().filter(|other| **other != number) {
            self.close_if_idle(*other);
        }
    }
}

fn is_short(ask: &Ask) -> bool {
    let names = [&ask.filter.group, &ask.consumer, &ask.session, &ask.name];
    names.into_iter().flatten().all(|name| name.len() <= SHORT_BYTES_MAX)
}

impl Desk<'_> {
    /// The first in line for whom there is something.
    fn first_to_serve(&mut self, at: &Stamp) -> Option<u64> {
        if self.shape.waiting == 0 || !self.may_deliver(at) {
            return None;
        }
        let first = |(filter, places): (&Filter, &BTreeSet<u64>)| {
            Some((filter.clone(), places.first().copied()?))
        };
        let heads: Vec<_> = self.shape.line.iter().filter_map(first).collect();
        let served = heads.into_iter().filter(|(filter, _)| self.next(at, filter).is_some());
        served.map(|(_, place)| place).min()
    }

    /// Whether the queue as a whole may deliver a message.
    pub fn may_deliver(&self, at: &Stamp) -> bool {
        let held = self.queue.is_held(at.now_ms) && !is_broken(Mutant::PauseForgotten);
        !held && self.room(at) > 0 && self.shape.ready() > 0
    }

    /// How many messages may be delivered now.
    fn room(&self, at: &Stamp) -> u64 {
        let rules = self.queue.rules();
        let inflight = match rules.share(rules.inflight_max) {
            0 => u64::MAX,
            max => max.saturating_sub(self.shape.inflight.len() as u64),
        };
        let (count, per_ms) = (rules.share(rules.rate.0), rules.rate.1);
        let rate = match self.queue.window {
            _ if count == 0 => u64::MAX,
            Some((since_ms, done)) if at.now_ms < since_ms.saturating_add(per_ms) => {
                count.saturating_sub(done)
            }
            _ => count,
        };
        inflight.min(rate)
    }

    fn count_rate(&mut self, at: &Stamp, delivered: u64) {
        let (count, per_ms) = self.queue.rules().rate;
        if count == 0 || delivered == 0 {
            return;
        }
        let (since_ms, done) = match self.queue.window {
            Some((since_ms, done)) if at.now_ms < since_ms.saturating_add(per_ms) => {
                (since_ms, done)
            }
            _ => (at.now_ms, 0),
        };
        self.queue.window = Some((since_ms, done + delivered));
    }

    /// What is next for somebody who takes these. What is too old though no tick has
    /// come to it yet ends here, up to a limit.
    fn next(&mut self, at: &Stamp, filter: &Filter) -> Option<Next> {
        for _ in 0..STALE_PER_POP {
            let next = self.first(filter)?;
            let seq = match next {
                Next::Message(seq) => seq,
                Next::Group(number) => self.batch(number, 1).first().copied()?,
            };
            if !self.is_stale(at, seq) {
                return Some(next);
            }
            self.grow_too_old(at, seq);
        }
        None
    }

    fn is_stale(&self, at: &Stamp, seq: u64) -> bool {
        let may_be = self.shape.mortal > 0 && !is_broken(Mutant::TtlForgotten);
        let message = || self.queue.messages.get(seq);
        may_be && message().is_some_and(|message| message.is_expired(at.now_ms))
    }

    fn first(&self, filter: &Filter) -> Option<Next> {
        if let Some(name) = &filter.group {
            let number = *self.shape.group_names.get(name)?;
            let turn = self.queue.groups.get(number)?.turn;
            return self.shape.ring.contains(&(turn, number)).then_some(Next::Group(number));
        }
        let min = filter.priority_min;
        let group = self.shape.ring.first().filter(|_| min == 0);
        let levels = &self.shape.levels;
        let rank = match self.queue.rules().order {
            Order::Fifo {} => levels.oldest(min),
            Order::Lifo {} => levels.newest(min),
            Order::Priority {} => match levels.highest(min) {
                Some((1.., rank)) => return Some(self.message_at(rank)),
                found => found.map(|(_, rank)| rank),
            },
        };
        match (rank, group) {
            (Some(rank), Some(((behind, _), _))) if rank < *behind => Some(self.message_at(rank)),
            (_, Some((_, number))) => Some(Next::Group(*number)),
            (Some(rank), None) => Some(self.message_at(rank)),
            (None, None) => None,
        }
    }

    fn message_at(&self, rank: u64) -> Next {
        Next::Message(self.shape.seq_of(rank))
    }

    /// Takes messages out for a consumer. Nil if there are none for it.
    pub fn take(&mut self, at: &Stamp, ask: &Ask, named: bool) -> Outcome {
        let name = named.then(|| self.queue.name.clone());
        let list = match self.take_list(at, ask) {
            Ok(list) => list,
            Err(refused) => return refused,
        };
        shaped(ask, name.as_deref(), list)
    }

    fn take_list(&mut self, at: &Stamp, ask: &Ask) -> Result<Vec<Outcome>, Outcome> {
        self.queue.used_ms = at.now_ms;
        self.local.popped_ms = at.now_ms;
        if let Some(name) = &ask.name
            && let Some((_, seqs)) = self.find_asked(at, name)
        {
            return Ok(self.give_again(at, ask, &seqs));
        }
        if !self.may_deliver(at) {
            return Ok(Vec::new());
        }
        if self.next(at, &ask.filter).is_none() {
            return Ok(Vec::new());
        }
        let consumer = match &ask.consumer {
            Some(name) => self
                .see_consumer(at, name)
                .ok_or_else(|| limit("too many consumers have messages of this queue"))?,
            None => 0,
        };
        let asked = ask.name.as_ref().map_or(0, |name| self.begin_asked(name));
        let list = self.hand_out(at, ask, consumer, asked);
        self.count_rate(at, list.len() as u64);
        if asked > 0 {
            self.forget_asked(asked);
        }
        Ok(list)
    }

    fn hand_out(&mut self, at: &Stamp, ask: &Ask, consumer: u64, asked: u64) -> Vec<Outcome> {
        let mut list = Vec::new();
        let (mut bytes, enough) = (0, ask.bytes_enough());
        let most = ask.most().min(self.room(at));
        while (list.len() as u64) < most
            && bytes < enough
            && let Some(next) = self.next(at, &ask.filter)
        {
            let number = match next {
                Next::Message(seq) => {
                    let (outcome, length) = self.give(at, ask, seq, consumer, asked);
                    bytes += length;
                    list.push(outcome);
                    continue;
                }
                Next::Group(number) => number,
            };
            let together = (most - list.len() as u64).min(self.queue.rules().group_inflight);
            let seqs = self.batch(number, together);
            self.end_turn(number);
            for seq in seqs {
                if bytes >= enough || self.is_stale(at, seq) {
                    break;
                }
                let (outcome, length) = self.give(at, ask, seq, consumer, asked);
                bytes += length;
                list.push(outcome);
            }
        }
        list
    }

    fn give(
        &mut self,
        at: &Stamp,
        ask: &Ask,
        seq: u64,
        consumer: u64,
        asked: u64,
    ) -> (Outcome, u64) {
        if ask.settle {
            let name = self.group_name_of(seq);
            let (receipt, body, message) = self.deliver_for_good(at, seq);
            let meta = ask.meta.then(|| meta_of(self.queue, seq, &message, name.as_deref(), at));
            let length = body.key.bytes.into();
            return (delivery(receipt, Outcome::Body(body), meta), length);
        }
        let attempt = self.deliver(at, seq, ask, consumer, asked);
        if asked > 0 {
            self.note_asked(asked, seq, attempt);
        }
        let message = self.queue.messages.get(seq).expect("it was just delivered");
        shown(self.queue, at, ask, seq, message)
    }

    fn group_name_of(&self, seq: u64) -> Option<Name> {
        let group = self.queue.messages.get(seq)?.extra().group?;
        self.group_name(group).cloned()
    }

    /// The answer that the same request got before, with new deadlines.
    fn give_again(&mut self, at: &Stamp, ask: &Ask, seqs: &[u64]) -> Vec<Outcome> {
        let mut list = Vec::with_capacity(seqs.len());
        for seq in seqs {
            self.extend_lease(at, *seq, ask.lease_ms);
            let message = self.queue.messages.get(*seq).expect("what is in flight is kept");
            list.push(shown(self.queue, at, ask, *seq, message).0);
        }
        list
    }
}

fn shown(queue: &Queue, at: &Stamp, ask: &Ask, seq: u64, message: &Message) -> (Outcome, u64) {
    let receipt = Receipt::Of { part: queue.part, seq, attempt: message.attempts };
    let group = message.extra().group.and_then(|group| queue.groups.get(group));
    let name = group.map(|group| &*group.name);
    let meta = ask.meta.then(|| meta_of(queue, seq, message, name, at));
    let body = Outcome::Body(message.body(queue.number, seq));
    (delivery(receipt, body, meta), message.bytes.into())
}

fn delivery(receipt: Receipt, body: Outcome, meta: Option<Outcome>) -> Outcome {
    let mut parts = Vec::with_capacity(2 + usize::from(meta.is_some()));
    parts.push(Outcome::Bytes(receipt.text()));
    parts.push(body);
    parts.extend(meta);
    Outcome::List(parts)
}
