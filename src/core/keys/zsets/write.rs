//! Writing sorted sets.

use super::read::pair;
use super::{Op, Span, span};
use crate::keys::Event;
use crate::keys::store::{Collection, Hasher, Scored, Value};
use crate::keys::write::Writer;
use crate::{Db, Fault, Outcome};

pub(in crate::keys) fn write(
    writer: &mut Writer<'_>,
    db: Db,
    key: &[u8],
    op: &Op<'_>,
) -> Result<Outcome, Fault> {
    edit(writer, db, key, event(op), |set, hasher| match op {
        Op::Add { pairs, absent, present, greater, less, changed, incr } => {
            let rules =
                Rules { absent: *absent, present: *present, greater: *greater, less: *less };
            match (&pairs[..], incr) {
                ([(by, member)], true) => rules.incr(set, hasher, member, *by),
                // No client can ask for it; whatever is decoded must be safe to apply.
                _ if pairs.iter().any(|(score, _)| score.is_nan()) => Err(Fault::NotFinite),
                _ => Ok(rules.add(set, hasher, pairs, *changed)),
            }
        }
        Op::Remove { members } => {
            let there = members.iter().filter(|member| set.remove_scored(hasher, member)).count();
            Ok((Outcome::Int(there as i64), there > 0))
        }
        Op::RemoveSpan { span } => Ok(remove_span(set, hasher, *span)),
        Op::Pop { max, count: None } => {
            let (popped, changed) = pop(set, hasher, *max, 1);
            let one = popped.into_iter().next().unwrap_or(Outcome::List(Vec::new()));
            Ok((one, changed))
        }
        Op::Pop { max, count: Some(count) } => {
            let (popped, changed) = pop(set, hasher, *max, *count);
            Ok((Outcome::List(popped), changed))
        }
        _ => unreachable!("the caller tells writes from reads"),
    })
}

fn event(op: &Op<'_>) -> Option<Event> {
    match op {
        Op::Add { incr: false, .. } => Some(Event::ZAdd {}),
        Op::Add { incr: true, .. } => Some(Event::ZIncr {}),
        Op::Remove { .. } => Some(Event::ZRem {}),
        Op::RemoveSpan { span: Span::Ranks { .. } } => Some(Event::ZRemRangeByRank {}),
        Op::RemoveSpan { span: Span::Scores { .. } } => Some(Event::ZRemRangeByScore {}),
        Op::RemoveSpan { span: Span::Members { .. } } => Some(Event::ZRemRangeByLex {}),
        Op::Pop { max, .. } => Some(popped(*max)),
        _ => None,
    }
}

fn popped(max: bool) -> Event {
    if max { Event::ZPopMax {} } else { Event::ZPopMin {} }
}

/// ZMPOP: from the first of some sorted sets that is there.
pub(in crate::keys) fn pop_first(
    writer: &mut Writer<'_>,
    db: Db,
    keys: &[&[u8]],
    max: bool,
    count: u64,
) -> Result<Outcome, Fault> {
    for key in keys {
        let event = Some(popped(max));
        let popped = edit(writer, db, key, event, |set, hasher| Ok(pop(set, hasher, max, count)))?;
        if !popped.is_empty() {
            return Ok(Outcome::List(vec![Outcome::Bytes(key.to_vec()), Outcome::List(popped)]));
        }
    }
    Ok(Outcome::Nil)
}

/// ZRANGESTORE. How many members there are.
pub(in crate::keys) fn store_range(
    writer: &mut Writer<'_>,
    db: Db,
    [to, from]: [&[u8]; 2],
    span: Span<'_>,
    reverse: bool,
    [offset, limit]: [i64; 2],
) -> Result<Outcome, Fault> {
    let hasher = writer.space.hasher;
    let found = writer.found(db, &[from], Value::sorted)?;
    let mut result = Collection::default();
    if let Some(Some(set)) = found.first() {
        for scored in span::members(set, span, reverse, offset, limit) {
            result.set_score(hasher, scored);
        }
    }
    let count = result.len();
    writer.replace_collection(db, to, Value::Sorted(result), Event::ZRangeStore {});
    Ok(Outcome::Int(count as i64))
}

/// `work` gives its result and whether it changed anything.
fn edit<T>(
    writer: &mut Writer<'_>,
    db: Db,
    key: &[u8],
    event: Option<Event>,
    work: impl FnOnce(&mut Collection, Hasher) -> Result<(T, bool), Fault>,
) -> Result<T, Fault> {
    writer.edit(
        db,
        key,
        || Value::Sorted(Collection::default()),
        event,
        |value, hasher| {
            let Value::Sorted(set) = value else { return Err(Fault::WrongType) };
            work(set, hasher)
        },
    )
}

/// Which members of ZADD are left as they are.
struct Rules {
    absent: bool,
    present: bool,
    greater: bool,
    less: bool,
}

impl Rules {
    fn allow(&self, old: Option<f64>, new: f64) -> bool {
        match old {
            None => !self.present,
            Some(old) => {
                !(self.absent || (self.greater && new <= old) || (self.less && new >= old))
            }
        }
    }

    fn add(
        &self,
        set: &mut Collection,
        hasher: Hasher,
        pairs: &[(f64, &[u8])],
        count_changed: bool,
    ) -> (Outcome, bool) {
        let (mut new, mut changed) = (0, 0);
        for (score, member) in pairs {
            let old = set.score(hasher, member);
            if !self.allow(old, *score) || old == Some(*score) {
                continue;
            }
            set.replace_score(hasher, Scored { member, score: *score }, old);
            new += i64::from(old.is_none());
            changed += i64::from(old.is_some());
        }
        let counted = if count_changed { new + changed } else { new };
        (Outcome::Int(counted), new + changed > 0)
    }

    fn incr(
        &self,
        set: &mut Collection,
        hasher: Hasher,
        member: &[u8],
        by: f64,
    ) -> Result<(Outcome, bool), Fault> {
        let old = set.score(hasher, member);
        // Whether it may be there at all comes before what the sum is.
        if (old.is_some() && self.absent) || (old.is_none() && self.present) {
            return Ok((Outcome::Nil, false));
        }
        let score = old.map_or(by, |old| old + by);
        if score.is_nan() {
            return Err(Fault::NotFinite);
        }
        if !self.allow(old, score) {
            return Ok((Outcome::Nil, false));
        }
        let changed = old != Some(score);
        if changed {
            set.replace_score(hasher, Scored { member, score }, old);
        }
        Ok((Outcome::Float(score), changed))
    }
}

fn remove_span(set: &mut Collection, hasher: Hasher, span: Span<'_>) -> (Outcome, bool) {
    let ranks = span::ranks(set, span, false);
    set.remove_ranks(hasher, ranks.start, ranks.len());
    (Outcome::Int(ranks.len() as i64), !ranks.is_empty())
}

fn pop(set: &mut Collection, hasher: Hasher, max: bool, count: u64) -> (Vec<Outcome>, bool) {
    let len = set.len();
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(len);
    let found = if max { set.ranks_back(len, count) } else { set.ranks(0, count) };
    let popped = found.into_iter().map(pair).collect();
    set.remove_ranks(hasher, if max { len - count } else { 0 }, count);
    (popped, count > 0)
}
