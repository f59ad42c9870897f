//! What must be true after every operation.

use super::Op;
use super::desk::Desk;
use super::index::Index;
use super::table::{Side, Table};

/// Queues with more messages are not built anew to be compared.
const MESSAGES_LOOKED_AT: usize = 24;

impl Table {
    /// From now on the rules are looked at after every operation, as they are in debug
    /// builds: for the queues that it touched, so that it costs little.
    pub fn check_always(&mut self) {
        self.watched = true;
    }

    /// Checks the queues that an operation names.
    ///
    /// # Panics
    /// When a rule is broken.
    pub(super) fn check_named(&self, op: &Op<'_>) {
        if self.watched {
            let named = op.names().filter_map(|name| self.find(name, op.part()));
            named.for_each(|number| self.check(number));
            assert!(self.index.letters.is_empty(), "a dead message is on its way");
        }
    }

    /// Checks a queue that something was done with.
    ///
    /// # Panics
    /// When a rule is broken.
    pub(super) fn check_touched(&self, number: u64) {
        if self.watched {
            self.check(number);
        }
    }

    /// Checks a queue: every message that was pushed is in exactly one place.
    ///
    /// # Panics
    /// When a rule is broken.
    pub(super) fn check(&self, number: u64) {
        let (Some(queue), Some(side)) = (self.queues.get(number), self.sides.get(&number)) else {
            return;
        };
        let shown = String::from_utf8_lossy(&queue.name);
        let shape = &side.shape;
        let kept = shape.living() + shape.dead.len();
        assert_eq!(kept, queue.messages.len(), "{shown}: a message is lost or doubled");
        assert!(queue.is_conserved(), "{shown}: a message came or went uncounted");
        let died: usize = shape.died_of.iter().sum();
        assert_eq!(died, shape.dead.len(), "{shown}: the dead are counted wrongly");
        if queue.messages.len() <= MESSAGES_LOOKED_AT && shape.waiting <= MESSAGES_LOOKED_AT {
            self.check_shape(number);
        }
    }

    /// Checks that what is derived from a queue follows from it.
    ///
    /// # Panics
    /// When it does not.
    pub(super) fn check_shape(&self, number: u64) {
        let (Some(queue), Some(side)) = (self.queues.get(number), self.sides.get(&number)) else {
            return;
        };
        let mut copy = (**queue).clone();
        let mut anew = Side::default();
        let mut index = Index::default();
        let (messages, groups) = (std::mem::take(&mut copy.messages), copy.groups.clone());
        let (known, consumers) = (copy.known.clone(), copy.consumers.clone());
        let asked = copy.asked.clone();
        let Side { shape, local } = &mut anew;
        let mut desk = Desk { queue: &mut copy, shape, local, index: &mut index };
        groups.iter().for_each(|(number, group)| desk.add_group(number, group.clone()));
        known.iter().for_each(|(number, known)| desk.add_known(number, *known));
        consumers.iter().for_each(|(number, it)| desk.add_consumer(number, it.clone()));
        asked.iter().for_each(|(number, asked)| desk.add_asked(number, asked.clone()));
        messages.iter().for_each(|(seq, message)| desk.add(seq, message.clone()));
        desk.settle_groups();
        for (filter, places) in &side.shape.line {
            desk.shape.line.insert(filter.clone(), places.clone());
            desk.shape.waiting += places.len();
        }
        desk.rearm();
        let shown = String::from_utf8_lossy(&queue.name);
        assert_eq!(anew.shape, side.shape, "{shown}: the ways to it lead elsewhere");
    }
}
