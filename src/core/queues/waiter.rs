//! What a consumer wants, and who waits for it.

use std::sync::Arc;

use super::op::Want;
use super::shape::Filter;
use super::{ANSWER_BYTES_MAX, COUNT_MAX};
use crate::image::Name;
use crate::{Effect, Effects, Origin, Outcome};

/// What a consumer wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// At most so many messages; none: a single one, answered in the short form.
    pub count: Option<u64>,
    pub bytes_max: Option<u64>,
    /// The lease; none: that of the message or the queue.
    pub lease_ms: Option<u64>,
    /// Whether the messages are settled right away.
    pub settle: bool,
    /// Whether what is known about them is told.
    pub meta: bool,
    pub filter: Filter,
    pub consumer: Option<Name>,
    pub session: Option<Name>,
    /// The name of the request.
    pub name: Option<Name>,
}

impl Ask {
    /// What stands in an operation.
    pub fn of(want: &Want<'_>) -> Self {
        let Want::Of {
            count,
            bytes_max,
            lease_ms,
            settle,
            meta,
            group,
            priority_min,
            consumer,
            session,
            request,
        } = *want;
        Ask {
            count,
            bytes_max,
            lease_ms,
            settle,
            meta,
            filter: Filter {
                group: group.map(Name::from),
                priority_min: priority_min.unwrap_or(0),
            },
            consumer: consumer.map(Name::from),
            session: session.map(Name::from),
            // What is settled right away is not there to be given once more.
            name: request.filter(|_| !settle).map(Name::from),
        }
    }

    /// The same as it stands in an operation.
    pub fn want(&self) -> Want<'_> {
        Want::Of {
            count: self.count,
            bytes_max: self.bytes_max,
            lease_ms: self.lease_ms,
            settle: self.settle,
            meta: self.meta,
            group: self.filter.group.as_deref(),
            priority_min: (self.filter.priority_min > 0).then_some(self.filter.priority_min),
            consumer: self.consumer.as_deref(),
            session: self.session.as_deref(),
            request: self.name.as_deref(),
        }
    }

    /// At most so many messages.
    pub fn most(&self) -> u64 {
        self.count.unwrap_or(1).clamp(1, COUNT_MAX)
    }

    /// From so many bytes on no further message.
    pub fn bytes_enough(&self) -> u64 {
        self.bytes_max.unwrap_or(u64::MAX).clamp(1, ANSWER_BYTES_MAX as u64)
    }
}

/// A request that waits for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiter {
    pub origin: Origin,
    pub request: u64,
    /// When it gives up.
    pub deadline_ms: Option<u64>,
    /// The numbers of the queues it waits for.
    pub queues: Arc<[u64]>,
    pub ask: Ask,
    /// Whether the answer says which queue it was.
    pub named: bool,
    /// What the same request gave already (QACK ... POP).
    pub before: Option<Before>,
}

/// What settling gave, before the wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// How many were settled.
    Count(i64),
    /// What became of each.
    Each(Vec<i64>),
}

impl Before {
    /// As an outcome.
    pub fn outcome(&self) -> Outcome {
        match self {
            Before::Count(count) => Outcome::Int(*count),
            Before::Each(list) => Outcome::List(list.iter().copied().map(Outcome::Int).collect()),
        }
    }
}

impl Waiter {
    /// Whether it has waited long enough.
    pub fn is_late(&self, now_ms: u64) -> bool {
        self.deadline_ms.is_some_and(|deadline_ms| deadline_ms <= now_ms)
    }

    /// Answers it. A refusal is one of the whole request.
    pub fn answer(&self, outcome: Outcome, fx: &mut Effects) {
        let outcome = match &self.before {
            Some(before) if !matches!(outcome, Outcome::Fault(_)) => {
                Outcome::List(vec![before.outcome(), outcome])
            }
            _ => outcome,
        };
        fx.push(Effect::Answer { origin: self.origin, request: self.request, outcome });
    }
}

/// Deliveries in the form that was asked for; nil if there are none.
pub(super) fn shaped(ask: &Ask, named: Option<&[u8]>, mut list: Vec<Outcome>) -> Outcome {
    if list.is_empty() {
        return Outcome::Nil;
    }
    match (named, ask.count) {
        (Some(name), _) => Outcome::List(vec![Outcome::Bytes(name.to_vec()), Outcome::List(list)]),
        (None, Some(_)) => Outcome::List(list),
        (None, None) => list.swap_remove(0),
    }
}
