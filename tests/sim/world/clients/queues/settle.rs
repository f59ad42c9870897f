//! What an answer means for a client of queues and its record.

use lockstep_core::{Fault, Outcome};

use super::record::seq_of;
use super::{Asked, Held, New, Pop, Together};
use crate::check::Span;
use crate::check::queues::whole::{Came, Deed, Order, Redrive, Tx, What};
use crate::world::clients::book::{Strange, open};
use crate::world::clients::meaning::elements;
use crate::world::clients::{Client, Desk};

impl Client {
    /// Writes down an answer.
    pub(in crate::world::clients) fn queue_settled(
        &mut self,
        desk: &mut Desk,
        asked: &Asked,
        span: Span,
        outcome: &Outcome,
    ) -> Result<(), Strange> {
        let record = &mut desk.book.queues;
        match asked {
            Asked::Create(_) => expect(outcome == &Outcome::Ok),
            Asked::Push(new) => {
                self.hands.queues.unsure = None;
                self.pushed(desk, new, 0, span, outcome)
            }
            Asked::PushMany(list, together) => pushed_many(desk, list, *together, span, outcome),
            Asked::Pop(pop) => self.popped(desk, pop, span, outcome),
            Asked::Ack(_, list, None) => self.acked(desk, list, span, outcome),
            Asked::Ack(_, list, Some(pop)) => {
                let Outcome::List(parts) = outcome else { return Err(Strange) };
                let [acked, popped] = &parts[..] else { return Err(Strange) };
                self.acked(desk, list, span, acked)?;
                self.popped(desk, pop, span, popped)
            }
            Asked::Nack { held, blame, delay_ms } => {
                let took = match outcome {
                    Outcome::Int(1) => true,
                    Outcome::Fault(Fault::StaleReceipt) => false,
                    _ => return Err(Strange),
                };
                let (blame, delay_ms, took) = (*blame, *delay_ms, Some(took));
                record.touched(held, Deed::Nack { blame, delay_ms, took }, 0, span);
                self.hands.queues.is_through(held);
                Ok(())
            }
            Asked::Extend(held, lease_ms) => {
                let until_ms = match outcome {
                    Outcome::Fault(Fault::StaleReceipt) => 0,
                    Outcome::List(list) => match list[..] {
                        [Outcome::Int(until_ms)] => until_ms as u64,
                        _ => return Err(Strange),
                    },
                    _ => return Err(Strange),
                };
                let (lease_ms, until_ms) = (*lease_ms, Some(until_ms));
                record.touched(held, Deed::Extend { lease_ms, until_ms }, 0, span);
                Ok(())
            }
            Asked::Exchange(held, number, new) => {
                let Outcome::List(parts) = outcome else { return Err(Strange) };
                let [acked, Outcome::Int(_), pushed] = &parts[..] else { return Err(Strange) };
                record.history.txs.push(Tx { number: *number, span });
                self.acked(desk, &[*held], span, acked)?;
                self.pushed(desk, new, *number, span, pushed)
            }
            Asked::Redrive { queue, .. } => {
                let Outcome::Int(chosen) = outcome else { return Err(Strange) };
                record.tally.add("redriven", *chosen as u64);
                record.history.redrives.push(Redrive { queue: *queue, span });
                Ok(())
            }
            Asked::Move(..) => expect(matches!(outcome, Outcome::Int(_))),
            Asked::Order(queue, what) => {
                self.hands.queues.has_told(*what);
                record.history.orders.push(Order { queue: *queue, span, what: *what });
                expect(matches!(outcome, Outcome::Ok | Outcome::Int(_)))
            }
            Asked::Look(queue) => {
                record.looked(*queue, outcome)?;
                let sort = desk.queues.of(*queue);
                let inflight = record.fact(*queue, "inflight");
                let living =
                    record.fact(*queue, "ready") + record.fact(*queue, "delayed") + inflight;
                let within = |count, max| max == 0 || count <= max;
                expect(within(living, sort.length_max) && within(inflight, sort.inflight_max))
            }
            Asked::Drain(queue) => record.drained(*queue, span, outcome).map(drop),
            Asked::Dead(queue) => record.dead(*queue, outcome),
            Asked::Notes(_) => {
                let numbers = match outcome {
                    Outcome::Nil => Vec::new(),
                    Outcome::Bytes(bytes) => elements(bytes).ok_or(Strange)?,
                    _ => return Err(Strange),
                };
                record.history.noted.extend(numbers);
                Ok(())
            }
        }
    }

