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
        Span::Members { min, max } => match set.few_members() {
            Some(members) => by_member(&members, (min, max), reverse),
            None => {
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
        },
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

/// The members of a small set between two, looked for as Redis does there: from the first,
/// or in reverse from the last, that is within. That also says what is found where not all
/// scores are equal, so that members are in no order.
fn by_member(
    members: &[&[u8]],
    (min, max): (LexBound<'_>, LexBound<'_>),
    reverse: bool,
) -> Range<usize> {
    let above = |member: &&[u8]| match min {
        LexBound::First {} => true,
        LexBound::Last {} => false,
        LexBound::With { member: least } => *member >= least,
        LexBound::Without { member: least } => *member > least,
    };
    let below = |member: &&[u8]| match max {
        LexBound::First {} => false,
        LexBound::Last {} => true,
        LexBound::With { member: most } => *member <= most,
        LexBound::Without { member: most } => *member < most,
    };
    if !members.first().is_some_and(below) || !members.last().is_some_and(above) || none(min, max) {
        return 0..0;
    }
    if reverse {
        let end = members.iter().rposition(below).map_or(0, |at| at + 1);
        end - members[..end].iter().rev().take_while(|member| above(member)).count()..end
    } else {
        let start = members.iter().position(above).unwrap_or(members.len());
        start..start + members[start..].iter().take_while(|member| below(member)).count()
    }
}

/// Whether nothing can be between two bounds.
fn none(min: LexBound<'_>, max: LexBound<'_>) -> bool {
    let inside = |bound| match bound {
        LexBound::With { member } => Some((member, true)),
        LexBound::Without { member } => Some((member, false)),
        LexBound::First {} | LexBound::Last {} => None,
    };
    match (inside(min), inside(max)) {
        (Some((least, with)), Some((most, with_most))) => {
            least > most || least == most && !(with && with_most)
        }
        _ => false,
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
