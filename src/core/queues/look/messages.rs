//! QPEEK, QGET and QMSGS: messages without taking them.

use super::super::manage::which_of;
use super::super::message::{Message, State};
use super::super::op::{Reason, Which};
use super::super::receipt::id;
use super::super::{ANSWER_BYTES_MAX, COUNT_MAX};
use super::{View, in_order, int, int_or_none, meta};
use crate::Outcome;

impl View<'_> {
    pub(super) fn peek(
        &self,
        which: Which,
        count: u64,
        newest: bool,
        from: Option<u64>,
        with_meta: bool,
    ) -> Outcome {
        let seqs = self.in_state(which, newest, from);
        let mut list = Vec::new();
        let mut bytes = 0;
        for seq in seqs.take(usize::try_from(count.min(COUNT_MAX)).unwrap_or(usize::MAX)) {
            if bytes >= ANSWER_BYTES_MAX {
                break;
            }
            let Some(message) = self.queue.messages.get(seq) else { continue };
            bytes += message.bytes as usize;
            let body = Outcome::Body(message.body(self.queue.number, seq));
            let mut parts = vec![Outcome::Bytes(id(self.queue.part, seq)), body];
            parts.extend(with_meta.then(|| self.meta(seq, message)));
            list.push(Outcome::List(parts));
        }
        Outcome::List(list)
    }

    /// The messages in a state: those that are ready in the order in which they are
    /// delivered, others by their number or by when they died; from a number on, all
    /// by number.
    fn in_state(
        &self,
        which: Which,
        newest: bool,
        from: Option<u64>,
    ) -> Box<dyn Iterator<Item = u64> + '_> {
        let shape = self.shape;
        if from.is_some() || (newest && !matches!(which, Which::Dead {})) {
            let meant = move |message: &Message| which_of(message) == which;
            let all = self.queue.messages.iter();
            let in_range = move |seq: u64| match (from, newest) {
                (Some(from), true) => seq <= from,
                (Some(from), false) => seq >= from,
                (None, _) => true,
            };
            if newest {
                let all = all.rev().filter(move |(seq, message)| in_range(*seq) && meant(message));
                return Box::new(all.map(|(seq, _)| seq));
            }
            let all = self.queue.messages.iter_from(from.unwrap_or(0));
            return Box::new(all.filter(move |(_, message)| meant(message)).map(|(seq, _)| seq));
        }
        match which {
            Which::Ready {} => in_order(self.queue, shape),
            Which::Delayed {} => Box::new(shape.delayed.iter().map(|(_, seq)| *seq)),
            Which::Inflight {} => Box::new(shape.inflight.iter()),
            Which::Dead {} if newest => Box::new(shape.dead.values().rev().copied()),
            Which::Dead {} => Box::new(shape.dead.values().copied()),
        }
    }

    pub(super) fn get(&self, name: &[u8], seq: u64) -> Outcome {
        let Some(message) = self.queue.messages.get(seq) else { return Outcome::Nil };
        let body = Outcome::Body(message.body(self.queue.number, seq));
        let state = Outcome::Word(which_of(message).word());
        let name = Outcome::Bytes(name.to_vec());
        Outcome::List(vec![body, self.meta(seq, message), state, name, own(message)])
    }

    fn meta(&self, seq: u64, message: &Message) -> Outcome {
        meta(self.queue, seq, message, self.group_of(message), None)
    }

    fn group_of(&self, message: &Message) -> Option<&[u8]> {
        let group = self.queue.groups.get(message.extra().group?)?;
        Some(&group.name)
    }

    pub(super) fn messages(
        &self,
        cursor: u64,
        count: u64,
        which: &[Which],
        group: Option<&[u8]>,
        reason: Option<Reason>,
    ) -> Outcome {
        let count = usize::try_from(count.clamp(1, COUNT_MAX)).unwrap_or(usize::MAX);
        let mut next = 0;
        let mut list = Vec::new();
        for (looked_at, (seq, message)) in self.queue.messages.iter_from(cursor).enumerate() {
            if looked_at == count {
                next = seq;
                break;
            }
            let state = which.is_empty() || which.contains(&which_of(message));
            let of_group = group.is_none() || self.group_of(message) == group;
            let died = message.state == State::Dead && message.extra().reason == reason;
            if state && of_group && (reason.is_none() || died) {
                list.push(self.line(seq, message));
            }
        }
        Outcome::List(vec![int(next), Outcome::List(list)])
    }

    fn line(&self, seq: u64, message: &Message) -> Outcome {
        let group = self.group_of(message);
        let dead = message.state == State::Dead;
        let reason = message.extra().reason.filter(|_| dead);
        Outcome::List(vec![
            Outcome::Bytes(id(self.queue.part, seq)),
            Outcome::Word(which_of(message).word()),
            int(message.attempts.into()),
            int(message.fails.into()),
            int(message.pushed_ms),
            int(message.bytes.into()),
            int_or_none(message.due_ms()),
            group.map_or(Outcome::Nil, |name| Outcome::Bytes(name.to_vec())),
            reason.map_or(Outcome::Nil, |reason| Outcome::Word(reason.word())),
        ])
    }
}

/// What a message alone has of what was said when it was pushed.
fn own(message: &Message) -> Outcome {
    let extra = message.extra();
    let visible_ms = match message.state {
        State::Delayed { until_ms } => Some(until_ms),
        _ => None,
    };
    Outcome::List(vec![
        int_or_none(visible_ms),
        int_or_none(extra.expires_ms),
        int_or_none((extra.ttl_ms > 0).then_some(extra.ttl_ms)),
        int_or_none(extra.lease_ms),
        int_or_none(extra.fails_max.map(u64::from)),
    ])
}