    /// Nobody knows whether it happened.
    pub(in crate::world::clients) fn queue_unknown(
        &mut self,
        desk: &mut Desk,
        asked: &Asked,
        began: u64,
    ) {
        let (record, span) = (&mut desk.book.queues, open(began));
        let hands = &mut self.hands.queues;
        match asked {
            Asked::Push(new) => {
                record.pushed(&desk.queues, new, (0, 0), Came::Unknown, span);
                hands.unsure = Some(*new).filter(|new| new.dedup);
            }
            Asked::PushMany(list, together) => {
                for new in list {
                    let batch = (batch_of(list, *together), 0);
                    record.pushed(&desk.queues, new, batch, Came::Unknown, span);
                }
            }
            Asked::Pop(pop) => {
                record.not_heard(pop, began);
                hands.named = Some(*pop).filter(|pop| pop.name.is_some());
            }
            Asked::Ack(_, list, _) => {
                for held in list {
                    record.touched(held, Deed::Ack { gave: None }, 0, span);
                }
                if self.chance.permille(500) {
                    list.iter().for_each(|held| hands.is_through(held));
                }
            }
            Asked::Nack { held, blame, delay_ms } => {
                let (blame, delay_ms) = (*blame, *delay_ms);
                record.touched(held, Deed::Nack { blame, delay_ms, took: None }, 0, span);
                hands.is_through(held);
            }
            Asked::Extend(held, lease_ms) => {
                let deed = Deed::Extend { lease_ms: *lease_ms, until_ms: None };
                record.touched(held, deed, 0, span);
            }
            Asked::Exchange(held, number, new) => {
                record.history.txs.push(Tx { number: *number, span });
                record.touched(held, Deed::Ack { gave: None }, *number, span);
                record.pushed(&desk.queues, new, (0, *number), Came::Unknown, span);
                hands.is_through(held);
            }
            Asked::Redrive { queue, .. } => {
                record.history.redrives.push(Redrive { queue: *queue, span });
            }
            Asked::Order(queue, what) => {
                hands.has_told(*what);
                record.history.orders.push(Order { queue: *queue, span, what: *what });
            }
            Asked::Drain(queue) => {
                record.history.swallowed.insert(*queue);
            }
            Asked::Create(_)
            | Asked::Move(..)
            | Asked::Look(_)
            | Asked::Dead(_)
            | Asked::Notes(_) => {}
        }
    }

    fn pushed(
        &mut self,
        desk: &mut Desk,
        new: &New,
        tx: u64,
        span: Span,
        outcome: &Outcome,
    ) -> Result<(), Strange> {
        if is_full(desk, new, outcome) {
            return Ok(());
        }
        let Outcome::List(parts) = outcome else { return Err(Strange) };
        let [Outcome::Bytes(id), Outcome::Word(word)] = &parts[..] else { return Err(Strange) };
        let seq = seq_of(id).ok_or(Strange)?;
        let came = match *word {
            "new" => Came::New(seq),
            "dup" if new.dedup => Came::Copy(seq),
            _ => return Err(Strange),
        };
        desk.book.queues.pushed(&desk.queues, new, (0, tx), came, span);
        Ok(())
    }

    fn popped(
        &mut self,
        desk: &mut Desk,
        pop: &Pop,
        span: Span,
        outcome: &Outcome,
    ) -> Result<(), Strange> {
        let sure_until = desk.surely_until(span.began, pop.lease_ms);
        for held in desk.book.queues.popped(pop, sure_until, span, outcome)? {
            if !self.hands.queues.held.contains(&held) {
                self.hands.queues.held.push(held);
            }
        }
        Ok(())
    }

    fn acked(
        &mut self,
        desk: &mut Desk,
        list: &[Held],
        span: Span,
        outcome: &Outcome,
    ) -> Result<(), Strange> {
        let Outcome::List(each) = outcome else { return Err(Strange) };
        if each.len() != list.len() {
            return Err(Strange);
        }
        for (held, one) in list.iter().zip(each) {
            let Outcome::Int(gave @ -1..=1) = *one else { return Err(Strange) };
            desk.book.queues.touched(held, Deed::Ack { gave: Some(gave) }, 0, span);
            self.hands.queues.is_through(held);
        }
        Ok(())
    }
}

impl super::Hands {
    /// A queue was told this, or may have been.
    fn has_told(&mut self, what: What) {
        match what {
            What::Pause => self.paused = true,
            What::Resume => self.paused = false,
            What::Purge => {}
        }
    }
}

/// A queue with a limit may refuse a message.
fn is_full(desk: &Desk, new: &New, outcome: &Outcome) -> bool {
    let full = matches!(outcome, Outcome::Refused { fault: Fault::QueueFull, .. });
    full && desk.queues.of(new.queue).length_max > 0
}

fn batch_of(list: &[New], together: Together) -> u64 {
    match together {
        Together::AllOrNone => list.first().map_or(0, |new| new.message),
        Together::Each => 0,
    }
}

fn pushed_many(
    desk: &mut Desk,
    list: &[New],
    together: Together,
    span: Span,
    outcome: &Outcome,
) -> Result<(), Strange> {
    if list.first().is_some_and(|new| is_full(desk, new, outcome)) {
        return expect(together == Together::AllOrNone);
    }
    let Outcome::List(each) = outcome else { return Err(Strange) };
    if each.len() != list.len() {
        return Err(Strange);
    }
    for (new, one) in list.iter().zip(each) {
        if together == Together::Each && is_full(desk, new, one) {
            continue;
        }
        let Outcome::Bytes(id) = one else { return Err(Strange) };
        let came = Came::New(seq_of(id).ok_or(Strange)?);
        let batch = (batch_of(list, together), 0);
        desk.book.queues.pushed(&desk.queues, new, batch, came, span);
    }
    Ok(())
}

fn expect(holds: bool) -> Result<(), Strange> {
    if holds { Ok(()) } else { Err(Strange) }
}
