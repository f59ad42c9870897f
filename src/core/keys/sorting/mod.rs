//! SORT: the elements of a list, a set or a sorted set in another order, or what other keys
//! hold that have their names from them. Source: SORT in the Redis documentation.

mod op;
mod pattern;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::cmp::Ordering;

use super::store::{Hasher, Value};
use crate::{Fault, float};

pub use op::Terms;
use pattern::Pattern;

/// Where the values of keys are looked up.
pub(in crate::keys) struct Source<'a, F> {
    pub hasher: Hasher,
    /// Fields that end by then are not there.
    pub now_ms: u64,
    /// What a key holds.
    pub look: F,
    /// Whether the result is stored: then the elements of a set are always in an order.
    pub stored: bool,
    pub value: Option<&'a Value>,
}

/// What is shown for an element: bytes, or nothing is there.
type Shown<'a> = Option<Cow<'a, [u8]>>;

impl<'a, F: Fn(&[u8]) -> Option<&'a Value>> Source<'a, F> {
    /// The elements in their order, or for each what `get` asks for.
    pub fn sorted(&self, terms: &Terms<'_>, get: &[&[u8]]) -> Result<Vec<Shown<'a>>, Fault> {
        let Terms::Are { offset, limit, .. } = *terms;
        let mut elements = self.elements()?;
        self.arrange(&mut elements, terms)?;
        let from = usize::try_from(offset).unwrap_or(0).min(elements.len());
        let count = usize::try_from(limit).unwrap_or(usize::MAX);
        let wanted = elements.into_iter().skip(from).take(count);
        if get.is_empty() {
            return Ok(wanted.map(|element| Some(Cow::Borrowed(element))).collect());
        }
        let patterns: Vec<Pattern<'_>> = get.iter().map(|word| Pattern::of(word)).collect();
        let each = |element| patterns.iter().map(move |pattern| self.find(pattern, element));
        Ok(wanted.flat_map(each).collect())
    }

    fn elements(&self) -> Result<Vec<&'a [u8]>, Fault> {
        Ok(match self.value {
            None => Vec::new(),
            Some(Value::List(list)) => list.elements(0).collect(),
            Some(Value::Set(set) | Value::Integers(set)) => set.rows().map(|row| row.key).collect(),
            Some(Value::Sorted(set)) => {
                set.ranks(0, usize::MAX).into_iter().map(|one| one.member).collect()
            }
            Some(_) => return Err(Fault::WrongType),
        })
    }

    fn arrange(&self, elements: &mut Vec<&'a [u8]>, terms: &Terms<'_>) -> Result<(), Fault> {
        let Terms::Are { by, alpha, reverse, .. } = *terms;
        let is_set = matches!(self.value, Some(Value::Set(_) | Value::Integers(_)));
        match by.map(Pattern::of) {
            Some(Pattern::Constant) if is_set && self.stored => {
                order(elements, reverse, |one, two| one.cmp(two));
            }
            Some(Pattern::Constant) => {
                if reverse && !is_set {
                    elements.reverse();
                }
            }
            by if alpha => {
                let weighted = self.weighted(elements, by.as_ref());
                *elements = by_weight(weighted, reverse, |one: &Shown<'_>, two| one.cmp(two));
            }
            by => {
                let number = |(weight, element): (Shown<'_>, _)| {
                    let number = weight.map_or(Some(0.0), |weight| number(&weight));
                    number.map(|number| (number, element))
                };
                let weighted = self.weighted(elements, by.as_ref()).into_iter().map(number);
                let weighted: Option<Vec<(f64, &[u8])>> = weighted.collect();
                let mut weighted = weighted.ok_or(Fault::NotNumbers)?;
                // Equal numbers in the order of the elements.
                order(&mut weighted, reverse, |(one, first), (two, second)| {
                    one.partial_cmp(two).unwrap_or(Ordering::Equal).then_with(|| first.cmp(second))
                });
                *elements = weighted.into_iter().map(|(_, element)| element).collect();
            }
        }
        Ok(())
    }

    /// Each element behind what it is sorted by.
    fn weighted(
        &self,
        elements: &[&'a [u8]],
        by: Option<&Pattern<'_>>,
    ) -> Vec<(Shown<'a>, &'a [u8])> {
        let weight = |element: &'a [u8]| match by {
            Some(pattern) => self.find(pattern, element),
            None => Some(Cow::Borrowed(element)),
        };
        elements.iter().map(|element| (weight(element), *element)).collect()
    }

    /// What a pattern stands for with an element.
    fn find(&self, pattern: &Pattern<'_>, element: &'a [u8]) -> Shown<'a> {
        match pattern {
            Pattern::Element => Some(Cow::Borrowed(element)),
            Pattern::Constant => None,
            Pattern::Key(parts) => Some((self.look)(&parts.key(element))?.string().ok()?.bytes()),
            Pattern::Field(parts, field) => {
                let hash = (self.look)(&parts.key(element))?;
                hash.field(self.hasher, field, self.now_ms).ok()?.map(Cow::Borrowed)
            }
        }
    }
}

fn order<T>(items: &mut [T], reverse: bool, compare: impl Fn(&T, &T) -> Ordering) {
    if reverse {
        items.sort_by(|one, two| compare(two, one));
    } else {
        items.sort_by(compare);
    }
}

fn by_weight<W>(
    mut weighted: Vec<(W, &[u8])>,
    reverse: bool,
    compare: impl Fn(&W, &W) -> Ordering,
) -> Vec<&[u8]> {
    order(&mut weighted, reverse, |(one, _), (two, _)| compare(one, two));
    weighted.into_iter().map(|(_, element)| element).collect()
}

/// A weight, up to its first zero byte, as C reads it; nothing is 0.
fn number(text: &[u8]) -> Option<f64> {
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    if text.is_empty() { Some(0.0) } else { float::score(text.trim_ascii_start()) }
}
