//! What happens by itself: delays, leases, lives, pauses and waits come to their end.

use std::ops::RangeBounds;

use super::counts::Count;
use super::desk::Desk;
use super::fate::Blamed;
use super::index::{End, Timer};
use super::message::State;
use super::mutant::{Mutant, is_broken};
use super::table::Table;
use crate::{Effects, Fault, Origin, Outcome, Stamp};

impl Table {
    /// Ends what is due, at most `budget` of it, and says how much that was.
    pub fn expire(&mut self, at: &Stamp, budget: usize, fx: &mut Effects) -> usize {
        let mut ended = 0;
        while ended < budget
            && let Some((number, end)) = self.index.first_due(at.now_ms)
        {
            ended += match end {
                End::Message(seq) => {
                    self.end_state(at, number, seq, fx);
                    1
                }
                End::Timer(timer) => self.ring(at, number, timer, budget - ended, fx).max(1),
                End::Wait(place) => {
                    self.end_wait(place, Some(Outcome::Nil), fx);
                    1
                }
            };
            self.send_letters(at, fx);
            self.check_touched(number);
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
        for place in self.index.waits(origins) {
            self.end_wait(place, None, fx);
        }
    }

    /// Ends what lives by a session: its deliveries have failed, and its requests are
    /// told that it has ended.
    pub fn end_session(&mut self, at: &Stamp, id: &[u8], fx: &mut Effects) {
        if is_broken(Mutant::LeaseOutlivesSession) {
            return;
        }
        let (leases, waits) = self.index.ties(id);
        for place in waits {
            self.end_wait(place, Some(Fault::NoSession.into()), fx);
        }
        let mut numbers = Vec::new();
        for (number, seq) in leases {
            let mut desk = self.desk(number);
            if desk.queue.messages.get(seq).is_some_and(|message| message.lease().is_some()) {
                desk.end_lease(at, seq);
            }
            if numbers.last() != Some(&number) {
                numbers.push(number);
            }
        }
        for number in numbers {
            self.finish(at, number, fx);
            self.send_letters(at, fx);
            self.check_touched(number);
        }
    }

    /// All deliveries in the name of a session go back; nothing was wrong with them.
    pub(super) fn end_leases_of(
        &mut self,
        at: &Stamp,
        session: &[u8],
        fx: &mut Effects,
    ) -> Outcome {
        let (leases, _) = self.index.ties(session);
        let mut released = 0;
        for (number, seq) in leases {
            self.desk(number).come_back(at, seq, Blamed::No, State::Ready);
            self.finish(at, number, fx);
            released += 1;
        }
        Outcome::Int(released)
    }

    /// The delay, the lease, the life or the death of a message is over.
    fn end_state(&mut self, at: &Stamp, number: u64, seq: u64, fx: &mut Effects) {
        let mut desk = self.desk(number);
        let message = desk.queue.messages.get(seq).expect("what is due is kept");
        let too_old = message.is_expired(at.now_ms);
        match message.state {
            State::Inflight(_) => {
                desk.queue.counts.up(Count::Expired);
                desk.end_lease(at, seq);
            }
            State::Dead => {
                desk.remove(seq);
                desk.queue.counts.up(Count::DroppedDead);
            }
            State::Delayed { .. } if !too_old => {
                desk.edit(seq, |message| message.state = State::Ready);
            }
            _ => desk.grow_too_old(at, seq),
        }
        self.finish(at, number, fx);
    }

    /// Something happens to a queue as a whole. How much work it was.
    fn ring(
        &mut self,
        at: &Stamp,
        number: u64,
        timer: Timer,
        budget: usize,
        fx: &mut Effects,
    ) -> usize {
        let mut desk = self.desk(number);
        let mut done = 1;
        match timer {
            Timer::Rate => desk.queue.window = None,
            Timer::Resume => {
                let queue = desk.queue;
                for end_ms in [&mut queue.closed_until_ms, &mut queue.held_until_ms] {
                    if *end_ms <= at.now_ms {
                        *end_ms = 0;
                    }
                }
            }
            Timer::Redrive => return self.redrive_some(at, number, budget, fx),
            Timer::Fade => done = desk.fade(at, budget),
            Timer::Idle => {
                self.end_queue(number);
                return 1;
            }
        }
        self.finish(at, number, fx);
        done
    }

    /// Ends the wait of the request at `place`.
    pub(super) fn end_wait(&mut self, place: u64, outcome: Option<Outcome>, fx: &mut Effects) {
        let waiter = self.dequeue(place).expect("the index says it is there");
        if let Some(outcome) = outcome {
            waiter.answer(outcome, fx);
        }
        waiter.queues.iter().for_each(|number| self.close_if_idle(*number));
    }
}

impl Desk<'_> {
    /// A delivery has failed: its time is up, or whoever had it is gone. In a group only
    /// the first message is to blame: those behind it were not begun.
    fn end_lease(&mut self, at: &Stamp, seq: u64) {
        let begun = self.queue.rules().group_skips || self.is_first_of_group(seq);
        let blamed = begun && !is_broken(Mutant::ExpiryUnblamed);
        let blamed = if blamed { Blamed::Yes } else { Blamed::No };
        self.come_back(at, seq, blamed, State::Ready);
    }
}
