//! The order of first deliveries (S12).

use std::collections::BTreeMap;

use super::{Book, Came, Delivery, Flaw, Push, holds};

/// A first delivery whose message was visible from its push on.
struct First<'a> {
    delivery: &'a Delivery,
    push: &'a Push,
}

/// The operations that grant are numbered in their order. So of two messages that were
/// there and visible when the first of both was granted, the one with the higher
/// priority, and of equals the one with the lower number, is granted first; both by one
/// operation: it stands first if one answer has both. Left out are messages that were
/// hidden, have a group, or came by a redrive or from another queue: they have other
/// places.
pub(super) fn check(book: &Book<'_>) -> Result<(), Flaw> {
    let mut lines: BTreeMap<u32, Vec<First<'_>>> = BTreeMap::new();
    for list in book.deliveries.values() {
        let Some(delivery) = list.first().filter(|first| first.attempt == 1 && !first.redriven)
        else {
            continue;
        };
        let push = book.only_push(delivery.queue, delivery.message);
        let plain = |push: &&Push| {
            let other = matches!(push.came, Came::New(seq) if seq != delivery.seq);
            push.delay_ms == 0 && push.group.is_none() && !other
        };
        if let Some(push) = push.filter(plain) {
            lines.entry(delivery.queue).or_default().push(First { delivery, push });
        }
    }
    for (queue, line) in &mut lines {
        line.sort_by_key(|first| (first.delivery.fence, first.delivery.call));
        if book.rule(*queue).by_priority { by_priority(line)? } else { by_number(line)? }
    }
    Ok(())
}

fn by_number(line: &[First<'_>]) -> Result<(), Flaw> {
    let seq = |first: &First<'_>| first.delivery.seq;
    let mut newest: Option<&First<'_>> = None;
    for granted in line.chunk_by(|one, other| one.delivery.fence == other.delivery.fence) {
        let same_answer = |pair: &&[First<'_>]| pair[0].delivery.call.0 == pair[1].delivery.call.0;
        let answers = granted.windows(2).filter(same_answer);
        let mut swapped = answers.filter(|pair| seq(&pair[0]) > seq(&pair[1])).map(|pair| &pair[0]);
        let overtaken = granted.iter().find(|one| newest.is_some_and(|n| seq(n) > seq(one)));
        let wrong = swapped.next().or(overtaken);
        holds(wrong.is_none(), "S12", || {
            format!(
                "{:?}, before it {:?}",
                wrong.map(|one| one.delivery),
                newest.map(|n| n.delivery)
            )
        })?;
        newest = newest.into_iter().chain(granted).max_by_key(|first| seq(first));
    }
    Ok(())
}

/// With priorities it matters whether the other one was there already: pushed in an
/// earlier millisecond of the shard's clock than the grant.
fn by_priority(line: &[First<'_>]) -> Result<(), Flaw> {
    for (at, first) in line.iter().enumerate() {
        let Some(granted_ms) = first.delivery.granted_ms else { continue };
        let rank = (255 - first.push.priority, first.delivery.seq);
        let later = line[at + 1..].iter().filter(|other| {
            other.delivery.fence > first.delivery.fence && other.delivery.pushed_ms < granted_ms
        });
        let mut overtaken =
            later.filter(|other| (255 - other.push.priority, other.delivery.seq) < rank);
        let other = overtaken.next();
        holds(other.is_none(), "S12", || {
            format!("{:?} came before {:?}", first.delivery, other.map(|one| one.delivery))
        })?;
    }
    Ok(())
}
