//! Queues are made, set, paused, emptied and destroyed; messages are deleted and moved.

use std::sync::Arc;

use super::counts::Count;
use super::desk::Desk;
use super::message::{Message, State};
use super::op::{Grouping, Setting, Visible, Which};
use super::push::visible_at;
use super::queue::Queue;
use super::rules::{Rules, USUAL};
use super::table::Table;
use super::{COUNT_MAX, MOVE_MAX};
use crate::{Effects, Fault, Outcome, Stamp};

impl Table {
    pub(super) fn create(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        settings: &[Setting<'_>],
        if_new: bool,
        fx: &mut Effects,
    ) -> Outcome {
        let made = self.find_made(name, part).is_some();
        if made && if_new {
            return Fault::QueueExists.into();
        }
        let number = match self.open(name, part) {
            Ok(number) => number,
            Err(full) => return full,
        };
        let mut desk = self.desk(number);
        let set = desk.set(|rules| rules.with(settings));
        if set.is_ok() {
            desk.make(at);
        }
        self.finish(at, number, fx);
        set.map_or_else(Outcome::from, |()| Outcome::Ok)
    }

    pub(super) fn configure(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        change: impl FnOnce(&Rules) -> Result<Rules, Fault>,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(number) = self.find_made(name, part) else { return Fault::NoSuchQueue.into() };
        let set = self.desk(number).set(change);
        self.finish(at, number, fx);
        set.map_or_else(Outcome::from, |()| Outcome::Ok)
    }

    pub(super) fn pause(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        (input, output): (bool, bool),
        until_ms: u64,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(number) = self.find_made(name, part) else { return Fault::NoSuchQueue.into() };
        let queue = self.desk(number).queue;
        if input {
            queue.closed_until_ms = until_ms;
        }
        if output {
            queue.held_until_ms = until_ms;
        }
        self.finish(at, number, fx);
        Outcome::Ok
    }

    pub(super) fn destroy(&mut self, name: &[u8], part: u32, if_empty: bool) -> Outcome {
        let Some(number) = self.find_made(name, part) else { return Outcome::Int(0) };
        if if_empty && self.queues.get(number).is_some_and(|queue| !queue.messages.is_empty()) {
            return Fault::QueueNotEmpty.into();
        }
        self.end_queue(number);
        Outcome::Int(1)
    }

    /// Ends a queue. Those who wait go on waiting: for whoever pushes next.
    pub(super) fn end_queue(&mut self, number: u64) {
        let mut desk = self.desk(number);
        desk.clear();
        let next_seq = desk.queue.next_seq;
        let (name, part) = (desk.queue.name.clone(), desk.queue.part);
        *desk.queue = Queue::new(name, part, number, next_seq);
        desk.forget_names();
        desk.rearm();
        self.first_seq = self.first_seq.max(next_seq);
        self.close_if_idle(number);
    }

    pub(super) fn purge(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        which: &[Which],
        group: Option<&[u8]>,
        older_ms: Option<u64>,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(number) = self.find_made(name, part) else { return Outcome::Int(0) };
        let mut desk = self.desk(number);
        let purged = if which.is_empty() && group.is_none() && older_ms.is_none() {
            desk.clear()
        } else {
            let seqs = desk.chosen(at, which, group, older_ms);
            if seqs.len() == desk.queue.messages.len() {
                desk.clear();
            } else {
                seqs.iter().for_each(|seq| drop(desk.remove(*seq)));
            }
            seqs.len()
        };
        desk.queue.counts.add(Count::Purged, purged as u64);
        self.finish(at, number, fx);
        Outcome::Int(purged as i64)
    }

    pub(super) fn delete(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        seqs: &[u64],
        force: bool,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(number) = self.find_made(name, part) else { return Outcome::Int(0) };
        let mut desk = self.desk(number);
        let mut deleted = 0;
        for seq in seqs {
            let message = desk.queue.messages.get(*seq);
            let free = |message: &Message| force || message.lease().is_none();
            if message.is_some_and(free) {
                desk.drop_out(*seq, Count::Deleted);
                deleted += 1;
            }
        }
        self.finish(at, number, fx);
        Outcome::Int(deleted)
    }

    pub(super) fn reschedule(
        &mut self,
        at: &Stamp,
        (name, part): (&[u8], u32),
        seq: u64,
        visible: Visible,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(number) = self.find_made(name, part) else { return Outcome::Int(0) };
        let mut desk = self.desk(number);
        let Some(message) = desk.queue.messages.get(seq) else { return Outcome::Int(0) };
        if !matches!(message.state, State::Ready | State::Delayed { .. }) {
            return Outcome::Int(0);
        }
        if message.extra().group.is_some() {
            return Fault::NeedsGroup.into();
        }
        let state = visible_at(at, visible.at(at.now_ms));
        desk.edit(seq, |message| message.state = state);
        self.finish(at, number, fx);
        Outcome::Int(1)
    }

    pub(super) fn move_some(
        &mut self,
        at: &Stamp,
        (from, to, part): (&[u8], &[u8], u32),
        count: Option<u64>,
        which: Which,
        fx: &mut Effects,
    ) -> Outcome {
        if from == to {
            return Fault::SameObject.into();
        }
        let Some(from) = self.find_made(from, part) else { return Outcome::Int(0) };
        let to = match self.open(to, part) {
            Ok(to) => to,
            Err(full) => return full,
        };
        if matches!(which, Which::Inflight {}) {
            self.close_if_idle(to);
            return Outcome::Int(0);
        }
        let count = count.unwrap_or(MOVE_MAX).min(COUNT_MAX).min(MOVE_MAX);
        let seqs = self.desk(from).firsts(which, count);
        let mut moved = 0;
        for seq in seqs {
            if !self.carry(at, from, seq, to, false) {
                break;
            }
            moved += 1;
        }
        self.finish(at, from, fx);
        self.finish(at, to, fx);
        Outcome::Int(moved)
    }

    /// Moves a message to the end of another queue, if that has room and takes it.
    pub(super) fn carry(
        &mut self,
        at: &Stamp,
        from: u64,
        seq: u64,
        to: u64,
        redriven: bool,
    ) -> bool {
        let Some(source) = self.queues.get(from) else { return false };
        let Some(message) = source.messages.get(seq) else { return false };
        let group = message.extra().group.and_then(|group| source.groups.get(group));
        let group = group.map(|group| group.name.clone());
        let bytes = u64::from(message.bytes);
        let target = self.desk(to);
        let group = match target.queue.rules().groups {
            Grouping::Off {} => None,
            Grouping::Optional {} => group,
            Grouping::Required {} if group.is_none() => return false,
            Grouping::Required {} => group,
        };
        let closed = target.queue.is_closed(at.now_ms);
        if closed || !target.has_room(bytes) || !target.group_fits(group.as_deref()) {
            return false;
        }
        let mut source = self.desk(from);
        let message = source.lift(seq);
        source.queue.counts.up(Count::Moved);
        let key = message.key(from, seq);
        let body = (key.queue, key.seq);
        self.desk(to).take_in(at, message, body, group.as_deref(), redriven);
        true
    }
}

impl Desk<'_> {
    /// Changes how the queue is set.
    fn set(&mut self, change: impl FnOnce(&Rules) -> Result<Rules, Fault>) -> Result<(), Fault> {
        let rules = change(self.queue.rules())?;
        let ungrouped = matches!(rules.groups, Grouping::Off {});
        if ungrouped && !self.shape.groups.is_empty() {
            return Err(Fault::BadSetting);
        }
        self.queue.set = (rules != USUAL).then(|| Arc::new(rules));
        self.settle_groups();
        self.trim_dead();
        Ok(())
    }

