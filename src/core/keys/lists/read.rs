//! Reading lists.

use super::Op;
use crate::Outcome;
use crate::keys::store::Collection;

pub(in crate::keys) fn read(list: &Collection, op: &Op<'_>) -> Outcome {
    match op {
        Op::Len {} => Outcome::Int(list.len() as i64),
        Op::Index { index } => {
            let found = place(list.len(), *index).and_then(|at| list.element(at));
            found.map_or(Outcome::Nil, bytes)
        }
        Op::Range { start, end } => {
            let (from, count) = range(list.len(), *start, *end);
            Outcome::List(list.elements(from).take(count).map(bytes).collect())
        }
        Op::Pos { element, rank, count, max_len } => {
            positions(list, element, *rank, *count, *max_len)
        }
        _ => unreachable!("the caller tells reads from writes"),
    }
}

pub(super) fn bytes(bytes: &[u8]) -> Outcome {
    Outcome::Bytes(bytes.to_vec())
}

/// The position that an index means, if there is an element.
pub(super) fn place(len: usize, index: i64) -> Option<usize> {
    let len = len as i64;
    let at = if index < 0 { index.checked_add(len)? } else { index };
    (0..len).contains(&at).then_some(at as usize)
}

/// Where a range starts, and how many elements it has.
pub(super) fn range(len: usize, start: i64, end: i64) -> (usize, usize) {
    let len = len as i64;
    let from_end = |index: i64| if index < 0 { index.saturating_add(len).max(-1) } else { index };
    let (start, end) = (from_end(start).max(0), from_end(end).min(len - 1));
    if start > end { (0, 0) } else { (start as usize, (end - start + 1) as usize) }
}

fn positions(
    list: &Collection,
    element: &[u8],
    rank: i64,
    count: Option<u64>,
    max_len: u64,
) -> Outcome {
    let len = list.len();
    let looked_at = match usize::try_from(max_len) {
        Ok(0) | Err(_) => len,
        Ok(max_len) => max_len,
    };
    let wanted = match count {
        None => 1,
        Some(0) => usize::MAX,
        Some(count) => usize::try_from(count).unwrap_or(usize::MAX),
    };
    let before = usize::try_from(rank.unsigned_abs().saturating_sub(1)).unwrap_or(usize::MAX);
    let number = |at: usize| Outcome::Int(at as i64);
    let is_it = |(_, found): &(usize, &[u8])| *found == element;
    let found: Vec<Outcome> = if rank < 0 {
        let back = list.elements_back().enumerate().take(looked_at).filter(is_it);
        back.skip(before).take(wanted).map(|(at, _)| number(len - 1 - at)).collect()
    } else {
        let forth = list.elements(0).enumerate().take(looked_at).filter(is_it);
        forth.skip(before).take(wanted).map(|(at, _)| number(at)).collect()
    };
    match count {
        Some(_) => Outcome::List(found),
        None => found.into_iter().next().unwrap_or(Outcome::Nil),
    }
}
