//! The same request once more (S11).

use std::collections::BTreeMap;

use super::{Book, Call, Deed, Flaw, Touch, holds};

/// Two answers to a request of one name have the same receipts if all of the first
/// lasted, by the shard's clock, when the second was given: that was its end less the
/// lease, because the ends are refreshed. An answer between them that nobody saw only
/// refreshes them as well. An answer without anything has no time of the shard's: it
/// came while the first surely lasted by the clients' clock, or says nothing. Of
/// receipts that were used in between nothing is known.
pub(super) fn check(book: &Book<'_>) -> Result<(), Flaw> {
    let mut requests: BTreeMap<(u32, u64), Vec<&Call>> = BTreeMap::new();
    for call in &book.history.calls {
        requests.entry((call.queue, call.name)).or_default().push(call);
    }
    for calls in requests.values_mut() {
        calls.sort_by_key(|call| call.span.began);
        for pair in calls.windows(2) {
            let (first, second) = (pair[0], pair[1]);
            if first.got.is_empty() || used(book, first, second) {
                continue;
            }
            let lasted = match second.got.first() {
                Some((_, _, until_ms)) => {
                    let given_ms = until_ms - second.lease_ms;
                    first.got.iter().all(|(_, _, end_ms)| *end_ms > given_ms)
                }
                None => second.span.ended < first.sure_until,
            };
            let same = receipts(first) == receipts(second);
            holds(!lasted || same, "S11", || format!("{first:?} and then {second:?}"))?;
        }
    }
    Ok(())
}

fn receipts(call: &Call) -> Vec<(u64, u32)> {
    let mut list: Vec<_> = call.got.iter().map(|(seq, attempt, _)| (*seq, *attempt)).collect();
    list.sort_unstable();
    list
}

fn used(book: &Book<'_>, first: &Call, second: &Call) -> bool {
    let ends = |touch: &Touch| {
        !matches!(touch.deed, Deed::Extend { .. }) && touch.span.began < second.span.ended
    };
    let touched = |(seq, attempt, _): &(u64, u32, u64)| {
        let mut touches = book.touches_of((first.queue, *seq));
        touches.any(|touch| touch.attempt == *attempt && ends(touch))
    };
    // An extension may have made it shorter.
    let shortened = |(seq, attempt, _): &(u64, u32, u64)| {
        let mut touches = book.touches_of((first.queue, *seq));
        touches.any(|touch| {
            let extension = matches!(touch.deed, Deed::Extend { lease_ms, .. }
                if lease_ms < first.lease_ms);
            touch.attempt == *attempt && extension
        })
    };
    book.was_purged(first.queue) || first.got.iter().any(|one| touched(one) || shortened(one))
}
