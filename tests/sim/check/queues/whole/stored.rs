//! What was pushed, and under which number it is there (S1, S10, S12, S14).

use std::collections::BTreeMap;

use super::{Book, Came, Flaw, Id, Push, holds};

pub(super) fn check(book: &Book<'_>) -> Result<(), Flaw> {
    nothing_is_invented(book)?;
    copies_are_one(book)?;
    numbers_follow_the_pushes(book)?;
    batches_are_in_a_row(book)
}

/// S1: what is delivered was pushed there, or to a queue whose messages may go there,
/// and not after it came. A push that was refused is not in the history.
fn nothing_is_invented(book: &Book<'_>) -> Result<(), Flaw> {
    for delivery in &book.history.deliveries {
        let pushes = book.pushes.get(&delivery.message).into_iter().flatten();
        let there = |push: &&&Push| {
            let goes_there = book.rule(push.queue).feeds == Some(delivery.queue);
            push.queue == delivery.queue || goes_there
        };
        let known = pushes.filter(there).any(|push| !delivery.span.precedes(&push.span));
        holds(known, "S1", || format!("nobody pushed {delivery:?}"))?;
    }
    Ok(())
}

/// S10: all pushes of one body, which are copies of one message, gave one number; it is
/// new at most once, and it is delivered in the queue under that number and no other.
/// The window for copies is longer than the run.
fn copies_are_one(book: &Book<'_>) -> Result<(), Flaw> {
    let mut numbers: BTreeMap<(u32, u64), u64> = BTreeMap::new();
    for (message, pushes) in &book.pushes {
        let new = pushes.iter().filter(|push| matches!(push.came, Came::New(_))).count();
        let seqs = pushes.iter().filter_map(|push| push.came.seq());
        let all_same = seqs.clone().min() == seqs.clone().max();
        // A copy of nothing: somebody has to have pushed it.
        let unknown = pushes.iter().any(|push| push.came == Came::Unknown);
        let has_first = new == 1 || unknown || seqs.clone().next().is_none();
        holds(new <= 1 && all_same && has_first, "S10", || format!("{pushes:?}"))?;
        if let (Some(seq), Some(push)) = (seqs.min(), pushes.first()) {
            numbers.insert((push.queue, *message), seq);
        }
    }
    for delivery in &book.history.deliveries {
        let number = numbers.entry((delivery.queue, delivery.message)).or_insert(delivery.seq);
        holds(*number == delivery.seq, "S10", || {
            format!("the same as number {number}: {delivery:?}")
        })?;
    }
    Ok(())
}

/// S12: what was pushed after the answer to another push has a higher number. From the
/// highest number down: which of them was asked for first.
fn numbers_follow_the_pushes(book: &Book<'_>) -> Result<(), Flaw> {
    let mut lines: BTreeMap<u32, Vec<(u64, &Push)>> = BTreeMap::new();
    for push in &book.history.pushes {
        if let Came::New(seq) = push.came {
            lines.entry(push.queue).or_default().push((seq, push));
        }
    }
    for line in lines.values_mut() {
        line.sort_by_key(|(seq, _)| *seq);
        let mut first_end: Option<&Push> = None;
        for (_, push) in line.iter().rev() {
            if let Some(higher) = first_end {
                let right = !higher.span.precedes(&push.span);
                holds(right, "S12", || format!("{higher:?} has a higher number than {push:?}"))?;
            }
            if first_end.is_none_or(|first| push.span.ended < first.span.ended) {
                first_end = Some(push);
            }
        }
    }
    Ok(())
}

/// S14: the messages of a batch stand side by side.
fn batches_are_in_a_row(book: &Book<'_>) -> Result<(), Flaw> {
    let mut batches: BTreeMap<(u64, u32), Vec<Id>> = BTreeMap::new();
    for push in book.history.pushes.iter().filter(|push| push.batch > 0) {
        if let Came::New(seq) = push.came {
            batches.entry((push.batch, push.queue)).or_default().push((push.queue, seq));
        }
    }
    for seqs in batches.values() {
        let in_a_row = seqs.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1);
        holds(in_a_row, "S14", || format!("between {seqs:?} stands something else"))?;
    }
    Ok(())
}
