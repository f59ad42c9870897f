//! Which ranks a span is.

use std::ops::Range;

use super::{LexBound, ScoreBound, Span};
use crate::keys::store::{Collection, Scored};

/// The ranks of a span, from the least score on.
pub(super) fn ranks(set: &Collection, span: Span<'_>, reverse: bool) -> Range<usize> {
    let ranks = match span {
        Span::Ranks { start, end } => by_rank(set.len(), start, end, reverse),
        Span::Scores { min, max } => {
            let from = match min {
                ScoreBound::With { score } => set.below_score(score, false),
                ScoreBound::Without { score } => set.below_score(score, true),
            };
            let to = match max {
                ScoreBound::With { score } => set.below_score(score, true),
                ScoreBound::Without { score } => set.below_score(score, false),
            };
            from..to
        }
        Span::Members { min, max } => {
            let from = match min {
                LexBound::First {} => 0,
                LexBound::Last {} => set.len(),
                LexBound::With { member } => set.below_member(member, false),
                LexBound::Without { member } => set.below_member(member, true),
            };
            let to = match max {
                LexBound::First {} => 0,
                LexBound::Last {} => set.len(),
                LexBound::With { member } => set.below_member(member, true),
                LexBound::Without { member } => set.below_member(member, false),
            };
            from..to
        }
    };
    ranks.start..ranks.end.max(ranks.start)
}

/// The members of a span in their order or in reverse, without the first `offset` and
/// not more than `limit`.
pub(in crate::keys) fn members<'a>(
    set: &'a Collection,
    span: Span<'_>,
    reverse: bool,
    offset: i64,
    limit: i64,
) -> Vec<Scored<'a>> {
    let ranks = ranks(set, span, reverse);
    let Ok(offset) = usize::try_from(offset) else { return Vec::new() };
    let left = ranks.len().saturating_sub(offset);
    let count = usize::try_from(limit).unwrap_or(usize::MAX).min(left);
    match reverse {
        _ if count == 0 => Vec::new(),
        true => set.ranks_back(ranks.end - offset, count),
        false => set.ranks(ranks.start + offset, count),
    }
}

fn by_rank(len: usize, start: i64, end: i64, reverse: bool) -> Range<usize> {
    let len = len as i64;
    let from_end = |index: i64| if index < 0 { index.saturating_add(len).max(-1) } else { index };
    let (start, end) = (from_end(start).max(0), from_end(end).min(len - 1));
    if start > end {
        return 0..0;
    }
    let (from, to) = if reverse { (len - 1 - end, len - start) } else { (start, end + 1) };
    from as usize..to as usize
}
