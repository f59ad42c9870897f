//! What happens by itself: delays, leases and waits come to their end.

use std::ops::RangeBounds;

use super::index::End;
use super::message::State;
use super::table::{Table, answer};
use crate::image::Name;
use crate::{Effects, Origin, Outcome, Stamp};

impl Table {
    /// Ends what is due, at most `budget` of it, and says how much that was.
    pub fn expire(&mut self, at: &Stamp, budget: usize, fx: &mut Effects) -> usize {
        let mut ended = 0;
        while ended < budget
            && let Some((name, end)) = self.index.first_due(at.now_ms)
        {
            match end {
                End::Message(seq) => self.bring_back(at, &name, seq, fx),
                End::Wait(place) => self.end_wait(&name, place, Some(Outcome::Nil), fx),
            }
            ended += 1;
        }
        ended
    }

    /// When the next thing is due.
    pub fn next_deadline(&self) -> Option<u64> {
        self.index.next_deadline()
    }

    /// Ends what a connection waited for (`Op::Gone`). What it has in flight
    /// stays its own until the lease ends.
    pub fn end_connection(&mut self, _at: &Stamp, origin: Origin, fx: &mut Effects) {
        self.end_connections(origin..=origin, fx);
    }

    /// Ends what connections of a node waited for that are over: those below `floor`,
    /// by life and number. They wait no more (`Op::Boot`).
    pub fn end_lives(&mut self, _at: &Stamp, floor: Origin, fx: &mut Effects) {
        self.lives.begin(floor);
        self.end_connections(Origin { boot: 0, conn: 0, ..floor }..floor, fx);
    }

    fn end_connections(&mut self, origins: impl RangeBounds<Origin>, fx: &mut Effects) {
        for (name, place) in self.index.waits(origins) {
            self.end_wait(&name, place, None, fx);
        }
    }

    /// The delay or the lease of a message is over: it is ready again, at the
    /// place in the order that it had before.
    fn bring_back(&mut self, at: &Stamp, name: &Name, seq: u64, fx: &mut Effects) {
        let mut desk = self.desk(name);
        let message = desk.queue.messages.get(seq).expect("what is due is kept");
        match message.state {
            State::Inflight { .. } => {
                desk.queue.counts.expired += 1;
                desk.fail(seq, State::Ready);
            }
            _ => desk.change(seq, State::Ready),
        }
        self.serve(at, name, fx);
        debug_assert!(self.queues.get(name).is_some_and(|queue| queue.is_conserved()));
    }

    /// Ends the wait of the consumer at `place`.
    pub(super) fn end_wait(
        &mut self,
        name: &Name,
        place: u64,
        outcome: Option<Outcome>,
        fx: &mut Effects,
    ) {
        let consumer = self.desk(name).dequeue(place).expect("the index says it is there");
        if let Some(outcome) = outcome {
            answer(&consumer, outcome, fx);
        }
        self.close_if_idle(name);
    }
}
