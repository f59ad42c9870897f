//! The deliveries of each message, one after the other (S4 to S9, S16).

use super::{Blame, Book, Deed, Delivery, Flaw, Rule, Touch, flaw, holds};

pub(super) fn check(book: &Book<'_>) -> Result<(), Flaw> {
    for (id, list) in &book.deliveries {
        let touches: Vec<&Touch> = book.touches_of(*id).collect();
        let rule = book.rule(id.0);
        for pair in list.windows(2) {
            numbers_grow(pair[0], pair[1])?;
            has_a_cause(pair[0], pair[1], &touches)?;
            failures_are_counted(book, rule, pair[0], pair[1], &touches)?;
            waits_after_a_failure(rule, pair[0], pair[1], &touches)?;
        }
        for delivery in list {
            comes_in_time(book, rule, delivery)?;
            is_not_poison(book, rule, delivery)?;
            lasts(book, delivery, &touches)?;
        }
        for touch in &touches {
            stale_counts_not(list, touch)?;
        }
        settled_once(*id, &touches)?;
    }
    Ok(())
}

/// S7: attempts and fences grow together, also by the clients' clock; so no two
/// deliveries have one receipt. Answers to a request that is repeated are no
/// deliveries of their own and stand elsewhere.
fn numbers_grow(before: &Delivery, after: &Delivery) -> Result<(), Flaw> {
    let grows = before.attempt < after.attempt && before.fence < after.fence;
    let both = || format!("{before:?} and {after:?}");
    holds(grows && !after.span.precedes(&before.span), "S7", both)?;
    holds(before.message == after.message && before.pushed_ms == after.pushed_ms, "S1", both)
}

/// S5, S6: a message is delivered again only when the delivery before was given back,
/// or is over by the shard's clock. Both times are that clock's: the grant is the end
/// of the lease that came with it less the lease. A nack that nobody knows of, or that
/// may have been carried out before the second answer came, is a cause; a delivery in
/// between that nobody saw ends as well before the next one. A lease that was changed
/// ends when it was last told to; if a change has no known outcome, not before the
/// earliest end that it may have had: what an extension gives counts from a moment
/// behind the grant.
fn has_a_cause(before: &Delivery, after: &Delivery, touches: &[&Touch]) -> Result<(), Flaw> {
    let both = || format!("{before:?} and {after:?}");
    let Some(end_ms) = end_of(before, touches) else { return flaw("S4", both) };
    let of_it = |touch: &&&Touch| touch.attempt == before.attempt;
    let given_back = touches.iter().filter(of_it).any(|touch| {
        let may_count = !matches!(touch.deed, Deed::Nack { took: Some(false), .. });
        let nack = matches!(touch.deed, Deed::Nack { .. }) && may_count;
        nack && touch.span.began < after.span.ended
    });
    let in_time = after.granted_by_ms.is_none_or(|granted_ms| granted_ms >= end_ms);
    holds(given_back || in_time, "S6", both)
}

/// The earliest end that the lease of a delivery may have; none: it was settled with it.
pub(super) fn end_of(delivery: &Delivery, touches: &[&Touch]) -> Option<u64> {
    let mut end_ms = delivery.until_ms?;
    let mut unsure_ms = u64::MAX;
    for touch in touches.iter().filter(|touch| touch.attempt == delivery.attempt) {
        match touch.deed {
            Deed::Extend { until_ms: Some(until_ms @ 1..), .. } => end_ms = until_ms,
            Deed::Extend { lease_ms, until_ms: None } => {
                // When the grant is not known, some time before its first end.
                let from_ms = delivery.granted_ms.unwrap_or(delivery.pushed_ms);
                unsure_ms = unsure_ms.min(from_ms + lease_ms);
            }
            _ => {}
        }
    }
    Some(end_ms.min(unsure_ms))
}

/// A failure that is told, and a lease that runs out, count as one failure each; what
/// is given back in silence as none. Not looked at where a nack has no known outcome,
/// in groups (of a batch only the first is to blame), and behind a redrive, which may
/// forget failures.
fn failures_are_counted(
    book: &Book<'_>,
    rule: &Rule,
    before: &Delivery,
    after: &Delivery,
    touches: &[&Touch],
) -> Result<(), Flaw> {
    let both = || format!("{before:?} and {after:?}");
    let fatal = touches.iter().any(|touch| {
        let deed = Deed::Nack { blame: Blame::Fatal, delay_ms: None, took: Some(true) };
        touch.attempt == before.attempt && touch.deed == deed
    });
    // What was given up comes back by a redrive and nothing else.
    holds(!fatal || after.redriven, "S16", both)?;
    let comes_back = || {
        let redrives = book.history.redrives.iter();
        redrives.filter(|redrive| redrive.span.began < after.span.ended).any(|redrive| {
            redrive.queue == after.queue || book.rule(redrive.queue).feeds == Some(after.queue)
        })
    };
    holds(!after.redriven || rule.is_fed || comes_back(), "S16", both)?;
    if after.redriven || after.group.is_some() || after.attempt != before.attempt + 1 {
        return Ok(());
    }
    let of_it = touches.iter().filter(|touch| touch.attempt == before.attempt);
    let nacks = of_it.filter_map(|touch| match touch.deed {
        Deed::Nack { blame, took, .. } => Some((blame, took)),
        _ => None,
    });
    let mut more = Some(1);
    for (blame, took) in nacks {
        match (blame, took) {
            (_, None) => more = None,
            (Blame::Silent, Some(true)) => more = more.map(|_| 0),
            _ => {}
        }
    }
    holds(more.is_none_or(|more| after.fails == before.fails + more), "S16", both)
}

