//! Who gets which outcomes of an entry.

use std::sync::Arc;

use lockstep_core::Outcome;
use openraft::OptionalSend;
use openraft::RaftTypeConfig;
use openraft::raft::responder::Responder;
use tokio::sync::OwnedSemaphorePermit;

use crate::bodies::Fetch;
use crate::group::{EffectSink, Underway};
use crate::mailbox::{Delivery, Mailbox, Refusal};
use crate::types::{Outcomes, Types};

/// The share of one connection in an entry.
#[derive(Debug)]
pub(crate) struct Ticket {
    /// How many outcomes are its own.
    pub count: usize,
    /// The first of them is of no interest.
    pub has_ahead: bool,
    /// Where they go.
    pub mailbox: Arc<Mailbox>,
}

/// All shares of an entry, in order. Whoever drops it undelivered leaves the
/// connections with an unknown outcome, never waiting for ever.
pub(crate) struct Tickets {
    list: Vec<Ticket>,
    fetch: Arc<Fetch>,
    effects: EffectSink,
    /// Given back when the entry is applied, whenever that may be known: the next one
    /// must not wait for those who have copies.
    in_flight: Option<OwnedSemaphorePermit>,
    underway: Option<Underway>,
}

impl Tickets {
    pub(crate) fn new(
        list: Vec<Ticket>,
        fetch: Arc<Fetch>,
        effects: EffectSink,
        in_flight: OwnedSemaphorePermit,
        underway: Underway,
    ) -> Self {
        let (in_flight, underway) = (Some(in_flight), Some(underway));
        Tickets { list, fetch, effects, in_flight, underway }
    }

    /// Delivers what became of the entry. Only what openraft refused before it
    /// gave it a place in the log was surely not applied.
    pub(crate) fn complete(mut self, result: openraft::raft::ClientWriteResult<Types>) {
        let underway = self.underway.take().expect("it is completed once");
        match result {
            Ok(response) => {
                let (effects, fetch) = (self.effects.clone(), self.fetch.clone());
                let applied = underway.applied(&effects, &fetch);
                self.in_flight.take();
                applied.deliver(move || self.deliver(response.data));
            }
            Err(openraft::errors::ClientWriteError::ForwardToLeader(_)) => {
                underway.refused();
                self.refuse(Refusal::NotLeader);
            }
            Err(_) => {}
        }
    }

    /// Tells all that nothing was applied.
    pub(crate) fn refuse(&mut self, why: Refusal) {
        for ticket in self.list.drain(..) {
            ticket.mailbox.put(Delivery::Refused(why));
        }
    }

    fn deliver(&mut self, outcomes: Outcomes) {
        let Outcomes { list, forgotten } = outcomes;
        if self.list.len() == 1
            && let Some(only) = self.list.pop()
        {
            only.deliver(list, !forgotten.is_empty(), &self.fetch);
            return;
        }
        let mut from = 0;
        let mut outcomes = list.into_iter();
        for ticket in self.list.drain(..) {
            let share: Vec<_> = outcomes.by_ref().take(ticket.count).collect();
            assert_eq!(share.len(), ticket.count, "an entry gives one outcome per operation");
            let places = from..from + ticket.count;
            from = places.end;
            let forgotten = forgotten.iter().any(|place| places.contains(place));
            ticket.deliver(share, forgotten, &self.fetch);
        }
    }
}

impl Ticket {
    fn deliver(self, mut share: Vec<Outcome>, forgotten: bool, fetch: &Arc<Fetch>) {
        if self.has_ahead {
            share.remove(0);
        }
        if forgotten {
            self.mailbox.put(Delivery::Unknown);
        } else {
            fetch.deliver(share, &self.mailbox);
        }
    }
}

impl Drop for Tickets {
    fn drop(&mut self) {
        for ticket in self.list.drain(..) {
            ticket.mailbox.put(Delivery::Unknown);
        }
    }
}

/// What openraft calls when an entry was applied or refused.
pub struct Answer<T>(Box<dyn FnOnce(T) + Send>);

impl<T> Answer<T> {
    pub(crate) fn new(call: impl FnOnce(T) + Send + 'static) -> Self {
        Answer(Box::new(call))
    }
}

impl<C, T> Responder<C, T> for Answer<T>
where
    C: RaftTypeConfig,
    T: OptionalSend + 'static,
{
    fn on_complete(self, result: T) {
        (self.0)(result);
    }
}
