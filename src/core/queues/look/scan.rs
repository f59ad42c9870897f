//! QSCAN: the names of queues.

use super::super::COUNT_MAX;
use super::super::table::{Parts, Table};
use super::int;
use crate::Outcome;
use crate::glob;
use crate::image::Named;

/// The most queues that one step looks at, apart from the last bucket.
const LOOKED_AT: u64 = COUNT_MAX;

impl Table {
    pub(super) fn scan(
        &self,
        cursor: u64,
        count: u64,
        pattern: Option<&[u8]>,
        length_min: Option<u64>,
        dead: bool,
    ) -> Outcome {
        let mut names = Vec::new();
        let mut looked_at = 0;
        let mut bucket = usize::try_from(cursor).unwrap_or(usize::MAX);
        while bucket < Named::<Parts>::BUCKETS && looked_at < count.clamp(1, LOOKED_AT) {
            for (name, parts) in self.names.bucket(bucket) {
                looked_at += 1;
                let fits = pattern.is_none_or(|pattern| glob::matches(pattern, name));
                if fits && self.is_meant(parts, length_min, dead) {
                    names.push(Outcome::Bytes(name.to_vec()));
                }
            }
            bucket += 1;
        }
        let next = if bucket < Named::<Parts>::BUCKETS { bucket as u64 } else { 0 };
        Outcome::List(vec![int(next), Outcome::List(names)])
    }

    /// Whether a queue is one of those that are asked for. It is at home here if its
    /// partition 0 is.
    fn is_meant(&self, parts: &Parts, length_min: Option<u64>, dead: bool) -> bool {
        let at_home = parts.number_of(0).is_some();
        at_home
            && parts.numbers().any(|number| {
                let (Some(queue), Some(side)) = (self.queues.get(number), self.sides.get(&number))
                else {
                    return false;
                };
                let long = length_min.is_none_or(|min| side.shape.ready() as u64 >= min);
                queue.made && long && (!dead || !side.shape.dead.is_empty())
            })
    }
}