/// S9: what failed stays away for as long as it was told to. Counted from the grant,
/// which was before the nack.
fn waits_after_a_failure(
    rule: &Rule,
    before: &Delivery,
    after: &Delivery,
    touches: &[&Touch],
) -> Result<(), Flaw> {
    let (Some(from_ms), Some(to_ms)) = (before.granted_ms, after.granted_by_ms) else {
        return Ok(());
    };
    // It may have been dead instead, and was brought back.
    if after.redriven {
        return Ok(());
    }
    for touch in touches.iter().filter(|touch| touch.attempt == before.attempt) {
        let wait_ms = match touch.deed {
            Deed::Nack { delay_ms: Some(ms), blame: Blame::Fail | Blame::Silent, took } => {
                took.map(|took| if took { ms } else { 0 })
            }
            Deed::Nack { delay_ms: None, blame: Blame::Fail, took: Some(true) } => {
                Some(backoff_ms(rule, before.fails))
            }
            _ => None,
        };
        let early = wait_ms.is_some_and(|wait_ms| to_ms < from_ms + wait_ms);
        holds(!early, "S9", || format!("{touch:?} and {after:?} after {before:?}"))?;
    }
    Ok(())
}

/// How long a message surely stays away that had failed so often before.
fn backoff_ms(rule: &Rule, fails: u32) -> u64 {
    let (min_ms, max_ms, jitter) = rule.backoff;
    let plain = min_ms.saturating_mul(1 << fails.min(20)).min(max_ms);
    plain - (plain * jitter).div_ceil(100).min(plain)
}

/// S9: not before its delay is over, and not when its time is: both count from when it
/// was pushed, by the shard's clock. A delay is over once, so the first delivery tells;
/// a redrive begins the time anew, and a message that came from another queue has the
/// time of its own push there.
fn comes_in_time(book: &Book<'_>, rule: &Rule, delivery: &Delivery) -> Result<(), Flaw> {
    let pushes = book.pushes.get(&delivery.message);
    let pushes = pushes.into_iter().flatten().filter(|push| push.queue == delivery.queue);
    let Some(granted_ms) = delivery.granted_ms.filter(|_| !rule.is_fed && !delivery.redriven)
    else {
        return Ok(());
    };
    for push in pushes {
        let due_ms = delivery.pushed_ms + push.delay_ms;
        let early = delivery.attempt == 1 && granted_ms < due_ms;
        let late = push.ttl_ms > 0 && granted_ms >= delivery.pushed_ms + push.ttl_ms;
        holds(!early && !late, "S9", || format!("{delivery:?} of {push:?}"))?;
    }
    Ok(())
}

/// S16: no delivery of what failed as often as it may, unless it was brought back.
fn is_not_poison(book: &Book<'_>, rule: &Rule, delivery: &Delivery) -> Result<(), Flaw> {
    let counted = if rule.by_attempts { delivery.attempt - 1 } else { delivery.fails };
    let enough = rule.fails_max > 0 && counted >= rule.fails_max && !delivery.redriven;
    holds(!enough, "S16", || format!("{delivery:?}, {:?}", book.rule(delivery.queue)))
}

/// S5: an ack that was answered while the lease surely lasted counts. A purge takes the
/// message, an ack or nack of the same delivery ends the lease, an extension may
/// shorten it; and an ack of a transaction is not carried out with an answer of its
/// own when that is not known.
fn lasts(book: &Book<'_>, delivery: &Delivery, touches: &[&Touch]) -> Result<(), Flaw> {
    let own: Vec<&&Touch> =
        touches.iter().filter(|touch| touch.attempt == delivery.attempt).collect();
    let [touch] = own[..] else { return Ok(()) };
    let Deed::Ack { gave: Some(gave) } = touch.deed else { return Ok(()) };
    let surely = touch.span.ended < delivery.sure_until && !book.was_purged(delivery.queue);
    holds(!surely || gave == 1, "S5", || format!("{touch:?} of {delivery:?}"))
}

/// S4, S8: what was settled is not delivered under a later attempt, whenever that came;
/// a receipt that is not the newest any more changes nothing. That an attempt is not
/// the newest is known when the later one came before the touch was asked for.
fn stale_counts_not(list: &[&Delivery], touch: &Touch) -> Result<(), Flaw> {
    let later = || list.iter().filter(|delivery| delivery.attempt > touch.attempt);
    let known_before = || later().any(|delivery| delivery.span.precedes(&touch.span));
    let what = || format!("{touch:?}, of {list:?}");
    match touch.deed {
        Deed::Ack { gave: Some(1) } => holds(later().next().is_none(), "S4", what),
        Deed::Nack { took: Some(true), .. } | Deed::Extend { until_ms: Some(1..), .. } => {
            holds(!known_before(), "S8", what)
        }
        _ => Ok(()),
    }
}

/// S4: a message is settled once, whatever receipt it was.
fn settled_once(id: (u32, u64), touches: &[&Touch]) -> Result<(), Flaw> {
    let settled = touches.iter().filter(|touch| touch.deed == Deed::Ack { gave: Some(1) });
    holds(settled.count() <= 1, "S4", || format!("{id:?} was settled twice: {touches:?}"))
}
