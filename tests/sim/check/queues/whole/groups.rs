//! Messages of a group (S12, S13).

use std::collections::BTreeMap;

use super::attempts::end_of;
use super::{Book, Deed, Delivery, Flaw, Touch, holds};

pub(super) fn check(book: &Book<'_>) -> Result<(), Flaw> {
    let mut groups: BTreeMap<(u32, u64), Vec<&Delivery>> = BTreeMap::new();
    for delivery in book.deliveries.values().flatten() {
        if let Some(group) = delivery.group {
            groups.entry((delivery.queue, group)).or_default().push(delivery);
        }
    }
    for list in groups.values_mut() {
        list.sort_by_key(|delivery| delivery.fence);
        for (at, first) in list.iter().enumerate() {
            for second in list[at + 1..].iter().filter(|other| other.fence > first.fence) {
                in_order(list, first, second)?;
                one_holder(book, first, second)?;
            }
        }
    }
    Ok(())
}

/// S12: a message of a group is delivered when those before it are settled or given up,
/// or together with them. So one that is delivered later than a higher one, without a
/// redrive between, was delivered by the same operation as that one, too: an answer has
/// the first messages of a group without a gap, so who did not see the lower one did
/// not see the higher.
fn in_order(list: &[&Delivery], first: &Delivery, second: &Delivery) -> Result<(), Flaw> {
    if second.seq >= first.seq || second.redriven {
        return Ok(());
    }
    let together = list.iter().any(|one| one.seq == second.seq && one.fence == first.fence);
    holds(together, "S12", || format!("{second:?} of one group came behind {first:?}"))
}

/// S13: nothing of a group is delivered while somebody has something of it: the first
/// delivery is over by the shard's clock, or something was said of it that may have
/// ended it before the second answer came.
fn one_holder(book: &Book<'_>, first: &Delivery, second: &Delivery) -> Result<(), Flaw> {
    let touches: Vec<&Touch> = book.touches_of((first.queue, first.seq)).collect();
    let (Some(end_ms), Some(granted_ms)) = (end_of(first, &touches), second.granted_by_ms) else {
        return Ok(());
    };
    let ended = touches.iter().any(|touch| {
        let may_end = match touch.deed {
            Deed::Ack { gave } => gave.is_none_or(|gave| gave == 1),
            Deed::Nack { took, .. } => took != Some(false),
            Deed::Extend { .. } => false,
        };
        may_end && touch.attempt == first.attempt && touch.span.began < second.span.ended
    });
    holds(ended || granted_ms >= end_ms, "S13", || format!("{first:?} lasted at {second:?}"))
}
