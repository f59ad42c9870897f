//! Groups: their messages are delivered one after the other, and each gets its turn.
//!
//! A group can be served while nothing of it is in flight and its first message is ready,
//! or, where a failed one is passed over, any. Whoever is served goes behind all that has
//! come until then, messages without a group among it: each of those is a group of one.

use std::collections::BTreeSet;

use super::desk::Desk;
use super::mutant::{Mutant, is_broken};
use super::queue::Group;
use crate::image::Name;

/// The messages of a group.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Members {
    /// The ranks of those that are not dead.
    pub living: BTreeSet<u64>,
    /// The ranks of those that are ready.
    pub ready: BTreeSet<u64>,
    pub inflight: usize,
    pub dead: usize,
}

impl Desk<'_> {
    /// The number of the group with this name, which is made if it is not there.
    pub fn open_group(&mut self, name: &[u8]) -> u64 {
        if let Some(number) = self.shape.group_names.get(name) {
            return *number;
        }
        let name: Name = name.into();
        let number = self.queue.next_number();
        let turn = (self.queue.next_seq, number);
        self.add_group(number, Group { name, turn, gap: false });
        number
    }

    /// Takes a group in.
    pub fn add_group(&mut self, number: u64, group: Group) {
        self.shape.group_names.insert(group.name.clone(), number);
        self.shape.groups.insert(number, Members::default());
        self.queue.groups.insert(number, group);
    }

    /// The name of a group.
    pub fn group_name(&self, number: u64) -> Option<&Name> {
        self.queue.groups.get(number).map(|group| &group.name)
    }

    /// Puts a group where it can be served, or takes it from there; forgets one that has
    /// no messages.
    pub fn settle_group(&mut self, number: u64) {
        let Some(members) = self.shape.groups.get(&number) else { return };
        let group = self.queue.groups.get(number).expect("a group has its members");
        let place = (group.turn, number);
        let skips = self.queue.rules().group_skips;
        let first = if skips { members.ready.first() } else { members.living.first() };
        let serves = match is_broken(Mutant::GroupShared) {
            true => !members.ready.is_empty(),
            false => {
                members.inflight == 0 && first.is_some_and(|rank| members.ready.contains(rank))
            }
        };
        if serves {
            self.shape.ring.insert(place);
        } else {
            self.shape.ring.remove(&place);
        }
        if members.living.is_empty() && members.dead == 0 {
            let name = group.name.clone();
            self.shape.group_names.remove(&name);
            self.shape.groups.remove(&number);
            self.queue.groups.remove(number);
        }
    }

    /// The same for all groups: a rule has changed.
    pub fn settle_groups(&mut self) {
        let numbers: Vec<u64> = self.shape.groups.keys().copied().collect();
        numbers.into_iter().for_each(|number| self.settle_group(number));
    }

    /// A group was served: it goes behind all others.
    pub fn end_turn(&mut self, number: u64) {
        let turn = (self.queue.next_seq, self.queue.next_number());
        if is_broken(Mutant::GroupKeepsTurn) {
            return;
        }
        let Some(group) = self.queue.groups.get_mut(number) else { return };
        let was_there = self.shape.ring.remove(&(group.turn, number));
        group.turn = turn;
        if was_there {
            self.shape.ring.insert((turn, number));
        }
    }

    /// The messages of a group that are delivered together, at most so many: the first
    /// ones, as far as nothing is missing between them.
    pub fn batch(&self, number: u64, most: u64) -> Vec<u64> {
        let Some(members) = self.shape.groups.get(&number) else { return Vec::new() };
        let skips = self.queue.rules().group_skips || is_broken(Mutant::GroupShared);
        let in_order =
            members.living.iter().take_while(|rank| skips || members.ready.contains(rank));
        let ready = in_order.filter(|rank| members.ready.contains(rank));
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        ready.take(most).map(|rank| self.shape.seq_of(*rank)).collect()
    }

    /// Whether no message of its group that is not settled stands before this one.
    pub fn is_first_of_group(&self, seq: u64) -> bool {
        let Some(message) = self.queue.messages.get(seq) else { return false };
        let rank = message.extra().rank.unwrap_or(seq);
        let Some(group) = message.extra().group else { return true };
        let members = self.shape.groups.get(&group);
        members.is_none_or(|members| members.living.range(..rank).next().is_none())
    }

    /// A message of a group is missing from now on: whichever follows it tells so.
    pub fn leave_gap(&mut self, group: u64, rank: u64) {
        let Some(members) = self.shape.groups.get(&group) else { return };
        match members.living.range(rank + 1..).next().copied() {
            Some(next) => {
                let seq = self.shape.seq_of(next);
                let message = self.queue.messages.get_mut(seq).expect("the living are kept");
                message.extra_mut().gap = true;
            }
            None => {
                let group = self.queue.groups.get_mut(group).expect("it has members");
                group.gap = true;
            }
        }
    }

    /// Whether a message has to keep its place.
    pub fn has_group(&self, seq: u64) -> bool {
        self.queue.messages.get(seq).is_some_and(|message| message.extra().group.is_some())
    }
}
