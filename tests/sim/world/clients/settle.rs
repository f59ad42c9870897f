//! What an answer means for the client and its book.

use lockstep_core::{Fault, Outcome};

use super::book::{Strange, open};
use super::draw::Held;
use super::meaning::Meaning;
use super::{Client, Desk, Ended, moment};
use crate::check::NEVER;
use crate::check::Span;
use crate::check::locks::Hold;
use crate::check::queues::{Ack, Delivery, Push};

impl Client {
    /// Notes what ends by being asked for, whatever the answer.
    pub(super) fn before_asking(&mut self, desk: &mut Desk, meanings: &[Meaning], began: u64) {
        for meaning in meanings {
            match meaning {
                Meaning::Unlock { .. } => {
                    if let Some(Held { hold, .. }) = self.hands.lock {
                        let until = &mut desk.book.holds[hold].until;
                        *until = began.min(*until);
                    }
                }
                Meaning::Nack(..) => {
                    if let Some((.., delivery)) = self.hands.message {
                        let until = &mut desk.book.queues.deliveries[delivery].until;
                        *until = began.min(*until);
                    }
                }
                Meaning::Guarded(guarded) => self.before_guarded(desk, guarded, began),
                Meaning::Session(asked) => self.before_session(desk, asked, began),
                _ => {}
            }
        }
    }

    /// Writes down an answer.
    pub(super) fn settle(
        &mut self,
        desk: &mut Desk,
        meaning: &Meaning,
        span: Span,
        outcome: &Outcome,
    ) {
        self.ended = Ended::Answered;
        let settled = match meaning {
            Meaning::Nothing => Ok(()),
            Meaning::Guarded(guarded) => self.guarded(desk, guarded, span, outcome),
            Meaning::Session(asked) => self.session(desk, asked, span, outcome),
            Meaning::SetShort(value, ttl_ms) => {
                self.short = Some((*value, span, *ttl_ms));
                expect(outcome == &Outcome::Ok)
            }
            Meaning::GetShort => self.short_was(desk, span, outcome),
            Meaning::Lock { .. } => self.locked(desk, meaning, span, outcome),
            Meaning::Unlock { .. } => self.unlocked(span, outcome),
            Meaning::Produce(queue, message, delay_ms) => {
                if *delay_ms > 0 {
                    let until = desk.surely_until(span.began, *delay_ms);
                    desk.book.hidden.insert(*message, until);
                }
                self.produced(desk, *queue, *message, *delay_ms, span);
                expect(matches!(outcome, Outcome::Bytes(_)))
            }
            Meaning::Consume(queue, lease_ms, _) => {
                self.consumed(desk, *queue, *lease_ms, span, outcome)
            }
            Meaning::Drain(queue) => drained(desk, *queue, span, outcome),
            Meaning::Ack(queue, message, _) => {
                self.hands.message = None;
                if outcome == &Outcome::Int(1) {
                    desk.book.queues.acks.push(Ack { queue: *queue, message: *message, span });
                }
                expect(matches!(outcome, Outcome::Int(0 | 1)))
            }
            Meaning::Nack(..) => {
                self.hands.message = None;
                // Delivered again meanwhile.
                let stale = matches!(outcome, Outcome::Fault(Fault::StaleReceipt));
                expect(stale || matches!(outcome, Outcome::Int(0 | 1)))
            }
            on_keys => desk.book.keys(on_keys, span, Some(outcome)),
        };
        if settled.is_err() {
            desk.book.wrong(format!("client {} asked {meaning:?} and got {outcome:?}", self.id));
        }
    }

    /// Nobody knows whether it happened.
    pub(super) fn settle_unknown(&mut self, desk: &mut Desk, meaning: &Meaning, began: u64) {
        self.unsure |=
            matches!(meaning, Meaning::Lock { .. } | Meaning::Unlock { .. } | Meaning::Guarded(_));
        match meaning {
            Meaning::SetShort(..) => self.short = None,
            Meaning::Guarded(guarded) => self.guarded_unknown(guarded),
            Meaning::Unlock { .. } => self.hands.lock = None,
            Meaning::Ack(..) | Meaning::Nack(..) => self.hands.message = None,
            Meaning::Produce(queue, message, delay_ms) => {
                self.produced(desk, *queue, *message, *delay_ms, open(began));
            }
            Meaning::Lock { .. }
            | Meaning::Consume(..)
            | Meaning::Drain(_)
            | Meaning::GetShort
            | Meaning::Session(_)
            | Meaning::Nothing => {}
            on_keys => {
                let known = desk.book.keys(on_keys, open(began), None);
                debug_assert!(known.is_ok());
            }
        }
    }