    /// Forgets what is known besides messages.
    fn forget_names(&mut self) {
        self.shape.known.clear();
        self.shape.fading.clear();
        self.shape.consumers.clear();
    }

    /// The messages that are meant.
    fn chosen(
        &self,
        at: &Stamp,
        which: &[Which],
        group: Option<&[u8]>,
        older_ms: Option<u64>,
    ) -> Vec<u64> {
        let group = match group.map(|name| self.shape.group_names.get(name)) {
            Some(None) => return Vec::new(),
            Some(Some(number)) => Some(*number),
            None => None,
        };
        let meant = |message: &Message| {
            let state = which.is_empty() || which.contains(&which_of(message));
            let of_group = group.is_none() || message.extra().group == group;
            let age_ms = at.now_ms.saturating_sub(message.pushed_ms);
            state && of_group && older_ms.is_none_or(|older_ms| age_ms >= older_ms)
        };
        let all = self.queue.messages.iter();
        all.filter(|(_, message)| meant(message)).map(|(seq, _)| seq).collect()
    }

    /// The first messages in a state, in their order.
    fn firsts(&self, which: Which, count: u64) -> Vec<u64> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let shape = &self.shape;
        match which {
            Which::Ready {} => {
                let levels = shape.levels.iter().rev().flat_map(|(_, set)| set.iter());
                let ranks = levels.chain(shape.grouped.iter());
                ranks.take(count).map(|rank| shape.seq_of(rank)).collect()
            }
            Which::Delayed {} => shape.delayed.iter().take(count).map(|(_, seq)| *seq).collect(),
            Which::Inflight {} => shape.inflight.iter().take(count).collect(),
            Which::Dead {} => shape.dead.values().take(count).copied().collect(),
        }
    }

    fn group_fits(&self, group: Option<&[u8]>) -> bool {
        let Some(name) = group else { return true };
        self.shape.group_names.contains_key(name) || self.shape.groups.len() < super::GROUPS_MAX
    }

    /// Takes in a message of another queue, as its newest.
    fn take_in(
        &mut self,
        at: &Stamp,
        mut message: Message,
        body: (u64, u64),
        group: Option<&[u8]>,
        redriven: bool,
    ) {
        self.make(at);
        let seq = self.queue.take_seq();
        let was_dead = message.state == State::Dead;
        let number = group.map(|name| self.open_group(name));
        (message.attempts, message.fails, message.pushed_ms) = (0, 0, at.now_ms);
        message.state = match message.state {
            State::Delayed { until_ms } => State::Delayed { until_ms },
            _ => State::Ready,
        };
        let extra = message.extra_mut();
        // On disk the body has the key of where it was first.
        (extra.rank, extra.body, extra.dedup) = (None, Some(body), None);
        (extra.first_ms, extra.death, extra.attempts_before) = (None, None, 0);
        (extra.group, extra.gap) = (number, false);
        extra.redriven |= redriven;
        if was_dead {
            let ttl_ms = extra.ttl_ms;
            extra.expires_ms = (ttl_ms > 0).then(|| at.now_ms.saturating_add(ttl_ms));
        }
        if number.is_some() {
            extra.priority = 0;
        }
        self.push(at, seq, message);
    }
}

/// Where a message stands.
pub(super) fn which_of(message: &Message) -> Which {
    match message.state {
        State::Ready => Which::Ready {},
        State::Delayed { .. } => Which::Delayed {},
        State::Inflight(_) => Which::Inflight {},
        State::Dead => Which::Dead {},
    }
}
