//! The place where a queue is changed, with all that follows from it kept in step.

use super::bodies::Local;
use super::index::{End, Index};
use super::message::{Message, State};
use super::op::Reason;
use super::queue::Queue;
use super::shape::Shape;
use crate::image::Name;

/// A queue and what follows from it.
pub(super) struct Desk<'a> {
    pub queue: &'a mut Queue,
    pub shape: &'a mut Shape,
    pub local: &'a mut Local,
    pub index: &'a mut Index,
}

/// What of a message stands in the ways to it.
struct Facts {
    rank: u64,
    body: Option<(u64, u64)>,
    bytes: u64,
    group: Option<u64>,
    due_ms: Option<u64>,
    stand: Stand,
}

enum Stand {
    Ready { priority: u8, mortal: bool },
    Delayed { until_ms: u64 },
    Inflight { consumer: u64, asked: u64, session: Option<Name> },
    Dead { number: u64, reason: Reason },
}

impl Facts {
    fn of(seq: u64, message: &Message) -> Self {
        let extra = message.extra();
        let stand = match &message.state {
            State::Ready => {
                Stand::Ready { priority: extra.priority, mortal: extra.expires_ms.is_some() }
            }
            State::Delayed { until_ms } => Stand::Delayed { until_ms: *until_ms },
            State::Inflight(lease) => Stand::Inflight {
                consumer: lease.consumer,
                asked: lease.asked,
                session: lease.session.clone(),
            },
            State::Dead => Stand::Dead {
                number: extra.death.map_or(0, |death| death.number),
                reason: extra.reason.unwrap_or(Reason::Fatal {}),
            },
        };
        Facts {
            rank: extra.rank.unwrap_or(seq),
            body: extra.body,
            bytes: message.bytes.into(),
            group: extra.group,
            due_ms: message.due_ms(),
            stand,
        }
    }
}

impl Desk<'_> {
    /// Takes a message in.
    pub fn add(&mut self, seq: u64, message: Message) {
        let facts = Facts::of(seq, &message);
        self.local.add(self.index, self.queue.number, seq, &message);
        self.queue.messages.insert(seq, message);
        self.enter(seq, &facts);
        if let Some(group) = facts.group {
            self.settle_group(group);
        }
    }

    /// Changes a message.
    pub fn edit(&mut self, seq: u64, change: impl FnOnce(&mut Message)) {
        let message = self.queue.messages.get_mut(seq).expect("only kept messages change");
        let before = Facts::of(seq, message);
        change(message);
        let after = Facts::of(seq, message);
        self.leave(seq, &before);
        self.enter(seq, &after);
        self.tidy(&before);
    }

    /// Takes a message out for good.
    pub fn remove(&mut self, seq: u64) -> Message {
        let message = self.lift(seq);
        self.index.held.is_gone(&message, self.queue.number, seq);
        message
    }

    /// Takes a message out, its body with it.
    pub fn lift(&mut self, seq: u64) -> Message {
        let message = self.queue.messages.remove(seq).expect("only kept messages go");
        let facts = Facts::of(seq, &message);
        self.local.remove(self.index, self.queue.number, seq, &message);
        self.leave(seq, &facts);
        self.tidy(&facts);
        self.forget_known(&message);
        message
    }

    /// What a state that was left may have left behind.
    fn tidy(&mut self, before: &Facts) {
        if let Some(group) = before.group {
            self.settle_group(group);
        }
        if let Stand::Inflight { asked: asked @ 1.., .. } = before.stand {
            self.forget_asked(asked);
        }
    }

    fn enter(&mut self, seq: u64, facts: &Facts) {
        let rank = facts.rank;
        self.shape.bytes += facts.bytes;
        if rank != seq {
            self.shape.ranks.insert(rank, seq);
        }
        if let Some(body) = facts.body {
            self.index.foreign.insert(body, (self.queue.number, seq));
        }
        if let Some(due_ms) = facts.due_ms {
            self.index.add_due(due_ms, self.queue.number, End::Message(seq));
        }
        match facts.stand {
            Stand::Ready { priority, mortal } => {
                self.shape.mortal += usize::from(mortal);
                match facts.group {
                    Some(_) => drop(self.shape.grouped.insert(rank)),
                    None => self.shape.levels.insert(priority, rank),
                }
            }
            Stand::Delayed { until_ms } => drop(self.shape.delayed.insert((until_ms, seq))),
            Stand::Inflight { consumer, asked, ref session } => {
                self.shape.inflight.insert(seq);
                if consumer > 0 {
                    self.shape.pending.entry(consumer).or_default().insert(seq);
                }
                if asked > 0 {
                    *self.shape.asked_left.entry(asked).or_default() += 1;
                }
                if let Some(session) = session {
                    self.index.tie(session, self.queue.number, seq);
                }
            }
            Stand::Dead { number, reason } => {
                self.shape.dead.insert(number, seq);
                self.shape.died_of[reason.place()] += 1;
                self.shape.dead_bytes += facts.bytes;
            }
        }
        let Some(members) = facts.group.and_then(|group| self.shape.groups.get_mut(&group)) else {
            return;
        };
        match facts.stand {
            Stand::Dead { .. } => members.dead += 1,
            _ => drop(members.living.insert(rank)),
        }
        match facts.stand {
            Stand::Ready { .. } => drop(members.ready.insert(rank)),
            Stand::Inflight { .. } => members.inflight += 1,
            _ => {}
        }
    }

    fn leave(&mut self, seq: u64, facts: &Facts) {
        let rank = facts.rank;
        self.shape.bytes -= facts.bytes;
        if rank != seq {
            self.shape.ranks.remove(&rank);
        }
        if let Some(body) = facts.body {
            self.index.foreign.remove(&body);
        }
        if let Some(due_ms) = facts.due_ms {
            self.index.remove_due(due_ms, self.queue.number, End::Message(seq));
        }
        match facts.stand {
            Stand::Ready { priority, mortal } => {
                self.shape.mortal -= usize::from(mortal);
                match facts.group {
                    Some(_) => drop(self.shape.grouped.remove(rank)),
                    None => self.shape.levels.remove(priority, rank),
                }
            }
            Stand::Delayed { until_ms } => drop(self.shape.delayed.remove(&(until_ms, seq))),
            Stand::Inflight { consumer, asked, ref session } => {
                self.shape.inflight.remove(seq);
                self.leave_consumer(consumer, seq);
                if let Some(left) = self.shape.asked_left.get_mut(&asked) {
                    *left -= 1;
                }
                if let Some(session) = session {
                    self.index.release(session, self.queue.number, seq);
                }
            }
            Stand::Dead { number, reason } => {
                self.shape.dead.remove(&number);
                self.shape.died_of[reason.place()] -= 1;
                self.shape.dead_bytes -= facts.bytes;
            }
        }
        let Some(members) = facts.group.and_then(|group| self.shape.groups.get_mut(&group)) else {
            return;
        };
        match facts.stand {
            Stand::Dead { .. } => members.dead -= 1,
            _ => drop(members.living.remove(&rank)),
        }
        match facts.stand {
            Stand::Ready { .. } => drop(members.ready.remove(&rank)),
            Stand::Inflight { .. } => members.inflight -= 1,
            _ => {}
        }
    }

    fn leave_consumer(&mut self, consumer: u64, seq: u64) {
        if let Some(pending) = self.shape.pending.get_mut(&consumer) {
            pending.remove(&seq);
            if pending.is_empty() {
                self.shape.pending.remove(&consumer);
            }
        }
    }
}
