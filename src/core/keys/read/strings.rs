//! Reading strings.

use super::{View, string};
use crate::{Db, Fault, Outcome};

impl View<'_> {
    pub(super) fn get(&self, db: Db, key: &[u8]) -> Result<Outcome, Fault> {
        let Some(item) = self.used(db, key) else { return Ok(Outcome::Nil) };
        Ok(Outcome::Bytes(string(item)?.to_vec()))
    }

    pub(super) fn mget(&self, db: Db, keys: &[&[u8]]) -> Outcome {
        // Another type is as good as nothing here.
        let one = |key: &&[u8]| self.get(db, key).unwrap_or(Outcome::Nil);
        Outcome::List(keys.iter().map(one).collect())
    }

    pub(super) fn get_range(
        &self,
        db: Db,
        key: &[u8],
        start: i64,
        end: i64,
    ) -> Result<Outcome, Fault> {
        let Some(item) = self.used(db, key) else { return Ok(Outcome::Bytes(Vec::new())) };
        let bytes = string(item)?.bytes();
        let range = range(bytes.len(), start, end);
        Ok(Outcome::Bytes(range.map_or_else(Vec::new, |range| bytes[range].to_vec())))
    }

    pub(super) fn str_len(&self, db: Db, key: &[u8]) -> Result<Outcome, Fault> {
        let len = self.used(db, key).map(string).transpose()?.map_or(0, |string| string.len());
        Ok(Outcome::Int(len as i64))
    }
}

/// Which bytes of `len` GETRANGE means, if any.
pub fn range(len: usize, start: i64, end: i64) -> Option<std::ops::RangeInclusive<usize>> {
    let len = i64::try_from(len).expect("strings are far shorter");
    if start < 0 && end < 0 && start > end {
        return None;
    }
    let place = |index: i64| if index < 0 { index.saturating_add(len).max(0) } else { index };
    let (start, end) = (place(start), place(end).min(len - 1));
    (start <= end && len > 0).then_some(start as usize..=end as usize)
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_are_those_of_redis() {
        assert_eq!(range(11, 0, 3), Some(0..=3));
        assert_eq!(range(11, 0, -1), Some(0..=10));
        assert_eq!(range(11, -4, -1), Some(7..=10));
        assert_eq!(range(11, 5, 3), None);
        assert_eq!(range(11, 5, 5000), Some(5..=10));
        assert_eq!(range(11, -5000, 10_000), Some(0..=10));
        assert_eq!(range(11, -1, -5), None);
        assert_eq!(range(3, -100, -50), Some(0..=0));
        assert_eq!(range(0, 0, -1), None);
        assert_eq!(range(5, i64::MIN, i64::MAX), Some(0..=4));
    }
}
