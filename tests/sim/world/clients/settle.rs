//! What an answer means for the client and its book.

use lockstep_core::Outcome;

use super::book::{Strange, open};
use super::draw::Held;
use super::meaning::Meaning;
use super::{Client, Desk, Ended, moment};
use crate::check::NEVER;
use crate::check::Span;
use crate::check::locks::Hold;

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
            Meaning::Queue(asked) => self.queue_settled(desk, asked, span, outcome),
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
            Meaning::Queue(asked) => self.queue_unknown(desk, asked, began),
            Meaning::Lock { .. } | Meaning::GetShort | Meaning::Session(_) | Meaning::Nothing => {}
            on_keys => {
                let known = desk.book.keys(on_keys, open(began), None);
                debug_assert!(known.is_ok());
            }
        }
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

fn expect(holds: bool) -> Result<(), Strange> {
    if holds { Ok(()) } else { Err(Strange) }
}
