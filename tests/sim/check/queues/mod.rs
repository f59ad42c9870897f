//! Nothing lost, nothing invented, nothing again after its ack (C-QUEUE), by what
//! any client of any server sees. What more is known of a shard's own word about each
//! delivery is looked at in `whole`.

pub mod whole;

use std::collections::BTreeMap;

use super::{NEVER, Span};

/// A message that was pushed. A push that was refused is left out.
#[derive(Clone, Debug)]
pub struct Push {
    /// The queue.
    pub queue: u32,
    /// The message; no two are alike.
    pub message: u64,
    /// Who.
    pub producer: u32,
    /// When.
    pub span: Span,
}

/// A message that was handed to a consumer.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The queue.
    pub queue: u32,
    /// The message.
    pub message: u64,
    /// Which delivery of it this is, as the receipt says, from 1.
    pub attempt: u32,
    /// When it was asked for and came.
    pub span: Span,
    /// Up to when nobody else may get it.
    pub until: u64,
}

/// An ack that counted.
#[derive(Clone, Debug)]
pub struct Ack {
    /// The queue.
    pub queue: u32,
    /// The message.
    pub message: u64,
    /// When.
    pub span: Span,
}

/// The history of some queues.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// All pushes.
    pub pushes: Vec<Push>,
    /// All deliveries.
    pub deliveries: Vec<Delivery>,
    /// All acks that counted.
    pub acks: Vec<Ack>,
    /// Whether the queues were emptied at the end.
    pub drained: bool,
}

/// What is wrong with a history: the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Pushed, acknowledged and never delivered.
    Lost(u64),
    /// Delivered, but nobody pushed it there, or its push was refused.
    Phantom(u64),
    /// Delivered before anybody pushed it.
    TooEarly(u64),
    /// Delivered after its ack.
    AfterAck(u64),
    /// Delivered twice under the same receipt, or later with a lower number.
    Twice(u64),
    /// Delivered while another consumer had it.
    Shared(u64),
    /// Delivered for the first time before one that its producer pushed earlier.
    Overtook(u64, u64),
}

/// Looks for flaws.
pub fn check(history: &History) -> Result<(), Flaw> {
    let pushes: BTreeMap<(u32, u64), &Push> =
        history.pushes.iter().map(|push| ((push.queue, push.message), push)).collect();
    let mut deliveries: BTreeMap<(u32, u64), Vec<&Delivery>> = BTreeMap::new();
    for delivery in &history.deliveries {
        let key = (delivery.queue, delivery.message);
        let push = pushes.get(&key).ok_or(Flaw::Phantom(delivery.message))?;
        if delivery.span.precedes(&push.span) {
            return Err(Flaw::TooEarly(delivery.message));
        }
        deliveries.entry(key).or_default().push(delivery);
    }
    if history.drained {
        let sure = history.pushes.iter().filter(|push| push.span.is_sure());
        for push in sure {
            if !deliveries.contains_key(&(push.queue, push.message)) {
                return Err(Flaw::Lost(push.message));
            }
        }
    }
    deliveries.values_mut().try_for_each(|of_one| check_attempts(of_one))?;
    for ack in &history.acks {
        let again = deliveries.get(&(ack.queue, ack.message)).into_iter().flatten();
        if again.into_iter().any(|delivery| ack.span.precedes(&delivery.span)) {
            return Err(Flaw::AfterAck(ack.message));
        }
    }
    check_order(&pushes, &deliveries)
}

/// The deliveries of one message.
fn check_attempts(deliveries: &mut [&Delivery]) -> Result<(), Flaw> {
    deliveries.sort_by_key(|delivery| delivery.attempt);
    for pair in deliveries.windows(2) {
        let (earlier, later) = (pair[0], pair[1]);
        if earlier.attempt == later.attempt || later.span.precedes(&earlier.span) {
            return Err(Flaw::Twice(later.message));
        }
        if later.span.ended < earlier.until {
            return Err(Flaw::Shared(later.message));
        }
    }
    Ok(())
}

/// What one producer pushed one after the other is first delivered in that order.
fn check_order(
    pushes: &BTreeMap<(u32, u64), &Push>,
    deliveries: &BTreeMap<(u32, u64), Vec<&Delivery>>,
) -> Result<(), Flaw> {
    let mut first: BTreeMap<(u32, u32), Vec<(&Push, Span)>> = BTreeMap::new();
    for (key, push) in pushes {
        let delivery = deliveries.get(key).and_then(|all| all.first());
        let known = delivery.filter(|delivery| delivery.attempt == 1);
        if let Some(delivery) = known {
            first.entry((push.queue, push.producer)).or_default().push((push, delivery.span));
        }
    }
    for mut line in first.into_values() {
        line.sort_by_key(|(push, _)| push.span.began);
        // The pushes behind, from the last to the first: which delivery ended first.
        let mut behind: Vec<(&Push, Span)> = line.clone();
        for at in (0..line.len().saturating_sub(1)).rev() {
            if behind[at + 1].1.ended < behind[at].1.ended {
                behind[at] = behind[at + 1];
            }
        }
        for (at, (push, span)) in line.iter().enumerate() {
            let later = at
                + 1
                + line[at + 1..].partition_point(|(other, _)| !push.span.precedes(&other.span));
            if push.span.ended != NEVER
                && let Some((other, delivered)) = behind.get(later)
                && delivered.precedes(span)
            {
                return Err(Flaw::Overtook(other.message, push.message));
            }
        }
    }
    Ok(())
}
