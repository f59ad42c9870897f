//! Pauses and purges (S18).

use super::{Book, Flaw, Order, What, holds};
use crate::check::{NEVER, Span};

pub(super) fn check(book: &Book<'_>) -> Result<(), Flaw> {
    let queues = book.history.rules.keys();
    queues.copied().try_for_each(|queue| {
        let mut orders: Vec<&Order> =
            book.history.orders.iter().filter(|order| order.queue == queue).collect();
        orders.sort_by_key(|order| order.span.began);
        nothing_during_a_pause(book, queue, &orders)?;
        orders.iter().filter(|order| order.what == What::Purge).try_for_each(|purge| {
            if purge.span.is_sure() {
                nothing_from_before(book, queue, &purge.span)
            } else {
                Ok(())
            }
        })
    })
}

/// What is asked for after the answer to a pause does not come before the queue is told
/// to go on; of a request with a name that was asked for several times the first counts. Whoever tells queues is one client: its orders follow each other. One to go
/// on whose outcome is unknown may be carried out at any later time; from then on pauses
/// say nothing.
fn nothing_during_a_pause(book: &Book<'_>, queue: u32, orders: &[&Order]) -> Result<(), Flaw> {
    for (at, pause) in orders.iter().enumerate() {
        let resumes = |order: &&&Order| order.what == What::Resume;
        if orders[..at].iter().filter(resumes).any(|resume| !resume.span.is_sure()) {
            return Ok(());
        }
        if pause.what != What::Pause || !pause.span.is_sure() {
            continue;
        }
        let until = orders[at + 1..].iter().find(resumes).map_or(NEVER, |order| order.span.began);
        for delivery in book.history.deliveries.iter().filter(|one| one.queue == queue) {
            let during = pause.span.ended < delivery.asked && delivery.span.ended < until;
            holds(!during, "S18", || format!("{delivery:?} during {pause:?}"))?;
        }
    }
    Ok(())
}

/// What was surely pushed before a purge was asked for is not delivered to whoever asks
/// after its answer.
fn nothing_from_before(book: &Book<'_>, queue: u32, purge: &Span) -> Result<(), Flaw> {
    for delivery in book.history.deliveries.iter().filter(|one| one.queue == queue) {
        let pushes = book.pushes.get(&delivery.message).into_iter().flatten();
        let before = pushes.into_iter().any(|push| push.span.precedes(purge));
        let after = before && purge.precedes(&delivery.span);
        holds(!after, "S18", || format!("{delivery:?} behind the purge {purge:?}"))?;
    }
    Ok(())
}