    fn produced(&self, desk: &mut Desk, queue: u32, message: u64, delay_ms: u64, span: Span) {
        // What was hidden for a while stands in no line with others.
        let producer = if delay_ms > 0 { message as u32 } else { self.id };
        desk.book.queues.pushes.push(Push { queue, message, producer, span });
    }

    fn locked(
        &mut self,
        desk: &mut Desk,
        meaning: &Meaning,
        span: Span,
        outcome: &Outcome,
    ) -> Result<(), Strange> {
        let Meaning::Lock { lock, named, lease_ms, .. } = meaning else { return Err(Strange) };
        match outcome {
            Outcome::Nil => Ok(()),
            Outcome::Int(token) => {
                let until = lease_ms.map_or(NEVER, |ms| desk.surely_until(span.began, ms));
                let hold = Hold {
                    lock: *lock,
                    owner: self.owner(*named),
                    token: *token as u64,
                    asked: span.began,
                    granted: span.ended,
                    until,
                };
                self.hands.lock = Some(Held {
                    lock: *lock,
                    named: *named,
                    hold: desk.book.holds.len(),
                    lease_until: until,
                });
                desk.book.holds.push(hold);
                Ok(())
            }
            _ => Err(Strange),
        }
    }

    fn unlocked(&mut self, span: Span, outcome: &Outcome) -> Result<(), Strange> {
        let Some(held) = self.hands.lock.take() else { return Ok(()) };
        // Before it was asked for it ended only when its lease had.
        let lasted = held.lease_until >= span.ended;
        match outcome {
            Outcome::Int(1) => Ok(()),
            Outcome::Int(0) if !lasted => Ok(()),
            _ => Err(Strange),
        }
    }

    fn consumed(
        &mut self,
        desk: &mut Desk,
        queue: u32,
        lease_ms: u64,
        span: Span,
        outcome: &Outcome,
    ) -> Result<(), Strange> {
        if outcome == &Outcome::Nil {
            return Ok(());
        }
        let (receipt, message) = delivered(outcome).ok_or(Strange)?;
        let attempt = receipt.rsplit('-').next().and_then(|number| number.parse().ok());
        let until = desk.surely_until(span.began, lease_ms);
        let attempt = attempt.ok_or(Strange)?;
        self.hands.message = Some((queue, message, receipt, desk.book.queues.deliveries.len()));
        desk.book.queues.deliveries.push(Delivery { queue, message, attempt, span, until });
        let early = desk.book.hidden.get(&message).is_some_and(|hidden| span.ended < *hidden);
        expect(!early)
    }

    /// A key that nobody else writes lives as long as it was told to.
    fn short_was(&mut self, desk: &mut Desk, span: Span, outcome: &Outcome) -> Result<(), Strange> {
        let Some((value, set, ttl_ms)) = self.short else { return Ok(()) };
        let surely = span.ended < desk.surely_until(set.began, ttl_ms);
        let over = span.began > set.ended + moment(ttl_ms + ttl_ms / 50 + desk.skew_ms + 4);
        match outcome {
            Outcome::Nil => expect(!surely),
            Outcome::Bytes(bytes) => expect(!over && *bytes == value.to_string().into_bytes()),
            _ => Err(Strange),
        }
    }
}

/// Messages that were settled as they were delivered.
fn drained(desk: &mut Desk, queue: u32, span: Span, outcome: &Outcome) -> Result<(), Strange> {
    let list = match outcome {
        Outcome::Nil => return Ok(()),
        Outcome::List(list) => list,
        _ => return Err(Strange),
    };
    for one in list {
        let (receipt, message) = delivered(one).ok_or(Strange)?;
        let attempt = receipt.rsplit('-').next().and_then(|number| number.parse().ok());
        let (attempt, until) = (attempt.ok_or(Strange)?, NEVER);
        desk.book.queues.deliveries.push(Delivery { queue, message, attempt, span, until });
    }
    Ok(())
}

fn expect(holds: bool) -> Result<(), Strange> {
    if holds { Ok(()) } else { Err(Strange) }
}

/// The receipt and the message of a delivery.
pub fn delivered(outcome: &Outcome) -> Option<(String, u64)> {
    let Outcome::List(pair) = outcome else { return None };
    let [Outcome::Bytes(receipt), Outcome::Bytes(body)] = &pair[..] else { return None };
    let receipt = String::from_utf8(receipt.clone()).ok()?;
    let message = std::str::from_utf8(body).ok()?.parse().ok()?;
    Some((receipt, message))
}
